"""Runs the probes on the package that this interpreter imports: `python -m probes SECONDS FOLDER [WORD ...]`.

Prints one JSON object per probe, as soon as it has ended. Each runs in a forked process, so that importing the package
costs its time once, and a probe that hangs can be ended.
"""

# ruff: noqa: T201 (its output is read by another program)

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import voucherify
from probes import PROBES, calls

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from probes import Probe

SECTIONS = ("answers", "errors", "deadlines", "trust", "sharing")


def run(probe: Probe, results: Connection) -> None:
    """In the child: try, and send what happened. What is printed on the way goes to a file, for probes that look."""
    with tempfile.TemporaryFile() as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
        try:
            outcome = probe.run()
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the outcome
            outcome = calls.failure(error)
        results.send(outcome)
    os._exit(0)  # threads that still wait for something end here


def outcome_of(probe: Probe, seconds: float) -> str:
    """What happened, or that nothing did within `seconds`."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(probe, sending))
    process.start()
    sending.close()
    try:
        return receiving.recv() if receiving.poll(seconds) else f"no end within {seconds:g} s"
    except EOFError:
        return "the process died"
    finally:
        process.kill()
        process.join()


def main(seconds: float, folder: str, words: list[str]) -> None:
    """Run the probes whose section or point holds one of `words`, or all of them."""
    calls.FOLDER = folder
    for section in SECTIONS:
        import_module(f"probes.{section}")
    os.chdir(folder)
    print(json.dumps({"package": str(Path(voucherify.__file__).parent)}), flush=True)
    assert threading.active_count() == 1
    for probe in PROBES:
        if not words or any(word in f"{probe.section}: {probe.point}" for word in words):
            outcome = outcome_of(probe, seconds)
            print(
                json.dumps({"section": probe.section, "point": probe.point, "right": probe.right, "outcome": outcome}),
                flush=True,
            )


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], sys.argv[3:])
