"""One contestant in one process: how long it took to be ready, how much memory, and how much each call costs.

    python measure.py STARTED ROOT HOST PROGRAM LIBRARY FIRST

STARTED is `time.monotonic_ns()` just before this process was started; ROOT the folder that holds `benchmarks`; PROGRAM
the name of a module beside this one; LIBRARY the package whose import is timed, or `-`; FIRST the function of PROGRAM
that takes the host and returns the first call to make, which takes nothing.

Prints one line with a JSON object: readings by name, times in seconds, memory in bytes. Then it answers each line of
standard input, the name of another function of PROGRAM and a number of threads, with a line of its own: the CPU seconds
of one such call, or, with more than one thread, the wall seconds; `null` without such a function.

Until the first answer is there, nothing is imported here that a contestant doesn't import: it would go unseen.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 25
"""Calls per CPU reading: as short as the clock allows, for turns to be so short that disturbances hit all alike."""
BLOCK_OF_THREAD = 5
"""Calls of each thread per reading where there are several: enough for their start to count for nothing."""
WARM_UP = 200
"""Calls before the first CPU reading."""


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


def processor_time(call: Callable[[], object], count: int) -> float:
    """Return CPU seconds per call, user and system."""
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


class Repeated:
    """A call that is timed again and again: in CPU time where one thread makes it, else in wall time.

    :param call: what is timed.
    :param threads: how many threads make it at the same time.
    """

    def __init__(self, call: Callable[[], object], threads: int) -> None:
        self._call = call
        self._threads = threads
        self._seconds(WARM_UP // threads)

    def seconds(self) -> float:
        """Return seconds per call, of a block of calls."""
        return self._seconds(BLOCK if self._threads == 1 else BLOCK_OF_THREAD)

    def _seconds(self, count: int) -> float:
        if self._threads == 1:
            return processor_time(self._call, count)
        from benchmarks.programs.together import wall_time

        return wall_time(self._call, self._threads, count)


def main() -> None:
    """Measure what the command line asks for, and then what standard input asks for."""
    started, root, host, program, library, first = sys.argv[1:]
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

    import json

    from benchmarks.programs.payloads import EXPECTED

    if answer != EXPECTED[first]:
        raise SystemExit(f"{program}.{first} returned {answer!r} instead of {EXPECTED[first]!r}.")
    print(json.dumps(readings), flush=True)

    calls: dict[str, Repeated] = {}
    for name, threads in map(str.split, sys.stdin):
        if name not in calls and hasattr(contestant, name):
            calls[name] = Repeated(getattr(contestant, name)(host), int(threads))
        print(json.dumps(calls[name].seconds() if name in calls else None), flush=True)


if __name__ == "__main__":
    main()
