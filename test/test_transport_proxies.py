"""Proxies: which one is used, and what it gets to see."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hostile_server import Peer, answer, drip, raw, serving, tunnel
from transport_calls import AT_ONCE, BODY, client, post

from voucherify.exceptions import ApiConnectionException, ApiTimeoutException, ApiValueError

if TYPE_CHECKING:
    from collections.abc import Callable

    from certificates import Certificates


# -- proxies that are configured --------------------------------------------------------------------------------------


def test_http_through_a_proxy() -> None:
    with serving(answer(BODY)) as proxy:
        settings = {"proxy": f"http://localhost:{proxy.port}", "proxy_headers": {"X-Proxy": "1"}}
        with client(**settings) as sender:
            request = post("http://api.example:8080")
            request.url += "?a=%2F"
            for _ in range(2):
                assert sender.send(request).data == BODY
        received = proxy.requests[0]
        assert proxy.connections == 1
        assert (received.method, received.target) == ("POST", "http://api.example:8080/v1/thing?a=%2F")
        assert (received.header("Host"), received.header("X-Proxy")) == ("api.example:8080", "1")
        assert received.header("X-App-Token") == "SECRET-token"
        assert request.headers == {"X-App-Token": "SECRET-token"}


@pytest.mark.parametrize("with_scheme", [True, False])
def test_https_through_a_proxy(certificates: Certificates, with_scheme: bool) -> None:
    with serving(answer(BODY), tls=certificates.context()) as server, serving(tunnel) as proxy:
        user = "na%40me:pass%3Aw%C3%B6rd@"
        url = f"{'http://' if with_scheme else ''}{user}localhost:{proxy.port}"
        settings = {"proxy": url, "proxy_headers": {"X-Proxy": "1"}, "ssl_ca_cert": certificates.file}
        with client(**settings) as sender:
            for _ in range(2):
                assert sender.send(post(server.url)).data == BODY
            (manager,) = sender._pools()._managers.values()
            assert manager.proxy is not None
            assert manager.proxy.auth is None  # so that no text of urllib3 can show it
        (connect,) = proxy.requests
        assert (connect.method, connect.target) == ("CONNECT", f"localhost:{server.port}")
        assert connect.header("X-Proxy") == "1"
        scheme, _, token = (connect.header("Proxy-Authorization") or "").partition(" ")
        assert (scheme, b64decode(token).decode()) == ("Basic", "na@me:pass:wörd")
        assert "SECRET" not in str(connect)
        assert [received.header("Proxy-Authorization") for received in server.requests] == [None, None]
        assert [received.header("X-Proxy") for received in server.requests] == [None, None]
        assert server.requests[0].target == "/v1/thing"


def test_proxy_over_tls(certificates: Certificates) -> None:
    tls = certificates.context()
    with (
        serving(answer(BODY), tls=certificates.context("api.example", "localhost")) as server,
        serving(tunnel_over_tls, answer(BODY), tls=tls) as proxy,
    ):
        with client(proxy=f"https://localhost:{proxy.port}", ssl_ca_cert=certificates.file) as sender:
            assert sender.send(post(server.url)).data == BODY
            assert sender.send(post("http://api.example")).data == BODY
        assert [received.target for received in proxy.requests] == [
            f"localhost:{server.port}",
            "http://api.example/v1/thing",
        ]


def tunnel_over_tls(peer: Peer, send_back: Callable[[Peer, bytes], None] = Peer.send) -> bool:
    host, _, port = peer.request().target.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        peer.sock.settimeout(0.02)
        upstream.settimeout(0.02)
        while not peer.server.stopping.is_set():
            for source, send in ((peer.sock, upstream.sendall), (upstream, partial(send_back, peer))):
                try:
                    data = source.recv(65536)
                except TimeoutError:
                    continue
                except OSError:
                    return False
                if not data:
                    return False
                send(data)
    return False


@pytest.mark.parametrize(("swift", "reached"), [(0, False), (1600, True)], ids=["handshake", "answer"])
def test_tls_within_tls_that_drips(certificates: Certificates, swift: int, reached: bool) -> None:
    """A proxy passes on, after `swift` bytes of the host, a byte at a time."""

    passed: list[int] = []

    def drip_back(peer: Peer, data: bytes) -> None:
        for byte in data:
            peer.send(bytes([byte]))
            passed.append(byte)
            if len(passed) > swift:
                peer.wait(0.1)

    with (
        serving(answer(b"x" * 300), tls=certificates.context()) as server,
        serving(lambda peer: tunnel_over_tls(peer, drip_back), tls=certificates.context()) as proxy,
        client(proxy=f"https://localhost:{proxy.port}", ssl_ca_cert=certificates.file, retries=0) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post(server.url), 1)
        assert 0.95 < time.monotonic() - begun < 5
        assert caught.value.may_have_reached_server is reached


def test_proxies_over_tls_are_verified_too(certificates: Certificates) -> None:
    with serving(answer(BODY), tls=certificates.context("other.example")) as proxy:
        settings = {
            "proxy": f"https://localhost:{proxy.port}",
            "ssl_ca_cert": certificates.file,
            "assert_hostname": False,
        }
        with client(retries=0, **settings) as sender:
            for url in ("http://api.example", "https://api.example"):
                with pytest.raises(ApiConnectionException, match="certificate"):
                    sender.send(post(url))
        assert proxy.requests == []


@pytest.mark.parametrize("status", [407, 403, 502])
def test_proxy_that_refuses(certificates: Certificates, status: int) -> None:
    refusal = raw(f"HTTP/1.1 {status} SECRET\r\nContent-Length: 0\r\n\r\n".encode())
    with serving(refusal) as proxy:
        url = f"http://user:SECRET@localhost:{proxy.port}"
        with (
            client(proxy=url, retries=AT_ONCE, ssl_ca_cert=certificates.file) as sender,
            pytest.raises(ApiConnectionException, match=f"proxy refused the tunnel with status {status}") as caught,
        ):
            sender.send(post("https://api.example"))
        assert (len(proxy.requests), caught.value.attempts) == (3, 3)
        assert not caught.value.may_have_reached_server
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_down(scheme: str) -> None:
    with (
        client(proxy="http://user:SECRET@localhost:1", retries=AT_ONCE) as sender,
        pytest.raises(ApiConnectionException, match="Connection refused") as caught,
    ):
        sender.send(post(f"{scheme}://api.example"))
    assert (caught.value.attempts, caught.value.may_have_reached_server) == (3, False)
    error: BaseException | None = caught.value
    while error is not None:
        assert "SECRET" not in repr(error)
        error = error.__cause__ or error.__context__


def test_proxy_that_drips(certificates: Certificates) -> None:
    with (
        serving(drip(b"HTTP/1.1 200 Connected\r\n" + b"X: y\r\n" * 100)) as proxy,
        client(proxy=f"http://localhost:{proxy.port}", retries=0, ssl_ca_cert=certificates.file) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post("https://api.example"), (0.4, 10))
        assert time.monotonic() - begun < 1.0
        assert not caught.value.may_have_reached_server


def test_answer_lost_behind_a_proxy() -> None:
    with serving(raw(b"", then="reset")) as proxy:
        with (
            client(proxy=f"http://localhost:{proxy.port}", retries=AT_ONCE) as sender,
            pytest.raises(ApiConnectionException) as caught,
        ):
            sender.send(post("http://api.example"))
        assert len(proxy.requests) == 1
        assert caught.value.may_have_reached_server


@pytest.mark.parametrize(
    "proxy", ["ftp://localhost", "http://", "http://[::1", "socks9://localhost", "http://localhost:x"]
)
def test_proxies_that_are_none(proxy: str) -> None:
    with client(proxy=proxy) as sender, pytest.raises(ApiValueError, match=r"(?i)proxy"):
        sender.send(post("http://api.example"))


# -- proxies of the environment ---------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if re.fullmatch(r"(?i).*_proxy|REQUEST_METHOD", name):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_proxy_of_the_environment(environment: pytest.MonkeyPatch, name: str) -> None:
    with serving(answer(BODY)) as proxy, client() as sender:
        environment.setenv(name, f"http://user:pass@localhost:{proxy.port}")
        assert sender.send(post("http://api.example")).data == BODY
        assert proxy.requests[0].header("Proxy-Authorization") == "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_proxy_of_the_environment_for_https(
    environment: pytest.MonkeyPatch, name: str, certificates: Certificates
) -> None:
    with serving(answer(BODY), tls=certificates.context()) as server, serving(tunnel) as proxy:
        environment.setenv(name, f"localhost:{proxy.port}")
        environment.setenv("http_proxy", "localhost:1")
        with client(ssl_ca_cert=certificates.file) as sender:
            assert sender.send(post(server.url)).data == BODY
        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    "pattern", ["localhost", "LOCALHOST", "other,localhost", "*", "localhost:{port}", ".localhost,localhost"]
)
def test_hosts_without_proxy(environment: pytest.MonkeyPatch, pattern: str) -> None:
    with serving(answer(BODY)) as server, client(retries=0) as sender:
        environment.setenv("HTTP_PROXY", "http://localhost:1")
        environment.setenv("NO_PROXY", pattern.format(port=server.port))
        assert sender.send(post(server.url)).data == BODY


def test_configured_proxy_wins(environment: pytest.MonkeyPatch) -> None:
    with serving(answer(BODY)) as proxy, client(proxy=f"http://localhost:{proxy.port}") as sender:
        environment.setenv("HTTP_PROXY", "http://localhost:1")
        environment.setenv("NO_PROXY", "*")
        assert sender.send(post("http://api.example")).data == BODY


def test_no_proxy_no_import(environment: pytest.MonkeyPatch) -> None:
    program = (
        "import sys; from voucherify.rest import RestClient; from voucherify.configuration import Configuration; "
        "from voucherify.pools import _proxy_of_environment as find; assert find('http', 'h') is None; "
        "sys.exit('urllib.request' in sys.modules or None)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    environment.setenv("no_proxy", "x")
    subprocess.run([sys.executable, "-c", program], check=True)
