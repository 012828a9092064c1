"""What is shipped: the package, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import voucherify

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from a copy so that nothing is left in the tree."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = target.iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_it_holds_the_package_and_nothing_else(wheel):
    metadata = f"voucherify-{voucherify.__version__}.dist-info/"
    found = {name for name in wheel.namelist() if not name.startswith(metadata)}
    package = ROOT / "voucherify"
    expected = {str(path.relative_to(ROOT)) for pattern in ("*.py", "*.pyi") for path in package.rglob(pattern)}
    assert found == expected | {"voucherify/py.typed"}


def test_metadata(wheel):
    name = f"voucherify-{voucherify.__version__}.dist-info/METADATA"
    metadata = message_from_string(wheel.read(name).decode())
    assert metadata["Requires-Python"] == ">=3.10"
    required = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert sorted(line.split(">")[0].split("<")[0] for line in required) == ["pydantic", "typing-extensions", "urllib3"]
    assert metadata["License-Expression"] == "MIT"
