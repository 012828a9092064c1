"""How long a call may take, and what is sent again."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import urllib3
from hostile_server import answer, drip, full, head, raw, reset_at_once, serving

from probes import probe
from probes.calls import (
    EVENT_BYTES,
    VOUCHER_BYTES,
    attribute,
    client,
    delete,
    failed,
    failure,
    get,
    outcome,
    publish,
    seconds_of,
    times,
    track,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 4
"""Seconds, for a call that is allowed one, on a machine that is busy."""


LOAD_BALANCER = 180
"""Seconds after which one cuts a call."""


@probe("no `_request_timeout`", right="every wait for the server has an end")
def _() -> str:
    limits: list[float | None] = []

    class Noting(socket.socket):
        """Notes how long it would wait; the server's sockets read by another method."""

        def recv_into(self, *arguments: Any) -> int:
            limits.append(self.gettimeout())
            return super().recv_into(*arguments)

    socket.socket = Noting  # type: ignore[misc]
    with serving(answer(EVENT_BYTES)) as server:
        track(client(server.url))
    assert limits
    finite = all(limit is not None and limit < LOAD_BALANCER for limit in limits)
    return "every wait for the server has an end" if finite else "waits without end"


def in_time(script: Any, call: Callable[..., Any], **settings: Any) -> str:
    """The outcome of a call that is allowed one second."""
    with serving(script) as server:
        result, seconds = seconds_of(lambda: call(client(server.url, **settings), _request_timeout=1))
        if result.startswith("ApiTimeoutException"):
            result = "ApiTimeoutException"
        late = f"in {'time' if seconds < PATIENCE else f'{seconds:.0f} s'}"
        return f"{result} {late}, {times(len(server.requests))}"


@probe("`_request_timeout=1`, POST, a silent server", right="ApiTimeoutException in time, sent once")
def _() -> str:
    return in_time(raw(b"", then="hang"), track)


@probe("`_request_timeout=1`, GET, a silent server", right="ApiTimeoutException in time, sent once")
def _() -> str:
    return in_time(raw(b"", then="hang"), get)


@probe("`_request_timeout=1`, a body that drips", right="ApiTimeoutException in time, sent once")
def _() -> str:
    return in_time(drip(b" " * 100 + EVENT_BYTES, 0.3, first=full(b"x" * 1000)[:-1000]), track)


@probe("`_request_timeout=1`, headers that drip", right="ApiTimeoutException in time, sent once")
def _() -> str:
    return in_time(drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100, 0.3), track)


@probe(
    "`_request_timeout=1`, GET, 503 with `Retry-After: 99999`",
    right="ServiceException with status 503 in time, sent once",
)
def _() -> str:
    return in_time(raw(full(b"{}", 503, "Retry-After: 99999")), get)


@probe(
    "`_request_timeout=1`, GET, 429 with `Retry-After: 99999`",
    right="TooManyRequestsException with status 429 in time, sent once",
)
def _() -> str:
    return in_time(raw(full(b"{}", 429, "Retry-After: 99999")), get)


@probe(
    "`_request_timeout=1`, GET, 413 with `Retry-After: 99999`",
    right="PayloadTooLargeException with status 413 in time, sent once",
)
def _() -> str:
    return in_time(raw(full(b"{}", 413, "Retry-After: 99999")), get)


def sent(script: list[Any], call: Callable[..., Any], **settings: Any) -> str:
    """The outcome, and how often the server got the request."""
    with serving(*script) as server:
        result = outcome(lambda: call(client(server.url, **settings)))
        return f"{result}, {times(len(server.requests))}"


RESET = raw(b"", then="reset")
CUT_OFF = raw(full(EVENT_BYTES)[:-20])
LOST = "ApiConnectionException without status"
OK = answer(VOUCHER_BYTES)


@probe("429 with `Retry-After: 1`, POST", right="an answer, sent twice")
def _() -> str:
    return sent([answer(b"{}", 429, "Retry-After: 1"), answer(EVENT_BYTES)], track)


@probe("429 for the limit of a month, GET", right="TooManyRequestsException with status 429, sent once")
def _() -> str:
    return sent([answer(b"{}", 429, "Retry-After: 0", "X-Rate-Limit-Type: api_calls_cycle")], get)


@probe("503 and then 200, GET", right="an answer, sent twice")
def _() -> str:
    return sent([answer(b"{}", 503), OK], get)


@probe("503 and then 200, POST, `retries=3`", right="ServiceException with status 503, sent once")
def _() -> str:
    return sent([answer(b"{}", 503), answer(EVENT_BYTES)], track, retries=3)


@probe(
    "503 and then 200, POST, `retries=Retry(3, status_forcelist=[503], allowed_methods=None)`",
    right="ServiceException with status 503, sent once",
)
def _() -> str:
    retries = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None)
    return sent([answer(b"{}", 503), answer(EVENT_BYTES)], track, retries=retries)


@probe("503 with `Retry-After: 0`, POST, `retries=3`", right="ServiceException with status 503, sent once")
def _() -> str:
    return sent([answer(b"{}", 503, "Retry-After: 0"), answer(EVENT_BYTES)], track, retries=3)


@probe("reset after the request, GET", right="an answer, sent twice")
def _() -> str:
    return sent([RESET, OK], get)


@probe("reset after the request, DELETE", right="None, sent twice")
def _() -> str:
    return sent([RESET, raw(b"HTTP/1.1 204 No Content\r\n\r\n")], delete)


@probe("reset after the request, POST, `retries=3`", right=f"{LOST}, sent once")
def _() -> str:
    return sent([RESET, answer(EVENT_BYTES)], track, retries=3)


@probe("reset before the request was read, POST, `retries=3`", right=f"{LOST}, not sent")
def _() -> str:
    return sent([reset_at_once, answer(EVENT_BYTES)], track, retries=3)


@probe("an answer that is cut off, POST, `retries=3`", right="UnreadableResponseException with status 200, sent once")
def _() -> str:
    return sent([CUT_OFF, answer(EVENT_BYTES)], track, retries=3)


@probe("an answer that is cut off, GET", right="an answer, sent twice")
def _() -> str:
    return sent([CUT_OFF, OK], get)


@probe("reset after the GET that publishes a voucher", right=f"{LOST}, sent once")
def _() -> str:
    return sent([RESET, RESET, RESET, answer(b"{}")], publish)


@probe(
    "503 with `Retry-After: 0` to the GET that publishes a voucher", right="ServiceException with status 503, sent once"
)
def _() -> str:
    return sent([answer(b"{}", 503, "Retry-After: 0"), answer(b"{}")], publish)


@probe("307 to the same place, POST", right="ApiException with status 307, sent once")
def _() -> str:
    return sent([answer(b"{}", 307, "Location: /v1/events"), answer(EVENT_BYTES)], track)


@probe("`retries=0`, GET, 503", right="ServiceException with status 503, sent once")
def _() -> str:
    return sent([answer(b"{}", 503), OK], get, retries=0)


@probe("`retries=0`, GET, reset", right=f"{LOST}, sent once")
def _() -> str:
    return sent([RESET, OK], get, retries=0)


@probe("how many requests an answer took", right="2 on the ApiResponse, 3 on the error")
def _() -> str:
    with serving(answer(b"{}", 503), OK, raw(head(503, "Content-Length: 0"))) as server:
        sender = client(server.url)
        try:
            response = get(sender, "_with_http_info")
        except Exception as error:  # noqa: BLE001
            return failure(error)
        error = failed(lambda: get(sender))
        return f"{attribute(response, 'attempts')} on the ApiResponse, {attribute(error, 'attempts')} on the error"


@probe("256 GETs while every connection is reset", right="fewer than 2 requests for each")
def _() -> str:
    with serving(RESET) as server:
        sender = client(server.url, connection_pool_maxsize=64)
        with ThreadPoolExecutor(32) as threads:
            list(threads.map(lambda _: outcome(lambda: get(sender)), range(256)))
        each = len(server.requests) / 256
        return "fewer than 2 requests for each" if each < 2 else f"{each:.0f} requests for each"
