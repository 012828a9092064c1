"""Answers that the caller reads."""

from __future__ import annotations

import gzip

import pytest
import urllib3
from hostile_server import answer, drip, head, raw, serving
from transport_calls import BODY, client, get, post

from voucherify.exceptions import ApiException
from voucherify.retry import RetryPolicy


@pytest.mark.parametrize("status", [200, 404, 500])
def test_stream(status: int) -> None:
    with serving(answer(BODY, status)) as server, client(retries=0) as sender:
        for _ in range(2):
            response = sender.stream(get(server.url))
            assert isinstance(response, urllib3.BaseHTTPResponse)
            assert response.fileno() > 0
            assert (response.status, response.read()) == (status, BODY)
            response.release_conn()
        response = sender.stream(get(server.url))
        assert response.data == BODY
    assert server.connections == 1


def test_stream_decompresses() -> None:
    with serving(answer(gzip.compress(BODY), 200, "Content-Encoding: gzip")) as server, client() as sender:
        response = sender.stream(get(server.url))
        assert b"".join(response.stream(4)) == BODY
        response.release_conn()


def test_streams_that_are_never_read_stop_nobody() -> None:
    with serving(answer(b"x" * 100_000)) as server, client(connection_pool_maxsize=1, timeout=3) as sender:
        responses = [sender.stream(get(server.url)) for _ in range(5)]
        assert len(sender.send(get(server.url)).data) == 100_000
        for response in responses:
            response.close()


def test_stream_is_tried_again() -> None:
    script = [answer(b"", 503), answer(BODY)]
    with serving(*script) as server, client(retries=RetryPolicy(backoff=0)) as sender:
        response = sender.stream(get(server.url))
        assert (response.status, response.data) == (200, BODY)
    assert len(server.requests) == 2


def test_stream_fails_like_the_rest() -> None:
    with serving(raw(b"", then="reset")) as server, client() as sender:
        with pytest.raises(ApiException) as caught:
            sender.stream(post(server.url))
        assert caught.value.may_have_reached_server
        assert len(server.requests) == 1


def test_stream_keeps_to_the_deadline_while_it_is_read() -> None:
    with serving(drip(b"x" * 1000, first=head(200, "Content-Length: 1000"))) as server, client() as sender:
        response = sender.stream(get(server.url), 0.3)
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            response.read()
        response.release_conn()
