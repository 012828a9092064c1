"""What a call raises, and what the exception tells."""

from __future__ import annotations

import json
import pickle
import socket
import time
from typing import TYPE_CHECKING

from hostile_server import answer, full, head, raw, serving

import voucherify
from probes import probe
from probes.calls import answered, attribute, client, error_answer, failed, failure, outcome, tls, track

if TYPE_CHECKING:
    from collections.abc import Callable

ERROR = {
    "code": 400,
    "key": "invalid_payload",
    "message": "Invalid payload",
    "details": "Property .customer is required",
    "request_id": "v-1",
    "resource_id": "cust_1",
    "resource_type": "customer",
}
BODY = json.dumps(ERROR).encode()
CONNECTION = "ApiConnectionException without status"
TIMEOUT = "ApiTimeoutException without status"


@probe("the fields of an error", right="all are attributes")
def _() -> str:
    error = error_answer(BODY)
    missing = [name for name, value in ERROR.items() if attribute(error, name) != value]
    return f"no {', '.join(missing)}" if missing else "all are attributes"


@probe("`status`, `reason`, `body`, `data`, `headers` of an error", right="all are there")
def _() -> str:
    error = error_answer(BODY)
    missing = [name for name in ("status", "reason", "body", "data", "headers") if not attribute(error, name)]
    assert (error.status, error.reason, json.loads(error.body)) == (400, "Reason", ERROR)
    return f"no {', '.join(missing)}" if missing else "all are there"


@probe("413 in its own shape", right="PayloadTooLargeException with status 413: Payload content length greater")
def _() -> str:
    body = {"statusCode": 413, "error": "Request Entity Too Large", "message": "Payload content length greater"}
    error = error_answer(json.dumps(body).encode(), 413)
    return f"{failure(error)}: {attribute(error, 'message')}"


@probe("400 with an HTML body", right="BadRequestException with status 400")
def _() -> str:
    return answered(head(400, "Content-Type: text/html", "Content-Length: 13") + b"<html></html>")


@probe("502 from a load balancer, with an HTML body", right="ServiceException with status 502")
def _() -> str:
    return answered(head(502, "Content-Type: text/html", "Content-Length: 13") + b"<html></html>")


@probe("500 with a body that is cut off", right="ServiceException with status 500")
def _() -> str:
    return answered(full(BODY, 500)[:-20])


CLASSES = {402: "PaymentRequired", 409: "Conflict", 423: "Locked", 429: "TooManyRequests"}
for status, name in CLASSES.items():
    probe(f"status {status}", right=f"{name}Exception with status {status}")(
        lambda status=status: failure(error_answer(BODY, status))
    )

LIMITS = ("X-Rate-Limit-Limit: 100", "X-Rate-Limit-Remaining: 7", "X-Rate-Limit-Retry: 1700000000")


@probe("rate limit on a 429", right="limit 100, remaining 7, a time to retry at")
def _() -> str:
    return limits(error_answer(BODY, 429, *LIMITS))


@probe("rate limit on an answer", right="limit 100, remaining 7, a time to retry at")
def _() -> str:
    with serving(answer(b"{}", 200, *LIMITS)) as server:
        return limits(voucherify.ManagementApi(client(server.url)).list_projects_with_http_info())


def limits(thing: object) -> str:
    limit, remaining = attribute(thing, "rate_limit.limit"), attribute(thing, "rate_limit.remaining")
    time_known = hasattr(attribute(thing, "rate_limit.retry_at"), "timestamp")
    return f"limit {limit}, remaining {remaining}, {'a' if time_known else 'no'} time to retry at"


@probe("str() of an error", right="1 line, shows nothing of headers, cookies, long bodies")
def _() -> str:
    body = json.dumps({**ERROR, "data": "LONG" * 5000}).encode()
    text = str(error_answer(body, 400, "Set-Cookie: session=COOKIE", "X-Internal: HEADER"))
    words = {"HEADER": "headers", "COOKIE": "cookies", "LONG" * 1000: "long bodies"}
    shown = [word for mark, word in words.items() if mark in text]
    lines = len(text.strip().splitlines())
    number = "1 line" if lines == 1 else f"{lines} lines"
    return f"{number}, shows {'' if shown else 'nothing of '}{', '.join(shown or words.values())}"


@probe("repr() of an error", right="tells status, key and request id")
def _() -> str:
    text = repr(error_answer(BODY))
    told = [
        name for name, mark in (("status", "400"), ("key", "invalid_payload"), ("request id", "v-1")) if mark in text
    ]
    return "tells status, key and request id" if len(told) == 3 else "tells nothing" if not told else f"tells {told}"


@probe("an error that is pickled", right="comes back whole")
def _() -> str:
    error = error_answer(BODY)
    copy = pickle.loads(pickle.dumps(error))
    same = (copy.status, copy.body, copy.headers["Content-Type"]) == (400, error.body, "application/json")
    return "comes back whole" if same and str(copy) == str(error) else "comes back changed"


def no_answer(call: Callable[[], object]) -> str:
    """The outcome, and whether it tells that the server may have got the request, and why it failed."""
    error = failed(call)
    reached = {True: "may have reached the server", False: "has not reached the server"}
    cause = "with a cause" if error.__cause__ is not None else "without a cause"
    return f"{failure(error)}, {reached.get(attribute(error, 'may_have_reached_server'), 'reached or not')}, {cause}"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@probe("connection refused", right=f"{CONNECTION}, has not reached the server, with a cause")
def _() -> str:
    return no_answer(lambda: track(client(f"http://127.0.0.1:{closed_port()}")))


@probe("a host that does not exist", right=f"{CONNECTION}, has not reached the server, with a cause")
def _() -> str:
    return no_answer(lambda: track(client("https://no-such-host.invalid")))


@probe("a host that does not answer to connections", right=f"{TIMEOUT}, has not reached the server, with a cause")
def _() -> str:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(4)]  # its queue is full then
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    time.sleep(0.1)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return no_answer(lambda: track(client(url), _request_timeout=1))


@probe("no answer in time", right=f"{TIMEOUT}, may have reached the server, with a cause")
def _() -> str:
    with serving(raw(b"", then="hang")) as server:
        return no_answer(lambda: track(client(server.url), _request_timeout=1))


@probe("a certificate of an unknown authority", right=f"{CONNECTION}, has not reached the server, with a cause")
def _() -> str:
    with serving(answer(), tls=tls()) as server:
        return no_answer(lambda: track(client(server.url)))


@probe("a connection that is reset", right=f"{CONNECTION}, may have reached the server, with a cause")
def _() -> str:
    with serving(raw(b"", then="reset")) as server:
        return no_answer(lambda: track(client(server.url)))


@probe("a status line that is none", right=f"{CONNECTION}, may have reached the server, with a cause")
def _() -> str:
    with serving(raw(b"SSH-2.0-OpenSSH_9.6\r\n")) as server:
        return no_answer(lambda: track(client(server.url)))


@probe("`except ApiException` around a call without a connection", right="catches it")
def _() -> str:
    error = failed(lambda: track(client(f"http://127.0.0.1:{closed_port()}")))
    return "catches it" if isinstance(error, voucherify.ApiException) else f"lets {failure(error)} through"


@probe("a body that is no JSON, `except ApiException`", right="catches it")
def _() -> str:
    with serving(raw(full(b"<html>"))) as server:
        error = failed(lambda: track(client(server.url)))
    return "catches it" if isinstance(error, voucherify.ApiException) else f"lets {failure(error)} through"


@probe("an argument that has the wrong type", right="TypeError or ValueError, nothing was sent")
def _() -> str:
    with serving(answer()) as server:
        call = outcome(lambda: voucherify.VouchersApi(client(server.url)).list_vouchers(limit="many"))
        right = call in ("ApiTypeError", "ApiValueError", "ValidationError of pydantic_core")
        return f"{'TypeError or ValueError' if right else call}, nothing was sent" if not server.requests else call
