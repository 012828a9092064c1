"""A pause of garbage collection, for a moment in which many objects are made and all of them stay in use."""

from __future__ import annotations

import gc
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_pausing: set[int] = set()
"""Threads that are in a pause."""


@contextmanager
def paused_collection() -> Iterator[None]:
    """Collect no garbage inside of the block, in any thread, unless collection is off anyway: then leave it off.

    The block must be short: one call into pydantic. What another thread switches off in the same moment comes on again.
    """
    if not gc.isenabled():
        yield
        return
    thread = threading.get_ident()
    _pausing.add(thread)
    try:
        gc.disable()
        yield
    finally:
        gc.enable()
        _pausing.discard(thread)


def _resume() -> None:
    """In a forked child, the threads that would end their pauses don't exist."""
    if _pausing:
        gc.enable()
        _pausing.clear()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_resume)
