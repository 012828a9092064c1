"""Proxies that speak SOCKS."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest
from hostile_server import Peer, answer, never_read, relay, serving
from transport_calls import AT_ONCE, BODY, client, post

from voucherify import pools
from voucherify.exceptions import ApiConnectionException, ApiTimeoutException, ApiValueError

if TYPE_CHECKING:
    from certificates import Certificates


def socks5(peer: Peer) -> bool:
    """A SOCKS 5 proxy that takes every user."""

    def take(count: int) -> bytes:
        while len(peer.buffer) < count:
            peer.buffer += peer.receive()
        taken, peer.buffer = peer.buffer[:count], peer.buffer[count:]
        return taken

    take(take(2)[1])
    peer.send(b"\x05\x02")
    user = take(take(2)[1])
    password = take(take(1)[0])
    peer.send(b"\x01\x00")
    kind = take(4)[3]
    host = take(take(1)[0]).decode() if kind == 3 else socket.inet_ntoa(take(4))
    (port,) = struct.unpack(">H", take(2))
    peer.server.requests.append((user, password, host))  # type: ignore[arg-type]
    with socket.create_connection(("localhost", port)) as upstream:
        peer.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        relay(peer.sock, upstream, peer.server.stopping)
    return False


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_socks(certificates: Certificates, scheme: str) -> None:
    pytest.importorskip("socks")
    tls = certificates.context("api.example") if scheme == "https" else None
    with serving(answer(BODY), tls=tls) as server, serving(socks5) as proxy:
        settings = {"proxy": f"socks5h://us%40er:pass@localhost:{proxy.port}", "ssl_ca_cert": certificates.file}
        with client(**settings) as sender:
            for _ in range(2):
                assert sender.send(post(f"{scheme}://api.example:{server.port}")).data == BODY
        assert proxy.requests == [(b"us@er", b"pass", "api.example")]
        assert server.connections == 1


def test_socks_and_tls_share_the_time_to_connect(certificates: Certificates) -> None:
    pytest.importorskip("socks")

    def slow_socks(peer: Peer) -> bool:
        peer.wait(0.3)
        return socks5(peer)

    with (
        serving(never_read) as server,
        serving(slow_socks) as proxy,
        client(proxy=f"socks5h://u:p@localhost:{proxy.port}", ssl_ca_cert=certificates.file, retries=0) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post(server.url.replace("http:", "https:")), (0.5, 10))
        assert 0.45 < time.monotonic() - begun < 0.75
        assert not caught.value.may_have_reached_server


def test_socks_that_drips() -> None:
    pytest.importorskip("socks")

    def behave(peer: Peer) -> bool:
        peer.receive()
        peer.send(b"\x05\x00")
        peer.receive()
        for byte in b"\x05\x00\x00\x03\xff" + b"x" * 255:
            peer.send(bytes([byte]))
            peer.wait(0.2)
        return True

    with serving(behave) as proxy, client(proxy=f"socks5h://localhost:{proxy.port}", retries=0) as sender:
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post("http://api.example"), (0.5, 30))
        assert 0.45 < time.monotonic() - begun < 5
        assert not caught.value.may_have_reached_server


def test_socks_that_is_down() -> None:
    pytest.importorskip("socks")
    with (
        client(proxy="socks5h://localhost:1", retries=AT_ONCE) as sender,
        pytest.raises(ApiConnectionException) as caught,
    ):
        sender.send(post("http://api.example"))
    assert (caught.value.attempts, caught.value.may_have_reached_server) == (3, False)


def test_socks_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "find_spec", lambda _name: None)
    with client(proxy="socks5h://localhost:1") as sender, pytest.raises(ApiValueError, match="PySocks"):
        sender.send(post("http://api.example"))
