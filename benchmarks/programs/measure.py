"""One contestant in one process: how long it took to be ready, how much memory, and how much each call costs.

    python measure.py STARTED ROOT HOST PROGRAM LIBRARY BLOCKS FIRST [REPEATED ...]

STARTED is `time.monotonic_ns()` just before this process was started; ROOT the folder that holds `benchmarks`; PROGRAM
the name of a module beside this one; LIBRARY the package whose import is timed, or `-`; BLOCKS the number of CPU
readings for each repeated call; FIRST and REPEATED are functions of PROGRAM that take the host and return a call without
arguments. Prints one JSON object, readings by name: times in seconds, memory in bytes.

Until the first answer is there, nothing is imported here that a contestant doesn't import: it would go unseen.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 250
"""Calls per CPU reading: enough for a clock of coarse resolution, short enough to leave disturbances in one block."""


def peak_memory() -> int:
    """Return the peak resident memory of this process in bytes.

    Linux counts the parent's memory into `ru_maxrss` where the parent was larger at the start; `VmHWM` is ours alone.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib would count
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def processor_time(call: Callable[[], object], blocks: int) -> float:
    """Return CPU seconds per call, user and system: the median of `blocks` readings after one of warm-up."""
    readings = []
    for _ in range(blocks + 1):
        start = time.process_time()
        for _ in range(BLOCK):
            call()
        readings.append((time.process_time() - start) / BLOCK)
    return sorted(readings[1:])[blocks // 2]


def main() -> None:
    """Measure what the command line asks for."""
    started, root, host, program, library, blocks, first, *repeated = sys.argv[1:]
    # At the end: the folder holds a package `voucherify` too, and the installed one is meant.
    sys.path.append(root)
    readings: dict[str, float] = {}

    if library != "-":
        start = time.perf_counter()
        __import__(library)
        readings["import"] = time.perf_counter() - start
        readings["libraries"] = ("pydantic" in sys.modules) + ("urllib3" in sys.modules)

    contestant = __import__(f"benchmarks.programs.{program}", fromlist=[first])
    answer = getattr(contestant, first)(host)()
    readings["first"] = (time.monotonic_ns() - int(started)) / 1e9
    readings["memory"] = peak_memory()

    from benchmarks.programs.payloads import EXPECTED

    if answer != EXPECTED[first]:
        raise SystemExit(f"{program}.{first} returned {answer!r} instead of {EXPECTED[first]!r}.")

    for name in repeated:
        if hasattr(contestant, name):
            readings[f"cpu {name}"] = processor_time(getattr(contestant, name)(host), int(blocks))

    import json

    sys.stdout.write(json.dumps(readings))


if __name__ == "__main__":
    main()
