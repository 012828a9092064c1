"""One try of a call, and the one that a thread is at: how connections learn how much time there is."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import io
    from weakref import WeakSet

    from voucherify.deadline import Timeouts


class Attempt:
    """One try of a call: its time, and how far it has come."""

    __slots__ = ("_before", "deadline", "query", "reader", "sent", "sockets", "timeouts", "until")

    def __init__(self, timeouts: Timeouts, deadline: float, sockets: WeakSet[Any], query: str = "") -> None:
        self.timeouts = timeouts
        self.deadline = deadline
        """When the call ends, on the clock `time.monotonic`."""
        self.until = deadline
        """When what is going on now ends: while connecting, often before the deadline."""
        self.sent = False
        """Whether any of the request was handed to the system, so that the server may have it."""
        self.query = query
        """What the connection puts behind the path, `?` included. urllib3 does not get to see it: it logs what it sees,
        and a query may hold a token."""
        self.sockets = sockets
        """Where to note the sockets that are opened."""
        self.reader: io.RawIOBase | None = None
        """What the last answer is read from."""
        self._before: Attempt | None = None

    def __enter__(self) -> None:
        """Let connections that this thread uses keep to this attempt."""
        self._before = _current.attempt  # a signal handler may make a call in the middle of another
        _current.attempt = self

    def __exit__(self, *_error: object) -> None:
        _current.attempt = self._before

    def seconds(self) -> float:
        """What is left. Raises `TimeoutError` if that is nothing."""
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("the time of the call is over")
        return left


class _Current(threading.local):
    """The attempt that this thread is at: urllib3 has no way to hand it to the connection that it chooses."""

    attempt: Attempt | None = None


_current = _Current()


def current() -> Attempt:
    """What this thread is at. Connections are only used within an attempt."""
    return cast("Attempt", _current.attempt)
