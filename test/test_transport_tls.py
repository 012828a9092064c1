"""TLS: who is trusted, and what goes wrong on the way."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hostile_server import Peer, answer, drip, full, never_read, raw, reset_at_once, reset_in_body, serving
from transport_calls import AT_ONCE, BODY, LONG, SLACK, client, forking, get, in_child, post

from voucherify import pools
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ApiValueError,
    UnreadableResponseException,
)

if TYPE_CHECKING:
    from certificates import Certificates


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
        client(ssl_ca_cert=certificates.file, connect_timeout=1) as sender,
    ):
        begun = time.monotonic()
        with pytest.raises(ApiTimeoutException) as caught:
            sender.send(get(server.url, method="PUT", body=LONG), 2)
        assert 1.95 < time.monotonic() - begun < 2 + SLACK
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
