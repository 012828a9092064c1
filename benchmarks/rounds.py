"""Runs the contestants in processes of their own, in turns, so that a slow minute of the machine hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.comparison import CONTESTANTS, PROCESSES, Contestant, Process, Readings
from benchmarks.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def run(interpreters: Mapping[str, Path], rounds: int, blocks: int) -> Readings:
    """Return the readings of all rounds, after one round that only warms the file cache and writes the bytecode.

    `blocks` is the number of CPU readings per repeated call and process.
    """
    readings: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    with _server() as host:
        for number in range(rounds + 1):
            sys.stderr.write(f"round {number} of {rounds}\n" if number else "warm-up\n")
            for process_name, process in PROCESSES.items():
                for name in _rotated(process.contestants, number):
                    contestant = CONTESTANTS[name]
                    found = _measure(interpreters[contestant.environment], host, contestant, process, blocks)
                    for reading, value in found.items() if number else ():
                        readings[process_name, name, reading].append(value)
    return readings


def _rotated(names: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Another contestant begins each round, so that none always follows the same one."""
    first = number % len(names)
    return names[first:] + names[:first]


def _measure(python: Path, host: str, contestant: Contestant, process: Process, blocks: int) -> dict[str, float]:
    """Run one contestant in a process and return its readings by name."""
    # Run by its path and without PYTHON* variables, it does not see the package of the working tree.
    command = [str(python), "-s", "-E", str(ROOT / "benchmarks" / "programs" / "measure.py")]
    options = [
        str(ROOT),
        host,
        contestant.program,
        contestant.library or "-",
        str(blocks),
        process.first,
        *process.repeated,
    ]
    variables = _variables()
    started = str(time.monotonic_ns())
    finished = subprocess.run([*command, started, *options], check=True, stdout=subprocess.PIPE, env=variables)
    readings: dict[str, float] = json.loads(finished.stdout)
    return readings


def _variables() -> dict[str, str]:
    """Return the variables that contestants see: no proxy before the server, no keys that change a call."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.upper().startswith("VOUCHERIFY_")
    }


@contextmanager
def _server() -> Iterator[str]:
    """Start the server in a process of its own, for its work not to count, and give its address."""
    command = [sys.executable, "-m", "benchmarks.programs.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.communicate()
