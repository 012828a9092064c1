"""Speed and memory of the package, beside the official package and beside urllib3 on its own."""
