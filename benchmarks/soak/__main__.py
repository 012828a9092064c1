"""Very many calls, some of which go wrong, and what they leave behind.

Every call must end in its right answer or in the error that its fault deserves, no call that must not be repeated may
be carried out twice, and memory, file descriptors and threads must stay as they are after the warm-up.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kinds import client_of
from marked_calls import call, check, counts, kind_of, serving_apart

from benchmarks.soak.faults import FAULTS, HEADER
from voucherify.exceptions import ApiException, TooManyRequestsException
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kinds import Kind

    import voucherify
    from benchmarks.soak.faults import Fault

SHARE = 0.05
"""Part of the calls that something goes wrong with."""
TRIES = 3
WARM_UP = 0.2
"""Part of the calls after which memory must not grow any more."""
MOST_GROWTH = 2 * 2**20
"""Bytes that it may grow all the same, since it is never quite steady. Over the 80,000 calls that follow the warm-up
this is 26 bytes per call."""
SHOWN = 20
"""Problems that are shown."""


@dataclass
class Tally:
    """What has happened so far. It must not grow with the calls, since memory is what is looked at."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """How often calls ended in which way."""
    problems: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str) -> None:
        """Count one more call that ended so."""
        with self._lock:
            self.outcomes[outcome] += 1


@dataclass(frozen=True)
class Reading:
    """What this process holds at one moment, between two portions of calls."""

    memory: int
    descriptors: int
    threads: int


def reading() -> Reading:
    """Take a reading."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return Reading(memory, len(list(Path("/proc/self/fd").iterdir())), threading.active_count())


def fault_of(number: int) -> tuple[str, int]:
    """What goes wrong with a call, mostly nothing, and how many of its tries."""
    draw = random.Random(number)
    if draw.random() >= SHARE:
        return "", 0
    names = [name for name, fault in FAULTS.items() if has_json(kind_of(number)) or not fault.needs_body]
    return draw.choice(names), draw.choice((1, TRIES))


def has_json(kind: Kind) -> bool:
    """Whether the answer is JSON."""
    return bool(kind.answer) and kind.name != "text"


def one_call(client: voucherify.ApiClient, number: int, tally: Tally) -> None:
    """Make a call, and check how it ends."""
    name, times = fault_of(number)
    fault = FAULTS.get(name)
    headers = {HEADER: f"{name} {times}"} if fault else {}
    options = {"_request_timeout": fault.deadline} if fault and fault.deadline else {}
    attempts, error = expected(kind_of(number), fault, times)
    try:
        try:
            response = call(client, number, _headers=headers, **options)
        except ApiException as raised:
            tally.note(type(raised).__name__)
            if error is None:
                raise
            check_error(raised, error, attempts)
        else:
            tally.note(f"right answer at try {response.attempts}")
            assert error is None, "an error was due"
            assert response.attempts == attempts, f"{response.attempts} attempts instead of {attempts}"
            check(number, response)
    except Exception as problem:  # noqa: BLE001  # whatever it is, it is what is looked for
        tally.problems.append(f"call {number}, {kind_of(number).name}, {name} * {times}: {problem!r:.300}")


def expected(kind: Kind, fault: Fault | None, times: int) -> tuple[int, Fault | None]:
    """Tries that the call makes, and the fault whose error it ends with, if any."""
    if fault is None or fault.error is None:
        return 1, None
    again = fault.again == "all" or (fault.again == "repeatable" and kind.repeatable)
    if again and times < TRIES:
        return times + 1, None
    return (TRIES if again else 1), fault


def check_error(error: ApiException, fault: Fault, attempts: int) -> None:
    """Fail unless `error` is the one that `fault` deserves."""
    assert type(error) is fault.error, f"{type(error).__name__} instead of {fault.error}"
    assert error.status == fault.status, f"status {error.status}"
    assert error.attempts == attempts, f"{error.attempts} attempts instead of {attempts}"
    carried_out = not isinstance(error, TooManyRequestsException)
    assert error.may_have_reached_server is carried_out, f"may_have_reached_server is {error.may_have_reached_server}"


def run(calls: int, threads: int) -> tuple[Tally, list[Reading]]:
    """Make all calls in portions, with a reading after each."""
    tally = Tally()
    readings: list[Reading] = []
    with serving_apart("benchmarks.soak.faults") as url:
        settings = {"retries": RetryPolicy(TRIES - 1, backoff=0.01), "timeout": 30}
        with client_of(url, **settings) as client, ThreadPoolExecutor(threads) as executor:
            for numbers in portions(calls):
                list(executor.map(lambda number: one_call(client, number, tally), numbers))
                readings.append(reading())
                sys.stderr.write(f"{numbers.stop} calls, {readings[-1].memory / 2**20:.1f} MiB\n")
            tally.problems += server_problems(url, calls)
    return tally, readings


def portions(calls: int) -> Iterator[range]:
    """Twenty portions of all calls."""
    size = max(1, calls // 20)
    for first in range(0, calls, size):
        yield range(first, min(first + size, calls))


def server_problems(url: str, calls: int) -> Iterator[str]:
    """What the server knows better: which calls it carried out how often."""
    found = counts(url)
    for number, times in found["repeated"].items():
        allowed = TRIES if kind_of(int(number)).repeatable else 1
        if times > allowed:
            yield f"call {number}, {kind_of(int(number)).name}: carried out {times} times"
    if found["taken"] < calls - calls * SHARE:
        yield f"only {found['taken']} requests arrived"


def leaks(readings: list[Reading], threads: int) -> Iterator[str]:
    """What has grown since the warm-up."""
    warm, last = readings[int(len(readings) * WARM_UP) - 1], readings[-1]
    if last.memory - warm.memory > MOST_GROWTH:
        yield f"memory grew by {(last.memory - warm.memory) / 2**20:.1f} MiB"
    # Connections come and go with the faults: never more than threads, and none is forgotten.
    if max(found.descriptors for found in readings) > readings[0].descriptors + threads:
        yield f"file descriptors grew from {readings[0].descriptors} to {last.descriptors}"
    if max(found.threads for found in readings) > threads + 1:
        yield f"there were {max(found.threads for found in readings)} threads"


def main() -> int:
    """Run the soak, print what came of it, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Many calls, some of which fail.")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=16)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # some of the calls are deprecated operations
    begun = time.monotonic()
    tally, readings = run(options.calls, options.threads)
    seconds = time.monotonic() - begun

    problems = tally.problems + list(leaks(readings, options.threads))
    if tally.outcomes.total() != options.calls:
        problems.append(f"{tally.outcomes.total()} of {options.calls} calls ended")
    warm, last = readings[int(len(readings) * WARM_UP) - 1], readings[-1]
    print(f"{options.calls} calls in {options.threads} threads, {seconds:.0f} s, something wrong with {SHARE:.0%}")
    for outcome, times in tally.outcomes.most_common():
        print(f"  {times:7} {outcome}")
    print(f"memory {warm.memory / 2**20:.1f} MiB after the warm-up, {last.memory / 2**20:.1f} MiB at the end")
    print(f"file descriptors {warm.descriptors} and {last.descriptors}, threads {warm.threads} and {last.threads}")
    print(f"problems: {len(problems) or 'none'}")
    for problem in problems[:SHOWN]:
        print(f"  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
