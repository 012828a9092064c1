"""Runs `test_fuzzing.py` for ten minutes: round after round, each with a seed, and so with examples, of its own.

`python test/fuzz.py`; further arguments go to pytest. Fails with the first round that does.
"""

# ruff: noqa: T201 (a script, for people who look at what it prints)
from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from time import monotonic

SECONDS = 600
TESTS = Path(__file__).with_name("test_fuzzing.py")


def main(arguments: list[str]) -> int:
    end = monotonic() + SECONDS
    longest = 0.0
    while monotonic() + longest < end:
        begun = monotonic()
        seed = random.randrange(2**32)
        print(f"\nseed {seed}, {end - begun:.0f} s to go", flush=True)
        options = ["--hypothesis-profile=fuzz", f"--hypothesis-seed={seed}", *arguments]
        code = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", TESTS, *options], check=False)
        if code.returncode:
            return code.returncode
        longest = max(longest, monotonic() - begun)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
