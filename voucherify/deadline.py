"""How long a call may take."""

from __future__ import annotations

from typing import Any, NamedTuple

from voucherify.exceptions import ApiTypeError, ApiValueError

LONGEST = 2_000_000.0
"""Seconds, 23 days: what stands for "no limit", since the sockets of some systems take no more."""


class Timeouts(NamedTuple):
    """The limits of one call, in seconds."""

    connect: float
    """For each attempt to connect, name lookup, proxy and TLS included."""
    total: float
    """For the whole call, all tries and waits included."""


def parse_timeout(value: Any, connect: float | None, total: float | None) -> Timeouts:
    """Read a `_request_timeout`: `None`, seconds for the whole call, or a pair (seconds to connect, whole call).

    `connect` and `total` stand in for what it leaves out, themselves `None` for no limit. Raises `ApiTypeError` for
    what is no number or pair, `ApiValueError` for a number that is not positive and finite.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2:  # noqa: PLR2004
            raise ApiValueError(f"a pair (connect, total) has two numbers, not {len(value)}")
        connect = connect if value[0] is None else value[0]
        total = total if value[1] is None else value[1]
    elif value is not None:
        total = value
    return Timeouts(_seconds(connect, "connect timeout"), _seconds(total, "timeout"))


def _seconds(value: Any, name: str) -> float:
    if value is None:
        return LONGEST
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ApiTypeError(f"the {name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value < float("inf"):
        raise ApiValueError(f"the {name} must be positive and finite, not {value}")
    return float(min(value, LONGEST))
