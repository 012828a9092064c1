"""Calls of many threads at once: what one costs in time, as long as all threads are busy."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wall_time(call: Callable[[], object], threads: int, count: int) -> float:
    """Return wall seconds per call when each of `threads` makes `count` calls: 1 / throughput."""
    starts: list[float] = []
    together = threading.Barrier(threads, lambda: starts.append(time.perf_counter()))

    def work(_thread: int) -> None:
        together.wait()
        for _ in range(count):
            call()

    with ThreadPoolExecutor(threads) as executor:
        list(executor.map(work, range(threads)))  # raises what a call raises
    return (time.perf_counter() - starts[0]) / (threads * count)
