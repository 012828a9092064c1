"""The package as it is generated from the small description of the tests' own."""

from __future__ import annotations

import shutil
from pathlib import Path

from codegen.__main__ import main

ROOT = Path(__file__).parent.parent
DESCRIPTION = Path(__file__).parent / "codegen_description"


def package_in(folder):
    """Fill `folder` with a copy of the hand-written package and what is generated from the small description."""
    (folder / "voucherify").mkdir()
    for file in (ROOT / "voucherify").glob("*.py"):
        shutil.copy(file, folder / "voucherify")
    assert main(["--description", str(DESCRIPTION), "--target", str(folder)]) == 0
    return folder
