"""Connections that do not come about, and those that went stale."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import answer, black_hole, free_port, full, raw, serving
from transport_calls import AT_ONCE, BODY, SLACK, check_text, client, get, post

from voucherify import connection
from voucherify.exceptions import ApiConnectionException, ApiTimeoutException
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable


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
