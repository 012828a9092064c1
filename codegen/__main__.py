"""`python -m codegen`: writes, checks or bundles. See README.md here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.bundle import write_bundle
from codegen.description import Description, DescriptionError
from codegen.files import differences, write
from codegen.generate import generate

_PROJECT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and answer its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except DescriptionError as error:
        print(error, file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.command == "bundle":
        write_bundle(Description(options.description), options.out)
        return 0
    files = generate(options.description, options.target)
    if not options.check:
        for line in write(files, options.target):
            print(line)
        return 0
    found = differences(files, options.target)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codegen", description="Generates code and reference from openapi/."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is not as generated")
    parser.add_argument("--description", type=Path, default=_PROJECT / "openapi", metavar="FOLDER")
    parser.add_argument("--target", type=Path, default=_PROJECT, metavar="FOLDER", help="where the package lies")
    bundling = parser.add_subparsers(dest="command").add_parser("bundle", help="write the description as one file")
    bundling.add_argument("out", type=Path, metavar="OUT.json|yaml")
    return parser


if __name__ == "__main__":
    sys.exit(main())
