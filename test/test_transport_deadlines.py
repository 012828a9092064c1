"""Calls end in time, and interrupted ones leave nothing behind."""

from __future__ import annotations

import gzip
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import answer, drip, full, head, never_read, raw, serving
from transport_calls import AT_ONCE, BODY, LONG, SLACK, check_text, client, get, post

from voucherify import attempt
from voucherify.exceptions import ApiTimeoutException
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile_server import Peer

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
        original = attempt.Attempt.seconds
        calls: list[None] = []

        def seconds(self: Any) -> float:
            calls.append(None)
            if len(calls) == (1 if moment == "sending" else 2):
                raise KeyboardInterrupt
            return original(self)

        monkeypatch.setattr(attempt.Attempt, "seconds", seconds)
        with pytest.raises(KeyboardInterrupt):
            sender.send(post(server.url))
        monkeypatch.setattr(attempt.Attempt, "seconds", original)
        assert attempt._current.attempt is None
        assert sender.send(post(server.url), 2).data == BODY
        assert server.connections == 2


def test_bugs_are_not_taken_for_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any) -> float:
        raise AttributeError("bug")

    with serving(answer(BODY)) as server, client(connection_pool_maxsize=1) as sender:
        monkeypatch.setattr(attempt.Attempt, "seconds", broken)
        with pytest.raises(AttributeError, match="bug"):
            sender.send(post(server.url))
        monkeypatch.undo()
        assert sender.send(post(server.url), 2).data == BODY
