"""The table, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.comparison import CONTESTANTS, Result, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCALES = {"ms": 1e3, "us": 1e6, "MB": 1e-6, "MiB": 1 / 2**20, "": 1.0}
"""Readings are in seconds and bytes."""
DIGITS = {"ms": 1, "us": 0, "MB": 2, "MiB": 1, "": 0}
"""After the decimal point."""


def markdown(results: Sequence[Result], versions: Mapping[str, str], rounds: int) -> str:
    """Write the whole page: when and where, what with, and the table."""
    lines = [
        "# Results",
        "",
        f"Written by `python -m benchmarks` on {datetime.now(timezone.utc):%Y-%m-%d}; medians of {rounds} rounds.",
        "What is measured, and how: [README.md](README.md).",
        "",
        f"- Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}",
        f"- Python {platform.python_version()}",
        f"- {', '.join(f'{name} {version}' for name, version in versions.items())}",
        "",
        *table(results),
        "",
    ]
    return "\n".join(lines)


def table(results: Iterable[Result]) -> list[str]:
    """Write the lines of a Markdown table, padded to be read as they are."""
    titles = [contestant.title for contestant in CONTESTANTS.values()]
    cells = [["metric", *titles, "compared with", "ratio", "target", "met"], *map(_cells, results)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numbers = [name not in ("metric", "compared with", "met") for name in cells[0]]
    rule = ["-" * (width - number) + ":" * number for width, number in zip(widths, numbers, strict=True)]
    return [_line(row, widths, numbers) for row in (cells[0], rule, *cells[1:])]


def _line(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    """Align numbers to the right and texts to the left."""
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(row, widths, numbers, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _cells(result: Result) -> list[str]:
    row = result.row
    readings = [_reading(row, result.medians.get(name)) for name in CONTESTANTS]
    compared, ratio = (CONTESTANTS[row.against].title, f"{result.value:.3f}") if row.against else ("", "")
    target, met = ("", "") if row.target is None else (f"<= {_target(row):g}", "yes" if result.met else "NO")
    return [row.title, *readings, compared, ratio, target, met]


def _target(row: Row) -> float:
    """Return the target as it is shown: a ratio, or a reading in the unit of its row."""
    target = row.target or 0.0
    return target if row.against else target * SCALES[row.unit]


def _reading(row: Row, value: float | None) -> str:
    return "" if value is None else f"{value * SCALES[row.unit]:.{DIGITS[row.unit]}f} {row.unit}".strip()


def _processor() -> str:
    """Name the processor; Linux knows it better than `platform` does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
