"""Runs the contestants in processes of their own, in turns, so that a slow moment of the machine hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any

from benchmarks.comparison import CONTESTANTS, PROCESSES
from benchmarks.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.comparison import Contestant, Process, Readings


class Running:
    """A contestant's process: it has made its first call and waits for orders."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._stdin, self._stdout = _pipes(popen)
        self.readings: dict[str, float] = self._answer()

    def seconds(self, call: str, threads: int) -> float | None:
        """Seconds for one of `call`, from a block of them in each thread; `None` if this contestant doesn't have it.

        Of CPU for one thread, of wall time for several.
        """
        self._stdin.write(f"{call} {threads}\n")
        self._stdin.flush()
        seconds: float | None = self._answer()
        return seconds

    def _answer(self) -> Any:
        line = self._stdout.readline()
        if not line:
            raise RuntimeError("A contestant ended early; its own message stands above.")
        return json.loads(line)


def run(interpreters: Mapping[str, Path], rounds: int, turns: int) -> Readings:
    """Return the readings of all rounds, after one round that only warms the file cache and writes the bytecode.

    `turns` is how often in a round each contestant takes its turn at each repeated call.
    """
    readings: dict[tuple[str, str, str], dict[tuple[int, int], float]] = defaultdict(dict)
    with _server() as host:
        for number in range(rounds + 1):
            sys.stderr.write(f"round {number} of {rounds}\n" if number else "warm-up\n")
            for name, process in PROCESSES.items():
                for start in range(process.starts if number else 1):
                    for contestant, reading, turn, value in _readings(interpreters, host, process, start, turns):
                        readings[name, contestant, reading][number, turn] = value
            if number == 0:
                readings.clear()
    return readings


def _readings(
    interpreters: Mapping[str, Path], host: str, process: Process, start: int, turns: int
) -> Iterator[tuple[str, str, int, float]]:
    """Let all contestants do what `process` says; yield contestant, name of the reading, turn, and value.

    `start` counts the starts in a round: the slow contestant and the repeated calls belong to the first one only.
    """
    names = tuple(name for name in process.contestants if not (start and CONTESTANTS[name].slow))
    with ExitStack() as stack:
        running = {}
        for name in _rotated(names, start):
            contestant = CONTESTANTS[name]
            popen = _start(interpreters[contestant.environment], host, contestant, process)
            running[name] = Running(stack.enter_context(popen))
            for reading, value in running[name].readings.items():
                yield name, reading, start, value
        for call in () if start else process.repeated:
            for turn in range(process.turns(turns)):
                for name in _rotated(names, turn):
                    seconds = running[name].seconds(call, process.threads)
                    if seconds is not None:
                        yield name, process.reading(call), turn, seconds


def _rotated(names: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Begin with another contestant each time, so that none always follows the same one."""
    first = number % len(names)
    return names[first:] + names[:first]


def _start(python: Path, host: str, contestant: Contestant, process: Process) -> subprocess.Popen[str]:
    # Run by its path and without PYTHON* variables, it does not see the package of the working tree.
    command = [str(python), "-s", "-E", str(ROOT / "benchmarks" / "programs" / "measure.py")]
    options = [str(ROOT), host, contestant.program, contestant.library or "-", process.first]
    # No proxy before the server, no keys that change a call.
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.upper().startswith("VOUCHERIFY_")
    }
    started = str(time.monotonic_ns())
    return subprocess.Popen(
        [*command, started, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
    )


@contextmanager
def _server() -> Iterator[str]:
    """Start the server in a process of its own, for its work not to count, and give its address."""
    command = [sys.executable, "-m", "benchmarks.programs.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        _, port = _pipes(server)
        yield f"http://127.0.0.1:{int(port.readline())}"


def _pipes(popen: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """Return standard input and output, which types alone don't know to be there."""
    if popen.stdin is None or popen.stdout is None:
        raise RuntimeError("The process was started without pipes.")
    return popen.stdin, popen.stdout
