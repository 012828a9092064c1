"""What goes wrong with calls of the soak, and the server that does it.

A request with the header `X-Fault: NAME TIMES` gets that fault at its first TIMES tries, and then its right answer.
Run as a module, this is the server; see `test/marked_calls.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hostile_server import full
from marked_calls import number_of, right_answer, serve

from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ServiceException,
    TooManyRequestsException,
    UnreadableResponseException,
)

if TYPE_CHECKING:
    from hostile_server import Peer, Received

HEADER = "X-Fault"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    error: type[ApiException] | None = None
    """What a call raises for it, if it is not tried again; `None` where the answer is right all the same."""
    status: int = 0
    """Status of that error."""
    again: Literal["all", "repeatable", "none"] = "repeatable"
    """Which calls are tried again after it."""
    deadline: float | None = None
    """Seconds that the call is given; `None` for the client's own deadline."""
    needs_body: bool = False
    """Whether it can only befall answers in JSON."""


FAULTS = {
    "reset before": Fault(ApiConnectionException),
    "reset after": Fault(ApiConnectionException),
    "closed": Fault(ApiConnectionException),
    "garbage": Fault(ApiConnectionException),
    "head cut off": Fault(ApiConnectionException),
    "body cut off": Fault(UnreadableResponseException, 200, needs_body=True),
    "no JSON": Fault(UnreadableResponseException, 200, again="none", needs_body=True),
    "500": Fault(ServiceException, 500),
    "503": Fault(ServiceException, 503),
    "429": Fault(TooManyRequestsException, 429, again="all"),
    "stuck": Fault(ApiTimeoutException, again="none", deadline=0.5),
    "drip": Fault(),
    "slow": Fault(),
}

_tries: Counter[int] = Counter()


def behave(peer: Peer, received: Received, taken: list[int]) -> bool:
    """Carry out a request, and do to its answer what its header asks for."""
    number = number_of(received)
    name, _, times = (received.header(HEADER) or " 0").rpartition(" ")
    _tries[number] += 1  # the tries of one call come one after the other
    fault = name if _tries[number] <= int(times) else ""
    if fault == "429":
        peer.send(full(b'{"code": 429}', 429, "Retry-After: 0"))
        return True
    taken.append(number)  # or so the client must think
    return answer(peer, fault, right_answer(number))


def answer(peer: Peer, fault: str, right: bytes) -> bool:
    """Send the answer `right`, spoilt by `fault`; returns whether the connection stays open."""
    if fault.startswith("reset"):
        return peer.reset()
    if fault in ("500", "503"):
        peer.send(full(b'{"code": %s}' % fault.encode(), int(fault)))
        return True
    if fault == "drip":
        for position in range(0, len(right), 5):
            peer.send(right[position : position + 5])
            peer.wait(0.005)
        return True
    if fault in ("slow", "stuck"):
        peer.wait(0.2 if fault == "slow" else 2)
    spoilt = {
        "closed": b"",
        "garbage": b"\x16\x03\x01\x00\xff no HTTP\r\n\r\n",
        "head cut off": right[: right.index(b"\r\n\r\n") - 10],
        "body cut off": right[:-1],
        "no JSON": full(b"<html>"),
    }
    peer.send(spoilt.get(fault, right))
    return fault not in spoilt or fault == "no JSON"


if __name__ == "__main__":
    serve(behave)
