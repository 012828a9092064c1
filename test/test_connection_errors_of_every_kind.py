"""Calls without an answer: errors that tell what happened and what may have, for every kind and in all three forms."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import full, head, never_read, raw, serving
from kinds import KEYS, client_of, every_kind, twins

from voucherify.exceptions import ApiConnectionException, ApiException, ApiTimeoutException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from certificates import Certificates
    from hostile_server import Peer

REFUSED, UNKNOWN, SLOW_CONNECT, SLOW, TLS, NO_TLS, RESET, CLOSED, NO_HTTP, BAD_STATUS = (
    "connection refused",
    "unknown host",
    "connect timeout",
    "read timeout",
    "certificate not trusted",
    "no TLS",
    "reset",
    "closed without an answer",
    "no HTTP",
    "status that is none",
)


def answer_in_clear(peer: Peer) -> bool:
    """What servers of plain HTTP say to a client that speaks TLS."""
    peer.receive()
    peer.send(head(400, "Connection: close"))
    return False


SENDING: dict[str, Callable[[Peer], bool]] = {
    SLOW: never_read,
    RESET: raw(b"", then="reset"),
    CLOSED: raw(b""),
    NO_HTTP: raw(b"\x15\x03\x01\x00\x02\x02\x50"),
    BAD_STATUS: raw(b"HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\n{}"),
    NO_TLS: answer_in_clear,
}
TEXTS = {
    REFUSED: "Connection refused",
    UNKNOWN: "the name of the host is unknown",
    SLOW_CONNECT: "it took too long",
    SLOW: "no answer within",
    TLS: "the certificate was not accepted",
    NO_TLS: "TLS failed",
    RESET: "Connection reset by peer",
    CLOSED: "the server closed the connection without an answer",
    NO_HTTP: "what the server sent is no HTTP",
    BAD_STATUS: "what the server sent is no HTTP",
}
NEVER_SENT = (REFUSED, UNKNOWN, SLOW_CONNECT, TLS, NO_TLS)
TIMEOUTS = (SLOW_CONNECT, SLOW)


@contextmanager
def full_queue() -> Iterator[str]:
    """A listener that the system accepts no further connection for."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    # One more is accepted until the system has counted those.
    probe = socket.socket()
    probe.settimeout(0.2)
    while probe.connect_ex(listener.getsockname()) == 0:
        fillers.append(probe)
        probe = socket.socket()
        probe.settimeout(0.2)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    for sock in (listener, probe, *fillers):
        sock.close()


@contextmanager
def failing(mode: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> Iterator[str]:
    """The URL of a server that fails in this way."""
    if mode == REFUSED:
        with socket.socket() as unused:  # bound, but not listening
            unused.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{unused.getsockname()[1]}"
    elif mode == UNKNOWN:
        resolve = socket.getaddrinfo

        def unknown(host: str, *arguments: Any, **keywords: Any) -> Any:
            if host == "unknown.invalid":  # no test leaves loopback, not even for a name
                raise socket.gaierror(socket.EAI_NONAME, "SENTINEL name")
            return resolve(host, *arguments, **keywords)

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        yield "http://unknown.invalid"
    elif mode == SLOW_CONNECT:
        with full_queue() as url:
            yield url
    elif mode == TLS:
        with serving(raw(full(b"{}")), tls=certificates.context()) as server:
            yield server.url
            assert server.requests == []
    else:
        with serving(SENDING[mode]) as server:
            yield server.url.replace("http:", "https:") if mode == NO_TLS else server.url


@every_kind
@pytest.mark.filterwarnings("ignore:.*http:UserWarning")
@pytest.mark.parametrize("mode", TEXTS)
def test_failures_on_the_way_are_errors_that_tell_what_may_have_happened(kind, mode, monkeypatch, certificates):
    timeout = {SLOW_CONNECT: (0.2, 20), SLOW: (20, 0.5)}.get(mode, 20)
    for form in ("", "_with_http_info", "_without_preload_content"):
        with failing(mode, monkeypatch, certificates) as url, client_of(url, retries=0) as client:
            with pytest.raises(ApiException, match=TEXTS[mode]) as caught:
                kind.call(client, form, _request_timeout=timeout)
            error = caught.value
            assert type(error) is (ApiTimeoutException if mode in TIMEOUTS else ApiConnectionException)
            assert error.may_have_reached_server is (mode not in NEVER_SENT)
            expected = "nothing was carried out" if mode in NEVER_SENT else "it may have been carried out"
            assert str(error).endswith(expected)
            assert (error.status, error.reason) == (0, "Timeout" if mode in TIMEOUTS else "Connection failed")
            assert (error.body, error.data, error.raw_data, dict(error.headers)) == (None, None, None, {})
            assert (error.method, error.attempts) == (kind.http_method, 1)
            assert error.path in str(error)
            assert isinstance(error.__cause__, Exception)
            for text in (str(error), repr(error)):
                assert text.isprintable()
                assert not any(secret in text for secret in ("SENTINEL", *KEYS.values(), "?"))
            for twin in twins(error):
                assert (type(twin), twin.__dict__, str(twin)) == (type(error), error.__dict__, str(error))
