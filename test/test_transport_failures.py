"""What goes wrong on the way: the right exception, in time, and nothing sent twice that must not be."""

from __future__ import annotations

import copy
import gzip
import pickle
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import (
    answer,
    black_hole,
    drip,
    free_port,
    full,
    head,
    never_read,
    raw,
    reset_at_once,
    reset_in_body,
    serving,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transport_calls import client, get, post
from urllib3.exceptions import ProxyError

from voucherify import connection, rest
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    UnreadableResponseException,
)
from voucherify.failures import explain
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile_server import Peer

AT_ONCE = RetryPolicy(max_retries=2, backoff=0)
BODY = b'{"object": "event"}'
LONG = b"x" * 20_000_000
SLACK = 0.6


def check_text(error: ApiException) -> None:
    """Nothing of the request but its path template, and nothing of the answer, is shown."""
    for text in (str(error), repr(error)):
        assert "SECRET" not in text
        assert "/v1/thing" not in text
        assert text.isprintable()
        assert "POST /v1/{thing}" in text or "path='/v1/{thing}'" in text or "GET /v1/{thing}" in text


# -- nothing was sent -------------------------------------------------------------------------------------------------


def resolver_failure(*_arguments: Any) -> Any:
    raise socket.gaierror(socket.EAI_AGAIN, "SECRET resolver")


@pytest.mark.parametrize("build", [get, post])
@pytest.mark.parametrize("kind", ["refused", "unknown", "bad label"])
def test_no_connection(build: Callable[..., Any], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = {"refused": f"localhost:{free_port()}", "unknown": "host.invalid", "bad label": "a" * 70 + ".invalid"}[kind]
    if kind == "unknown":
        monkeypatch.setattr(socket, "getaddrinfo", resolver_failure)
    with client(retries=AT_ONCE) as sender, pytest.raises(ApiConnectionException) as caught:
        sender.send(build(f"http://{host}"))
    error = caught.value
    assert (error.status, error.reason, error.attempts) == (0, "Connection failed", 3)
    assert error.may_have_reached_server is False
    assert error.__cause__ is not None
    assert (error.body, error.data, error.raw_data, len(error.headers)) == (None, None, None, 0)
    expected = "Connection refused" if kind == "refused" else "the name of the host is unknown"
    assert expected in str(error)
    assert "nothing was carried out" in str(error)
    check_text(error)


def test_connections_are_tried_again_for_every_method(monkeypatch: pytest.MonkeyPatch) -> None:
    # A name takes two look-ups: whether it is an address, and what its address is.
    failures = iter([resolver_failure, resolver_failure])
    original = socket.getaddrinfo

    def look_up(*arguments: Any) -> Any:
        return next(failures, original)(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving(answer(BODY)) as server, client(retries=AT_ONCE) as sender:
        assert sender.send(post(server.url)).attempts == 2
        assert len(server.requests) == 1


def test_slow_resolver_keeps_to_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    original = socket.getaddrinfo

    def slow(*arguments: Any) -> Any:
        if not arguments[5]:
            released.wait(10)
        return original(*arguments)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = time.monotonic()
    with client(retries=0) as sender, pytest.raises(ApiTimeoutException) as caught:
        sender.send(post("http://localhost:1"), (0.3, 5))
    assert 0.25 < time.monotonic() - begun < 0.3 + SLACK
    assert not caught.value.may_have_reached_server
    released.set()


def test_resolving_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    with serving(answer()) as server, client() as sender:
        monkeypatch.setattr(threading.Thread, "start", no_thread)
        monkeypatch.setattr(connection.threading.Thread, "start", no_thread)
        listening = server
        try:
            found = connection._resolved("localhost", listening.port, 1)
        finally:
            monkeypatch.undo()
        assert found
        assert sender.send(get(server.url)).status == 200


@pytest.mark.parametrize(
    ("timeout", "retries", "attempts", "seconds"),
    [((0.3, 5), 0, 1, 0.3), ((0.2, 5), 2, 3, 0.6), (0.4, 2, 1, 0.4), ((9, 0.4), 2, 1, 0.4)],
)
def test_connecting_takes_too_long(timeout: Any, retries: int, attempts: int, seconds: float) -> None:
    listener, fillers = black_hole()
    with client(retries=RetryPolicy(max_retries=retries, backoff=0)) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post(f"http://127.0.0.1:{listener.getsockname()[1]}"), timeout)
        assert seconds - 0.05 < time.monotonic() - begun < seconds + SLACK
    assert (caught.value.attempts, caught.value.may_have_reached_server) == (attempts, False)
    assert caught.value.reason == "Timeout"
    check_text(caught.value)
    for sock in (listener, *fillers):
        sock.close()


def test_all_addresses_of_a_host_are_tried_in_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    listener, fillers = black_hole()
    with serving(answer(BODY)) as server:
        dead = (socket.AF_INET, socket.SOCK_STREAM, 6, listener.getsockname())
        refusing = (socket.AF_INET, socket.SOCK_STREAM, 6, ("127.0.0.1", free_port()))
        alive = (socket.AF_INET, socket.SOCK_STREAM, 6, ("127.0.0.1", server.port))
        monkeypatch.setattr(connection, "_FAIR_SHARE", 0.1)
        monkeypatch.setattr(connection, "_resolved", lambda *_: [refusing, dead, alive])
        begun = time.monotonic()
        with client(retries=0) as sender:
            assert sender.send(post(server.url), (1, 5)).data == BODY
        assert 0.4 < time.monotonic() - begun < 0.5 + SLACK
        monkeypatch.setattr(connection, "_resolved", lambda *_: [dead] * 10)
        begun = time.monotonic()
        with client(retries=0) as sender, pytest.raises(ApiTimeoutException):
            sender.send(post(server.url), (0.5, 5))
        assert time.monotonic() - begun < 0.5 + SLACK
        monkeypatch.setattr(connection, "_resolved", lambda *_: [])
        with client(retries=0) as sender, pytest.raises(ApiConnectionException):
            sender.send(post(server.url))
    for sock in (listener, *fillers):
        sock.close()


# -- something was sent -----------------------------------------------------------------------------------------------

BROKEN_BEFORE_THE_HEAD: dict[str, Any] = {
    "closed": raw(b""),
    "reset": raw(b"", then="reset"),
    "reset at once": reset_at_once,
    "reset while sending": reset_in_body,
    "half a status line": raw(b"HTTP/1.1 20"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le", then="reset"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH\r\n"),
    "bad status": raw(b"HTTP/1.1 abc OK\r\n\r\n"),
    "bad version": raw(b"HTTP/7.0 200 OK\r\n\r\n"),
    "head cut off": raw(full(BODY)[:30]),
    "status line alone": raw(b"HTTP/1.1 200 OK\r\n"),
    "line after the head missing": raw(head(200, "Content-Length: 0")[:-2]),
    "endless line": raw(b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n"),
    "endless header": raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"),
    "many headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    "two lengths": raw(head(200, "Content-Length: 2", "Content-Length: 3") + b"{}"),
}

CHUNKS = head(200, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"

BROKEN_IN_THE_BODY: dict[str, Any] = {
    "cut off": raw(full(BODY)[:-1]),
    "cut off at once": raw(full(BODY)[: -len(BODY)]),
    "reset": raw(full(BODY)[:-5], then="reset"),
    "chunk cut off": raw(head(200, "Transfer-Encoding: chunked") + b"ff\r\nabc"),
    "chunk missing": raw(head(200, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n"),
    "chunk size malformed": raw(head(200, "Transfer-Encoding: chunked") + b"xyz\r\nabc\r\n0\r\n\r\n", then="hang"),
    "chunk size negative": raw(head(200, "Transfer-Encoding: chunked") + b"-5\r\nabc\r\n0\r\n\r\n", then="hang"),
    "gzip cut off": raw(full(gzip.compress(BODY), 200, "Content-Encoding: gzip")[:-5]),
}


@pytest.mark.parametrize("mode", BROKEN_BEFORE_THE_HEAD)
def test_no_answer(mode: str) -> None:
    with serving(BROKEN_BEFORE_THE_HEAD[mode], answer(BODY)) as server, client(retries=AT_ONCE, timeout=5) as sender:
        with pytest.raises(ApiConnectionException) as caught:
            sender.send(post(server.url, body=LONG if mode == "reset while sending" else b"{}"))
        error = caught.value
        assert (server.connections, error.attempts) == (1, 1)
        assert len(server.requests) <= 1
        assert error.status == 0
        assert error.may_have_reached_server is True
        assert "may have been carried out" in str(error)
        assert error.__cause__ is not None
        check_text(error)
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert twin.__dict__ == error.__dict__
        assert sender.send(post(server.url)).data == BODY
        assert server.connections == 2


@pytest.mark.parametrize("mode", BROKEN_BEFORE_THE_HEAD)
def test_no_answer_to_what_may_be_repeated(mode: str) -> None:
    script = [BROKEN_BEFORE_THE_HEAD[mode]] * 2
    with serving(*script, answer(BODY)) as server, client(retries=AT_ONCE, timeout=5) as sender:
        request = get(server.url, method="PUT", body=LONG if mode == "reset while sending" else b"{}")
        found = sender.send(request)
        assert (found.data, found.attempts, server.connections) == (BODY, 3, 3)
    with serving(BROKEN_BEFORE_THE_HEAD[mode]) as server, client(retries=AT_ONCE, timeout=5) as sender:
        with pytest.raises(ApiConnectionException) as caught:
            sender.send(request := get(server.url, method="PUT", body=request.body))
        assert (server.connections, caught.value.attempts) == (3, 3)
        assert caught.value.may_have_reached_server is True


@pytest.mark.parametrize("mode", BROKEN_IN_THE_BODY)
def test_half_an_answer(mode: str) -> None:
    with serving(BROKEN_IN_THE_BODY[mode], answer(BODY)) as server, client(retries=AT_ONCE, timeout=5) as sender:
        with pytest.raises(UnreadableResponseException) as caught:
            sender.send(post(server.url))
        error = caught.value
        assert (len(server.requests), error.attempts, error.status, error.reason) == (1, 1, 200, "Reason")
        assert error.may_have_reached_server is True
        assert "broke off" in str(error)
        assert error.__cause__ is not None
        assert isinstance(error.raw_data, bytes)
        assert (error.body is None) == ("gzip" in mode)
        check_text(error)
        assert sender.send(post(server.url)).data == BODY
        assert server.connections == 2


def test_half_an_answer_is_there_to_be_read() -> None:
    with serving(BROKEN_IN_THE_BODY["cut off"]) as server, client(retries=0) as sender:
        with pytest.raises(UnreadableResponseException) as caught:
            sender.send(post(server.url))
        assert (caught.value.body, caught.value.raw_data) == ('{"object": "event"', BODY[:-1])


@pytest.mark.parametrize("mode", BROKEN_IN_THE_BODY)
def test_half_an_answer_to_what_may_be_repeated(mode: str) -> None:
    script = [BROKEN_IN_THE_BODY[mode]] * 2
    with serving(*script, answer(BODY)) as server, client(retries=AT_ONCE, timeout=5) as sender:
        assert sender.send(get(server.url)).attempts == 3
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", [302, 404, 500])
def test_half_an_error_still_has_its_status(status: int) -> None:
    for message in (full(BODY, status)[:-1], head(status, "Transfer-Encoding: chunked") + b"ff\r\n" + BODY[:-1]):
        with serving(raw(message)) as server, client(retries=AT_ONCE) as sender:
            found = sender.send(post(server.url))
            assert found.status == status
            assert found.data in (BODY[:-1], b"")
            assert (found.attempts, len(server.requests)) == (1, 1)


def test_answer_that_comes_before_the_request_is_read() -> None:
    def refuse(peer: Peer) -> bool:
        peer.receive()
        peer.send(full(b'{"statusCode":413}', 413, "Connection: close"))
        peer.sock.shutdown(socket.SHUT_WR)
        peer.wait(0.2)
        return False

    with serving(refuse) as server, client(retries=0, timeout=10) as sender:
        try:
            assert sender.send(post(server.url, body=LONG)).status == 413
        except ApiConnectionException as error:  # the reset can overtake the answer
            assert error.may_have_reached_server  # noqa: PT017


def test_causes_that_refer_to_each_other() -> None:
    first, second = OSError(), ValueError("SECRET")
    first.__cause__, second.__cause__ = second, first
    assert explain(first).text == "what the server sent is no HTTP"
    assert explain(RuntimeError("SECRET")).text == "the connection failed"
    assert explain(ProxyError("SECRET", RuntimeError())).text == "the proxy failed"


# -- connections that went stale --------------------------------------------------------------------------------------


def test_connection_closed_while_idle_is_noticed() -> None:
    with serving(raw(full(BODY)), answer(BODY)) as server, client(retries=0) as sender:
        sender.send(post(server.url))
        time.sleep(0.5)
        assert sender.send(post(server.url)).attempts == 1
        assert (server.connections, len(server.requests)) == (2, 2)


def test_connection_that_breaks_when_used_again() -> None:
    script = [answer(BODY), raw(b"", then="reset"), answer(BODY)]
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        sender.send(post(server.url))
        with pytest.raises(ApiConnectionException) as caught:
            sender.send(post(server.url))
        assert caught.value.may_have_reached_server
        assert len(server.requests) == 2
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        sender.send(get(server.url))
        assert sender.send(get(server.url)).attempts == 2


def test_connections_are_not_used_after_a_long_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(BODY)) as server, client(retries=0) as sender:
        sender.send(post(server.url))
        sender.send(post(server.url))
        assert server.connections == 1
        monkeypatch.setattr(connection, "_LONGEST_IDLE", 0.0)
        sender.send(post(server.url))
        assert server.connections == 2


# -- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_passing_errors(status: int) -> None:
    script = [answer(b"no", status), answer(b"no", status), answer(BODY)]
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts, len(server.requests), server.connections) == (200, 3, 3, 1)
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(post(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (status, 1, 1)
    with serving(answer(b"no", status)) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (status, 3, 3)


@pytest.mark.parametrize("build", [get, post])
def test_rate_limit(build: Callable[..., Any]) -> None:
    with serving(answer(b"", 429), answer(BODY)) as server, client(retries=AT_ONCE) as sender:
        assert sender.send(build(server.url)).attempts == 2
    with serving(answer(b"", 429, "x-rate-limit-type: api_calls_cycle")) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(build(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (429, 1, 1)


@pytest.mark.parametrize(("setting", "attempts"), [(False, 1), (0, 1), (1, 2), (None, 3), (4, 5)])
def test_number_of_retries(setting: Any, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest, "sleep", waits.append)
    with serving(answer(b"", 503)) as server, client(retries=setting) as sender:
        assert sender.send(get(server.url)).attempts == attempts
    assert len(server.requests) == attempts
    assert [wait <= 0.5 * 2**position for position, wait in enumerate(waits)] == [True] * (attempts - 1)


def test_waits_that_the_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest, "sleep", waits.append)
    script = [
        answer(b"", 429, "Retry-After: 20"),
        answer(b"", 429, f"X-Rate-Limit-Retry: {int(time.time()) + 30}"),
        answer(b"", 503, "Retry-After: 2"),
        answer(b"", 503, "Retry-After: 99999"),
    ]
    with serving(*script) as server, client(retries=10) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts) == (503, 4)
    assert [20 <= waits[0] < 21, 28 <= waits[1] < 31, 2 <= waits[2] < 3] == [True] * 3
    assert len(waits) == 3


@pytest.mark.parametrize("header", ["Retry-After: 99999", "Retry-After: 5", "Retry-After: 59"])
def test_no_wait_passes_the_deadline(header: str) -> None:
    begun = time.monotonic()
    with serving(answer(BODY, 429, header)) as server, client() as sender:
        found = sender.send(post(server.url), 2)
        assert (found.status, found.data, found.attempts, len(server.requests)) == (429, BODY, 1, 1)
    assert time.monotonic() - begun < SLACK


@pytest.mark.parametrize(
    ("first", "reached"), [(raw(b"", then="reset"), True), (answer(b"", 503), True), (answer(b"", 429), False)]
)
@pytest.mark.parametrize("streaming", [False, True])
def test_last_failure_counts_but_the_first_is_not_forgotten(
    first: Any, reached: bool, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first try the host is gone."""
    original = rest._exchange

    def exchange(call: Any, pools: Any, pool: Any) -> Any:
        if call.attempts > 1:
            call.origin = gone
            pool = pools.get(gone, streaming=streaming)
        return original(call, pools, pool)

    gone = f"http://localhost:{free_port()}"
    monkeypatch.setattr(rest, "_exchange", exchange)
    with serving(first) as server, client(retries=AT_ONCE) as sender:
        with pytest.raises(ApiConnectionException) as caught:
            (sender.stream if streaming else sender.send)(get(server.url))
        assert "Connection refused" in str(caught.value)
        assert (caught.value.attempts, len(server.requests)) == (3, 1)
        assert caught.value.may_have_reached_server is reached
        assert ("it may have been carried out" if reached else "nothing was carried out") in str(caught.value)


def test_budget_of_a_failing_service_runs_out() -> None:
    with serving(answer(b"", 503)) as server, client(retries=AT_ONCE) as sender:
        attempts = [sender.send(get(server.url)).attempts for _ in range(60)]
    assert attempts == [3] * 50 + [1] * 10
    assert len(server.requests) == 160


def test_budget_recovers_with_the_service() -> None:
    script = [answer(b"", 503)] * 160 + [answer(BODY)] * 5 + [answer(b"", 503)] * 9
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        for _ in range(60):
            sender.send(get(server.url))
        for _ in range(5):
            assert sender.send(get(server.url)).status == 200
        assert [sender.send(get(server.url)).attempts for _ in range(2)] == [2, 1]


# -- deadlines --------------------------------------------------------------------------------------------------------

DRIPS: dict[str, Any] = {
    "silence": raw(b"", then="hang"),
    "status line": drip(b"HTTP/1.1 200 " + b"x" * 1000),
    "headers": drip(head(200, *[f"X-{number}: y" for number in range(90)])),
    "interim answers": drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.001),
    "body": drip(b"x" * 1000, first=head(200, "Content-Length: 1000")),
    "body without length": drip(b"x" * 1000, first=head(200)),
    "chunks": drip(b"1\r\nx\r\n" * 1000, first=head(200, "Transfer-Encoding: chunked")),
    "compressed body": drip(gzip.compress(LONG), first=head(200, "Content-Encoding: gzip", "Content-Length: 9999")),
    "body that stops": raw(full(BODY)[:-1], then="hang"),
}


@pytest.mark.parametrize("build", [get, post])
@pytest.mark.parametrize("mode", DRIPS)
def test_deadline(mode: str, build: Callable[..., Any]) -> None:
    with serving(DRIPS[mode], answer(BODY)) as server, client(retries=AT_ONCE) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(build(server.url), 0.3)
        assert 0.25 < time.monotonic() - begun < 0.3 + SLACK
        error = caught.value
        assert (len(server.requests), error.attempts) == (1, 1)
        assert error.may_have_reached_server is True
        assert "within 0.3 s" in str(error)
        assert error.__cause__ is not None
        assert error.status == (200 if mode.startswith(("body", "chunks", "compressed")) else 0)
        check_text(error)
        assert sender.send(post(server.url)).data == BODY


def test_deadline_when_the_server_does_not_read() -> None:
    with serving(never_read) as server, client(retries=AT_ONCE, connect_timeout=0.1) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(get(server.url, method="PUT", body=LONG), 0.6)
        assert 0.55 < time.monotonic() - begun < 0.6 + SLACK
        assert caught.value.may_have_reached_server is True
        assert server.connections == 1


def test_slow_uploads_are_not_bound_by_the_connect_timeout() -> None:
    def read_slowly(peer: Peer) -> bool:
        peer.buffer += peer.receive()
        peer.wait(0.5)
        peer.request()
        peer.wait(0.3)
        peer.send(full(BODY))
        return True

    with serving(read_slowly) as server, client(connect_timeout=0.1, retries=0) as sender:
        assert sender.send(post(server.url, body=LONG[:8_000_000])).data == BODY


def test_deadline_covers_all_tries() -> None:
    script = [answer(b"", 503, after=0.2), raw(b"", then="reset"), answer(b"", 503, after=0.2), raw(b"", then="hang")]
    with serving(*script) as server, client(retries=RetryPolicy(max_retries=9, backoff=0.01)) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(get(server.url), 1)
        assert 0.95 < time.monotonic() - begun < 1 + SLACK
        assert (caught.value.attempts, len(server.requests)) == (4, 4)


def test_error_that_drips_still_has_its_status() -> None:
    slow = drip(b"x" * 1000, first=head(500, "Content-Length: 1000"))
    with serving(slow) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(get(server.url), 0.3)
        assert (found.status, found.attempts, len(server.requests)) == (500, 1, 1)


def test_configured_deadline() -> None:
    with serving(raw(b"", then="hang")) as server, client(timeout=0.3) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException):
            sender.send(post(server.url))
        assert time.monotonic() - begun < 0.3 + SLACK


def test_waiting_for_a_connection_has_a_deadline_too() -> None:
    with serving(answer(BODY, after=0.8), answer(BODY)) as server, client(connection_pool_maxsize=1) as sender:
        thread = threading.Thread(target=lambda: sender.send(post(server.url)))
        thread.start()
        while not server.requests:
            time.sleep(0.01)
        begun = time.monotonic()
        with pytest.raises(
            ApiTimeoutException, match=r"no free connection within 0\.3 s; nothing was carried out"
        ) as caught:
            sender.send(post(server.url), 0.3)
        assert time.monotonic() - begun < 0.3 + SLACK
        assert (caught.value.may_have_reached_server, len(server.requests)) == (False, 1)
        thread.join()
        assert sender.send(post(server.url)).data == BODY


@pytest.mark.parametrize("moment", ["sending", "reading"])
def test_interrupts_leave_nothing_behind(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle: the half-read connection is closed, its place is free."""
    with serving(answer(BODY)) as server, client(connection_pool_maxsize=1, retries=0) as sender:
        sender.send(post(server.url))
        original = connection.Attempt.seconds
        calls: list[None] = []

        def seconds(self: Any) -> float:
            calls.append(None)
            if len(calls) == (1 if moment == "sending" else 2):
                raise KeyboardInterrupt
            return original(self)

        monkeypatch.setattr(connection.Attempt, "seconds", seconds)
        with pytest.raises(KeyboardInterrupt):
            sender.send(post(server.url))
        monkeypatch.setattr(connection.Attempt, "seconds", original)
        assert connection._current.attempt is None
        assert sender.send(post(server.url), 2).data == BODY
        assert server.connections == 2


def test_bugs_are_not_taken_for_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any) -> float:
        raise AttributeError("bug")

    with serving(answer(BODY)) as server, client(connection_pool_maxsize=1) as sender:
        monkeypatch.setattr(connection.Attempt, "seconds", broken)
        with pytest.raises(AttributeError, match="bug"):
            sender.send(post(server.url))
        monkeypatch.undo()
        assert sender.send(post(server.url), 2).data == BODY


# -- everything at random ---------------------------------------------------------------------------------------------


def test_interim_answers_are_not_the_answer() -> None:
    interim = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    )
    with serving(raw(interim + full(BODY), then="keep")) as server, client() as sender:
        for _ in range(2):
            found = sender.send(post(server.url))
            assert (found.status, found.data, found.headers.get("Link")) == (200, BODY, None)
        assert server.connections == 1


VALID = [full(BODY), full(gzip.compress(BODY), 200, "Content-Encoding: gzip"), full(BODY, 500), CHUNKS]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda junk: b"HTTP/1.1 200 OK\r\n" + junk)
    | st.tuples(st.sampled_from(VALID), st.integers(0, 150), st.binary(max_size=4)).map(
        lambda given: given[0][: given[1]] + given[2] + given[0][given[1] + len(given[2]) :]
    )
)
def test_any_bytes(data: bytes) -> None:
    """Whatever a server sends: an answer, or an exception of this package, and soon."""
    with serving(raw(data), answer(BODY)) as server, client(retries=AT_ONCE, timeout=5) as sender:
        try:
            found = sender.send(post(server.url))
        except ApiException as error:
            assert error.may_have_reached_server  # noqa: PT017
            check_text(error)
        else:
            assert isinstance(found.data, bytes)
            assert found.attempts == 1
        assert len(server.requests) == 1
        assert sender.send(get(server.url)).data == BODY


OUTCOMES: dict[str, tuple[Any, bool]] = {
    # behaviour, whether a request that must not be repeated may go out again
    "ok": (answer(BODY), False),
    "429": (answer(b"", 429), True),
    "503": (answer(b"", 503), False),
    "500 slow": (answer(b"", 500, after=0.05), False),
    "404": (answer(b"", 404), False),
    "reset": (raw(b"", then="reset"), False),
    "closed": (raw(b""), False),
    "cut off": (raw(full(BODY)[:-1]), False),
    "hang": (raw(b"", then="hang"), False),
    "drip": (drip(full(BODY), 0.02), False),
    "wait": (answer(b"", 429, "Retry-After: 1"), True),
    "no HTTP": (raw(b"nonsense\r\n"), False),
}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=6),
    st.booleans(),
    st.integers(0, 4),
)
def test_any_sequence_of_failures(outcomes: list[str], repeatable: bool, retries: int) -> None:
    """Never more requests than allowed, never past the deadline, never a second send of what must not be repeated."""
    script = [OUTCOMES[name][0] for name in outcomes]
    with serving(*script) as server, client(retries=RetryPolicy(max_retries=retries, backoff=0.01)) as sender:
        begun = time.monotonic()
        try:
            attempts = sender.send(get(server.url) if repeatable else post(server.url), 0.3).attempts
        except ApiException as error:
            attempts = error.attempts
        assert time.monotonic() - begun < 0.3 + SLACK
    assert attempts == len(server.requests) <= retries + 1
    if not repeatable:
        names = [outcomes[min(turn, len(outcomes) - 1)] for turn in range(len(server.requests))]
        assert all(OUTCOMES[name][1] for name in names[:-1])
