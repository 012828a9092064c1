"""TLS and proxies: who is trusted, and who gets to see what."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
import warnings
from base64 import b64decode
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import urllib3
from hostile_server import (
    Peer,
    answer,
    drip,
    full,
    never_read,
    raw,
    relay,
    reset_at_once,
    reset_in_body,
    serving,
    tunnel,
)
from transport_calls import client, forking, get, in_child, post

from voucherify import pools
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ApiValueError,
    UnreadableResponseException,
)
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

BODY = b'{"object": "event"}'
AT_ONCE = RetryPolicy(max_retries=2, backoff=0)
LONG = b"x" * 20_000_000


class Certificates:
    """An authority, and what it certifies."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.pem = self.authority.cert_pem.bytes().decode()
        self.file = str(folder / "ca.pem")
        self.authority.cert_pem.write_to_path(self.file)
        client_certificate = self.authority.issue_cert("client@example.com")
        self.client_file, self.client_key = str(folder / "client.pem"), str(folder / "client.key")
        client_certificate.cert_chain_pems[0].write_to_path(self.client_file)
        client_certificate.private_key_pem.write_to_path(self.client_key)

    def context(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*(names or ("localhost",))).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


# -- whom to trust ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["file", "path", "text", "bytes", "der", "folder"])
def test_certificates_to_trust(certificates: Certificates, form: str, tmp_path: Path) -> None:
    if form == "folder":  # OpenSSL finds certificates in folders by a hash of their subject
        command = shutil.which("openssl")
        if command is None:
            pytest.skip("needs the openssl command")
        arguments = [command, "x509", "-hash", "-noout", "-in", certificates.file]
        name = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / f"{name}.0").write_text(certificates.pem)
        trusted: Any = str(tmp_path)
    else:
        trusted = {
            "file": certificates.file,
            "path": Path(certificates.file),
            "text": certificates.pem,
            "bytes": certificates.pem.encode(),
            "der": ssl.PEM_cert_to_DER_cert(certificates.pem),
        }[form]
    with serving(answer(BODY), tls=certificates.context()) as server, client(ssl_ca_cert=trusted) as sender:
        for _ in range(2):
            assert sender.send(post(server.url)).data == BODY
        assert server.connections == 1


def test_unknown_authorities_are_not_trusted(certificates: Certificates) -> None:
    with serving(answer(BODY), tls=certificates.context()) as server, client(retries=AT_ONCE) as sender:
        with pytest.raises(ApiConnectionException, match="certificate was not accepted: ") as caught:
            sender.send(post(server.url))
        assert server.connections == 1
        assert server.requests == []
    assert (caught.value.may_have_reached_server, caught.value.attempts, caught.value.status) == (False, 1, 0)


@pytest.mark.parametrize("names", [("other.example",), ("sub.localhost",)])
def test_certificates_of_other_hosts_are_not_trusted(certificates: Certificates, names: tuple[str, ...]) -> None:
    tls = certificates.context(*names)
    with serving(answer(BODY), tls=tls) as server, client(ssl_ca_cert=certificates.file, retries=AT_ONCE) as sender:
        with pytest.raises(ApiConnectionException, match="certificate"):
            sender.send(post(server.url))
        assert (server.connections, server.requests) == (1, [])


def test_another_name_to_expect(certificates: Certificates) -> None:
    tls = certificates.context("other.example")
    with serving(answer(BODY), tls=tls) as server:
        for settings in (
            {"assert_hostname": "other.example"},
            {"assert_hostname": False},
            {"tls_server_name": "other.example"},
        ):
            with client(ssl_ca_cert=certificates.file, **settings) as sender:
                assert sender.send(post(server.url)).data == BODY
        for settings in ({"assert_hostname": "third.example"}, {"assert_hostname": True}, {"assert_hostname": None}):
            with (
                client(ssl_ca_cert=certificates.file, retries=AT_ONCE, **settings) as sender,
                pytest.raises(ApiConnectionException, match="certificate"),
            ):
                sender.send(post(server.url))
        assert len(server.requests) == 3
        assert server.connections == 6


def test_name_that_is_sent(certificates: Certificates) -> None:
    tls, names = certificates.context("localhost", "other.example"), []
    tls.sni_callback = lambda _sock, name, _context: names.append(name)
    with serving(answer(BODY), tls=tls) as server:
        for settings in ({}, {"tls_server_name": "other.example"}):
            with client(ssl_ca_cert=certificates.file, **settings) as sender:
                sender.send(post(server.url))
    assert names == ["localhost", "other.example"]


def test_verification_can_be_switched_off_but_not_in_silence(certificates: Certificates) -> None:
    with serving(answer(BODY), tls=certificates.context("other.example")) as server, client(verify_ssl=False) as sender:
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert sender.send(post(server.url)).data == BODY
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(urllib3.exceptions.InsecureRequestWarning):
                sender.send(post(server.url))
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert sender.send(post(server.url)).data == BODY


def test_client_certificates(certificates: Certificates) -> None:
    tls = certificates.context()
    tls.verify_mode = ssl.CERT_REQUIRED
    certificates.authority.configure_trust(tls)
    own = {"cert_file": certificates.client_file, "key_file": certificates.client_key}
    with serving(answer(BODY), tls=tls) as server:
        with client(ssl_ca_cert=certificates.file, **own) as sender:
            assert sender.send(post(server.url)).data == BODY
        with client(ssl_ca_cert=certificates.file, retries=0) as sender, pytest.raises(ApiConnectionException):
            sender.send(post(server.url))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"ssl_ca_cert": "/nowhere/ca.pem"},
        {"ssl_ca_cert": "-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----"},
        {"ssl_ca_cert": b"SECRET"},
        {"ssl_ca_cert": b"\xff-----BEGIN"},
        {"cert_file": "/nowhere/client.pem"},
    ],
)
def test_files_that_cannot_be_used(settings: dict[str, Any]) -> None:
    with client(**settings) as sender, pytest.raises(ApiValueError, match="can't be used"):
        sender.send(post("https://localhost:1"))


def test_keys_with_a_password_do_not_ask_for_it(certificates: Certificates, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    with open(certificates.client_key, "rb") as file:  # noqa: PTH123
        key = serialization.load_pem_private_key(file.read(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    settings = {"cert_file": certificates.client_file, "key_file": str(locked)}
    with client(**settings) as sender, pytest.raises(ApiValueError, match="password"):
        sender.send(post("https://localhost:1"))


def test_http_needs_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "tls_context", None)
    with serving(answer(BODY)) as server, client(ssl_ca_cert="/nowhere") as sender:
        assert sender.send(post(server.url)).data == BODY


def test_one_context_serves_all_connections(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    original = pools.tls_context
    monkeypatch.setattr(pools, "tls_context", lambda *a, **k: made.append(original(*a, **k)) or made[-1])
    with serving(raw(full(BODY, 200, "Connection: close")), tls=certificates.context()) as server:
        with client(ssl_ca_cert=certificates.file) as sender:
            for _ in range(3):
                sender.send(post(server.url))
            sender.stream(post(server.url)).read()
        assert (server.connections, len(made)) == (4, 1)


# -- failures over TLS ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [
        drip(b"HTTP/1.1 200 " + b"x" * 500),
        drip(full(b"x" * 500)),
        raw(b"", then="hang"),
        raw(full(BODY)[:-1], then="hang"),
    ],
)
def test_deadline(certificates: Certificates, behaviour: Any) -> None:
    with (
        serving(behaviour, answer(BODY), tls=certificates.context()) as server,
        client(ssl_ca_cert=certificates.file, retries=AT_ONCE) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(get(server.url), 0.5)
        assert 0.45 < time.monotonic() - begun < 1.1
        assert caught.value.may_have_reached_server
        assert sender.send(get(server.url)).data == BODY


def test_deadline_when_the_server_does_not_read(certificates: Certificates) -> None:
    with (
        serving(never_read, tls=certificates.context()) as server,
        client(ssl_ca_cert=certificates.file, connect_timeout=0.3) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(get(server.url, method="PUT", body=LONG), 0.6)
        assert 0.55 < time.monotonic() - begun < 1.2
        assert caught.value.may_have_reached_server
        assert server.connections == 1


def test_handshake_that_drips(certificates: Certificates) -> None:
    """Each byte comes in time, but a handshake has thousands."""

    def behave(peer: Peer) -> bool:
        with socket.create_connection(("localhost", server.port)) as upstream:
            upstream.sendall(peer.receive())
            while True:
                for byte in upstream.recv(65536):
                    peer.send(bytes([byte]))
                    peer.wait(0.01)

    with (
        serving(answer(BODY), tls=certificates.context()) as server,
        serving(behave) as slow,
        client(ssl_ca_cert=certificates.file, retries=0) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(post(slow.url.replace("http:", "https:")), (0.5, 10))
        assert 0.45 < time.monotonic() - begun < 1.1
        assert not caught.value.may_have_reached_server


def answer_in_the_clear(peer: Peer) -> bool:
    peer.receive()
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    return False


@pytest.mark.parametrize("behaviour", [answer_in_the_clear, reset_at_once, reset_in_body])
def test_handshakes_that_fail_are_tried_again(certificates: Certificates, behaviour: Any) -> None:
    with serving(behaviour) as server, client(ssl_ca_cert=certificates.file, retries=AT_ONCE) as sender:
        with pytest.raises(ApiConnectionException, match=r"TLS failed|reset|closed") as caught:
            sender.send(post(server.url.replace("http:", "https:")))
        assert (server.connections, caught.value.attempts) == (3, 3)
        assert not caught.value.may_have_reached_server


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (raw(b""), ApiConnectionException),
        (raw(b"", then="reset"), ApiConnectionException),
        (reset_in_body, ApiConnectionException),
        (raw(full(BODY)[:-1]), UnreadableResponseException),
        (raw(full(BODY)[:-1], then="reset"), UnreadableResponseException),
    ],
)
def test_broken_connections(certificates: Certificates, behaviour: Any, kind: type[ApiException]) -> None:
    with (
        serving(behaviour, answer(BODY), tls=certificates.context()) as server,
        client(ssl_ca_cert=certificates.file, retries=AT_ONCE) as sender,
    ):
        with pytest.raises(kind) as caught:
            sender.send(post(server.url, body=LONG if behaviour is reset_in_body else b"{}"))
        assert type(caught.value) is kind
        assert server.connections == 1
        assert caught.value.may_have_reached_server
        assert sender.send(post(server.url)).data == BODY


def test_large_bodies_over_tls(certificates: Certificates) -> None:
    packed = gzip.compress(LONG)
    with serving(answer(packed, 200, "Content-Encoding: gzip"), tls=certificates.context()) as server:
        with client(ssl_ca_cert=certificates.file) as sender:
            assert sender.send(post(server.url, body=LONG)).data == LONG
        assert server.requests[0].body == LONG


@forking
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_leaves_the_connections_of_the_parent_alone(certificates: Certificates) -> None:
    with (
        serving(answer(BODY), tls=certificates.context()) as server,
        client(ssl_ca_cert=certificates.file) as sender,
    ):
        sender.send(post(server.url))
        inherited = [sock for sock in sender._pools().sockets if sock.fileno() >= 0]
        assert [type(sock) for sock in inherited] == [ssl.SSLSocket]

        def work() -> None:
            assert sender.send(post(server.url)).data == BODY
            assert inherited[0].fileno() == -1
            sender.close()

        in_child(work)
        assert sender.send(post(server.url)).data == BODY
        assert [received.connection for received in server.requests] == [0, 1, 0]


# -- proxies ----------------------------------------------------------------------------------------------------------


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


# -- proxies of the environment ----------------------------------------------------------------------------------------


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


# -- SOCKS ------------------------------------------------------------------------------------------------------------


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
