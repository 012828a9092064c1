"""`python -m benchmarks`: measure all in one run, print the table, keep it, and fail where a target is missed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import environments, report, rounds
from benchmarks.comparison import compare

RESULTS = Path(__file__).resolve().parent / "results.md"
SHOWN_VERSIONS = ("pydantic", "pydantic_core", "urllib3")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare speed and memory.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds; prints the table without writing it")
    parser.add_argument("--no-fail", action="store_true", help="exit with 0 even if a target is missed")
    parser.add_argument("--output", type=Path, help="file to write the table to (default: benchmarks/results.md)")
    parser.add_argument("--fresh", action="store_true", help="make the virtual environments anew")
    parser.add_argument(
        "--environments",
        type=Path,
        default=environments.ROOT / ".venv-benchmarks",
        help="folder for the virtual environments (default: .venv-benchmarks)",
    )
    return parser.parse_args()


def main() -> int:
    """Run everything and return the exit status."""
    options = arguments()
    number, turns = (3, 60) if options.quick else (9, 60)
    sys.stderr.write("preparing environments\n")
    interpreters = environments.prepare(options.environments, options.fresh)
    sizes = {("files", *what): {(1, 0): float(size)} for what, size in environments.sizes(interpreters).items()}
    results = list(compare({**rounds.run(interpreters, number, turns), **sizes}))

    installed = environments.versions(interpreters["ours"])
    shown = {name: installed[name] for name in SHOWN_VERSIONS if name in installed}
    page = report.markdown(results, shown | {"official package": environments.OFFICIAL_VERSION}, number)
    sys.stdout.write("\n".join(report.table(results)) + "\n")
    output = options.output or (None if options.quick else RESULTS)
    if output:
        output.write_text(page, encoding="utf-8")

    missed = [result for result in results if not result.met]
    for result in missed:
        sys.stderr.write(f"missed: {result.row.title}: {result.value:.3f}, allowed {result.row.target}\n")
    return 1 if missed and not options.no_fail else 0


if __name__ == "__main__":
    sys.exit(main())
