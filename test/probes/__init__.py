"""What `test/behaviour.py` tries on this package and on the official one.

Each probe uses only names that both have, and answers in a few words what happened. These words are compared with
those for the right behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Probe:
    """One thing to try."""

    section: str
    point: str
    """What the server, or the caller, does."""
    run: Callable[[], str]
    right: str
    """What `run` answers if the package behaves."""


PROBES: list[Probe] = []


def probe(point: str, *, right: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Make the function a probe of the section that its module is named after."""

    def register(run: Callable[[], str]) -> Callable[[], str]:
        PROBES.append(Probe(run.__module__.rpartition(".")[2], point, run, right))
        return run

    return register
