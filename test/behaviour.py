"""What this package does where servers, networks and callers misbehave, beside the official one.

    python test/behaviour.py [--official PYTHON] [WORD ...]

`tox -e behaviour` runs it. `test/probes/` holds what is tried, on loopback. PYTHON is an interpreter that has the
official package; without one it is installed into an environment of its own. With WORDs only the probes whose section
or point has one of them are run. Prints one block per probe; the exit status is 1 if this package does not do what
is right in one of them. Needs a system with `fork`.
"""

# ruff: noqa: T201 (a script, for people who look at what it prints)

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = "voucherify==6.1.1"
SECONDS = 15
"""For one probe; those that behave end after three."""


def main(arguments: list[str]) -> int:
    """Try everything on both packages and answer the exit status."""
    parser = argparse.ArgumentParser(description="this package beside the official one")
    parser.add_argument("--official", metavar="PYTHON", help="an interpreter that has the official package")
    parser.add_argument("words", metavar="WORD", nargs="*", help="run only probes that have one of these words")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        python = options.official or installed(Path(folder) / "environment")
        certify(Path(folder))
        found = side_by_side(python, Path(folder), options.words)
    for probe in found:
        show(probe)
    wrong = [probe for probe in found if probe["ours"] != probe["right"]]
    official = sum(probe["official"] == probe["right"] for probe in found)
    print(f"{len(found)} probes: this package is right in {len(found) - len(wrong)}, the official one in {official}")
    return 0 if found and not wrong else 1


def installed(folder: Path) -> str:
    """An interpreter of its own for the official package."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", PUBLISHED], check=True)
    return python


def certify(folder: Path) -> None:
    """Write an authority, and a certificate for localhost: the official package's environment cannot make them."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")


def side_by_side(python: str, folder: Path, words: list[str]) -> list[dict[str, Any]]:
    """Each probe with its outcome for both packages, which are tried at the same time."""

    def collected(name: str, interpreter: str, path: str) -> list[dict[str, Any]]:
        work = folder / name
        work.mkdir()
        for file in ("ca.pem", "server.pem"):
            (work / file).symlink_to(folder / file)
        return list(outcomes_of(interpreter, path, work, words))

    with ThreadPoolExecutor() as threads:
        ours = threads.submit(collected, "ours", sys.executable, str(ROOT))
        official = threads.submit(collected, "official", python, "")
    pairs = zip(ours.result(), official.result(), strict=True)
    return [{**one, "ours": one["outcome"], "official": other["outcome"]} for one, other in pairs]


def outcomes_of(python: str, path: str, folder: Path, words: list[str]) -> Iterator[dict[str, Any]]:
    """What the probes say about the package that `python` imports, with `path` before its own packages."""
    kept = {name: value for name, value in os.environ.items() if not ignored(name)}
    environment = {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT / "test")]))}
    command = [python, "-W", "ignore", "-m", "probes", str(SECONDS), str(folder), *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        package = Path(json.loads(process.stdout.readline())["package"])
        assert (package.parent == ROOT) == bool(path), f"tried the package in {package}"
        yield from map(json.loads, process.stdout)
    assert process.returncode == 0


def ignored(name: str) -> bool:
    """Whether a variable of the environment may change what is tried."""
    return name.startswith(("VOUCHERIFY_", "PYTHON")) or name.lower().endswith("_proxy")


def show(probe: dict[str, Any]) -> None:
    """Print the outcomes of a probe."""
    right = probe["right"]
    print(f"{probe['section']}: {probe['point']}")
    print(f"    official: {probe['official']}{'' if probe['official'] == right else ' (not right)'}")
    print(f"    ours:     {probe['ours']}{'' if probe['ours'] == right else f' (NOT RIGHT, should be: {right})'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
