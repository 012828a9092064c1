"""Answers that do not come, break off or are no HTTP: the right exception, and nothing sent twice."""

from __future__ import annotations

import copy
import gzip
import pickle
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import answer, full, head, raw, reset_at_once, reset_in_body, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transport_calls import AT_ONCE, BODY, LONG, check_text, client, get, post
from urllib3.exceptions import ProxyError

from voucherify.exceptions import ApiConnectionException, ApiException, UnreadableResponseException
from voucherify.failures import explain

if TYPE_CHECKING:
    from hostile_server import Peer

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


def test_interim_answers_are_not_the_answer() -> None:
    interim = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    )
    with serving(raw(interim + full(BODY), then="keep")) as server, client() as sender:
        for _ in range(2):
            found = sender.send(post(server.url))
            assert (found.status, found.data, found.headers.get("Link")) == (200, BODY, None)
        assert server.connections == 1


def test_causes_that_refer_to_each_other() -> None:
    first, second = OSError(), ValueError("SECRET")
    first.__cause__, second.__cause__ = second, first
    assert explain(first).text == "what the server sent is no HTTP"
    assert explain(RuntimeError("SECRET")).text == "the connection failed"
    assert explain(ProxyError("SECRET", RuntimeError())).text == "the proxy failed"


CHUNKS = head(200, "Transfer-Encoding: chunked") + b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"


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
