"""Virtual environments for the contestants, with the same versions of everything that they share."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from subprocess import PIPE

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL_VERSION = "6.1.1"
NOT_INSTALLED = (".*", "__pycache__", "*.egg-info", "build", "dist")
"""Left out of the copy that is installed: virtual environments and the traces of earlier builds."""


def prepare(folder: Path, fresh: bool) -> dict[str, Path]:
    """Return the interpreters of the environments `ours` and `official`.

    They are made in `folder` for the running interpreter, and kept for the next time unless `fresh` asks for new ones.
    This package is installed anew each time, as its users get it and not in place; only then is an import comparable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    folder = folder / str(sys.implementation.cache_tag)
    ours, official = (_environment(folder / name, fresh) for name in ("ours", "official"))
    _pip(ours, "install", "--force-reinstall", str(_build_this_package(ours, _wheels(ours))))
    _pip(official, "install", f"voucherify=={OFFICIAL_VERSION}", *_installed_beside_the_package(ours))
    return {"ours": ours, "official": official}


def versions(python: Path) -> dict[str, str]:
    """Version of each package that is installed in an environment, by name."""
    lines = _pip(python, "list", "--format=freeze").splitlines()
    return dict(line.split("==", 1) for line in lines if "==" in line)


def sizes(interpreters: dict[str, Path]) -> dict[tuple[str, str], int]:
    """Bytes, by environment and what was measured: our `wheel`, and each package as `installed` on the disk."""
    (wheel,) = _wheels(interpreters["ours"]).iterdir()
    installed = {(name, "installed"): _space(_package(python)) for name, python in interpreters.items()}
    return {("ours", "wheel"): wheel.stat().st_size, **installed}


def _package(python: Path) -> Path:
    """Return the folder of `voucherify` in an environment."""
    find = "import importlib.util; print(importlib.util.find_spec('voucherify').submodule_search_locations[0])"
    return Path(subprocess.run([str(python), "-I", "-c", find], check=True, stdout=PIPE, text=True).stdout.strip())


def _space(folder: Path) -> int:
    """Bytes that the files in `folder` take on the disk, whole blocks, with the bytecode that pip writes."""
    return sum(path.stat().st_blocks * 512 for path in [folder, *folder.rglob("*")])


def _environment(folder: Path, fresh: bool) -> Path:
    python = folder / "bin" / "python"
    if fresh or not python.exists():
        venv.create(folder, clear=True, with_pip=True, symlinks=True)
    return python


def _wheels(python: Path) -> Path:
    """Return the folder for the wheel that is installed in an environment."""
    return python.parent.parent / "wheels"


def _build_this_package(python: Path, target: Path) -> Path:
    """Build a wheel of a copy of the working tree, because building in the tree leaves files there."""
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "voucherify"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_INSTALLED))
        _pip(python, "wheel", "--no-deps", "--wheel-dir", str(target), str(copy))
    (wheel,) = target.iterdir()
    return wheel


def _installed_beside_the_package(python: Path) -> list[str]:
    """Pins of our dependencies, for the other environment."""
    tools = {"voucherify", "pip", "setuptools", "wheel"}
    return [f"{name}=={version}" for name, version in versions(python).items() if name not in tools]


def _pip(python: Path, *arguments: str) -> str:
    """Run pip and return what it printed; what it has to say about a failure goes to standard error."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=PIPE, text=True).stdout
