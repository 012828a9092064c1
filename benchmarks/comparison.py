"""What is compared with what, as data: a new line of the table is a new entry here."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Readings = Mapping[tuple[str, str, str], Mapping[tuple[int, int], float]]
"""Readings by (process, contestant, name of the reading), and then by (round, turn)."""


@dataclass(frozen=True)
class Contestant:
    """One way to make the calls."""

    title: str
    environment: Literal["ours", "official"]
    """Which virtual environment it runs in. The floors share ours."""
    program: str
    """Module in `benchmarks/programs`."""
    library: str | None = None
    """The package whose import is timed."""
    slow: bool = False
    """Whether its process is started only once in a round."""


CONTESTANTS = {
    "ours": Contestant("this package", "ours", "sdk", "voucherify"),
    "official": Contestant("official", "official", "sdk", "voucherify", slow=True),
    "json": Contestant("urllib3 + json", "ours", "urllib3_json"),
    "pydantic": Contestant("urllib3 + pydantic", "ours", "urllib3_pydantic"),
}
"""In the order of the table's columns."""


@dataclass(frozen=True)
class Process:
    """What one process of each contestant does in every round. Calls are named by the function of the programs."""

    first: str
    """The call that is timed from the start of the process."""
    repeated: tuple[str, ...] = ()
    """Calls whose CPU time is taken, one after the other. A contestant without the function has no reading."""
    threads: int = 1
    """How many threads make the repeated calls at once. With several, it is wall time that is taken."""
    starts: int = 1
    """How often in a round it is started. The time of a whole process needs many readings to be steady."""
    contestants: tuple[str, ...] = tuple(CONTESTANTS)

    def reading(self, call: str) -> str:
        """Name of the reading of a repeated call."""
        return f"{'cpu' if self.threads == 1 else 'wall'} {call}"

    def turns(self, turns: int) -> int:
        """How many of `turns` it takes. A block of many threads is longer, and fewer are as steady."""
        return turns if self.threads == 1 else max(1, turns // 3)


PROCESSES = {
    "event": Process("first_event", ("track_event", "track_event_model"), starts=8),
    "vouchers": Process(
        "first_vouchers",
        ("list_vouchers", "vouchers_to_dict"),
        starts=4,
        contestants=("ours", "official", "pydantic"),
    ),
    "everything": Process("first_everything", contestants=("ours", "official")),
    "threads": Process("first_event", ("track_event_in_threads",), threads=64, contestants=("ours", "json")),
}


@dataclass(frozen=True)
class Row:
    """One line of the table: a reading, and ours divided by that of another contestant."""

    title: str
    process: str
    reading: str
    unit: Literal["ms", "us", "MB", "MiB", ""]
    against: str | None = None
    """Contestant to compare with; without one the target is for the reading itself."""
    target: float | None = None
    """The most that is allowed; without one the line only informs."""


ROWS = (
    Row("`import voucherify`", "event", "import", "ms", "official", 0.03),
    Row("of pydantic and urllib3, loaded by that import", "event", "libraries", "", None, 0),
    Row("process start to first answered event", "event", "first", "ms", "pydantic", 1.35),
    Row("process start to first answered event", "event", "first", "ms", "official"),
    Row("peak memory at the first answered event", "event", "memory", "MiB", "pydantic", 1.30),
    Row("peak memory at the first answered event", "event", "memory", "MiB", "official"),
    Row("CPU per event, body as a dict", "event", "cpu track_event", "us", "json", 1.20),
    Row("CPU per event, body as a dict", "event", "cpu track_event", "us", "pydantic"),
    Row("CPU per event, body as a dict", "event", "cpu track_event", "us", "official"),
    Row("CPU per event, body as a model", "event", "cpu track_event_model", "us", "pydantic"),
    Row("CPU per event, body as a model", "event", "cpu track_event_model", "us", "official"),
    Row("process start to first answered list of 100 vouchers", "vouchers", "first", "ms", "pydantic", 1.6),
    Row("process start to first answered list of 100 vouchers", "vouchers", "first", "ms", "official"),
    Row("process start to everything loaded and built", "everything", "first", "ms", "official", 0.40),
    Row("CPU per list of 100 vouchers", "vouchers", "cpu list_vouchers", "us", "pydantic", 1.20),
    Row("CPU per list of 100 vouchers", "vouchers", "cpu list_vouchers", "us", "official", 0.45),
    Row("CPU of `to_dict()` of that list", "vouchers", "cpu vouchers_to_dict", "us", "official", 0.40),
    Row("size of the wheel", "files", "wheel", "MB", None, 0.8e6),
    Row("space on the disk, installed", "files", "installed", "MiB", None, 7.5 * 2**20),  # a quarter of 30
    Row("space on the disk, installed", "files", "installed", "MiB", "official"),
    # The time of one is 1 / throughput: at least 0.85 of the throughput is at most 1 / 0.85 of the time.
    Row("time per event of 64 threads", "threads", "wall track_event_in_threads", "us", "json", round(1 / 0.85, 3)),
)


@dataclass(frozen=True)
class Result:
    """A row with what was measured."""

    row: Row
    medians: dict[str, float]
    """Median reading of each contestant that has one."""
    value: float
    """What the target is for: the median of the ratios, or of our readings where the row compares with nothing.

    Each ratio is of readings of the same turn. On a busy machine that is steadier than a ratio of medians.
    """

    @property
    def met(self) -> bool:
        """Whether the row stays within its target, if it has one."""
        return self.row.target is None or self.value <= self.row.target


def compare(readings: Readings) -> Iterator[Result]:
    """Take the medians of all readings and ratios, row by row."""
    for row in ROWS:
        found = {
            name: readings[row.process, name, row.reading]
            for name in CONTESTANTS
            if (row.process, name, row.reading) in readings
        }
        medians = {name: statistics.median(values.values()) for name, values in found.items()}
        if row.against:
            ours, other = found["ours"], found[row.against]
            ratios = [ours[turn] / other[turn] for turn in ours.keys() & other.keys()]
            yield Result(row, medians, statistics.median(ratios))
        else:
            yield Result(row, medians, medians["ours"])
