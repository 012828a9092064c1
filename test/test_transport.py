"""Sending and receiving, while everything goes well."""

from __future__ import annotations

import gzip
import logging
import os
import pickle
import socket
import tracemalloc
import warnings
import zlib
from typing import Any

import pytest
import urllib3
from hostile_server import answer, drip, full, head, raw, serving
from transport_calls import client, configuration, get, post

from voucherify import rest
from voucherify.deadline import LONGEST, parse_timeout
from voucherify.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    ResponseTooLargeException,
    TooManyRequestsException,
    UnreadableResponseException,
)
from voucherify.rest import RestClient
from voucherify.retry import RetryPolicy

BODY = b'{"object": "event"}'


def test_exception_is_importable_from_here() -> None:
    assert rest.ApiException is ApiException


# -- what goes out ---------------------------------------------------------------------------------------------------


def test_request_goes_out_as_given() -> None:
    with serving(answer(BODY, 201, "X-One: 1", "x-two: 2")) as server, client() as sender:
        request = post(server.url, headers={"X-App-Id": "id", "Content-Type": "a/b", "User-Agent": "ua"})
        request.url = f"{server.url}/v1/a%2Fb?limit=1&filters%5Ba%5D=%C3%A9"
        kept = dict(request.headers)
        found = sender.send(request, None)
        assert request.headers == kept
    assert (found.status, found.reason, found.data, found.attempts) == (201, "Reason", BODY, 1)
    assert found.headers["X-TWO"] == "2"
    assert 0 < found.elapsed < 5
    (received,) = server.requests
    assert (received.method, received.target) == ("POST", "/v1/a%2Fb?limit=1&filters%5Ba%5D=%C3%A9")
    assert received.body == b'{"event":"e"}'
    assert sorted(received.headers) == [
        ("Accept-Encoding", "gzip, deflate"),
        ("Content-Length", "13"),
        ("Content-Type", "a/b"),
        ("Host", f"localhost:{server.port}"),
        ("User-Agent", "ua"),
        ("X-App-Id", "id"),
    ]


def test_accept_encoding_of_the_caller_wins() -> None:
    with serving(answer()) as server, client() as sender:
        sender.send(get(server.url, headers={"ACCEPT-encoding": "identity"}))
    assert [value for name, value in server.requests[0].headers if name.lower() == "accept-encoding"] == ["identity"]


@pytest.mark.parametrize("suffix", ["", "?a=1"])
def test_url_without_path(suffix: str) -> None:
    with serving(answer()) as server, client() as sender:
        request = get(server.url)
        request.url = server.url + suffix
        sender.send(request)
    assert server.requests[0].target == f"/{suffix}"


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 16384, b"x" * 16385, b"x" * 3_000_000])
def test_bodies_of_any_size(body: bytes) -> None:
    with serving(answer()) as server, client() as sender:
        for _ in range(2):
            sender.send(post(server.url, body=body))
    assert [received.body for received in server.requests] == [body, body]
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("body", [None, b"{}"])
def test_methods(method: str, body: bytes | None) -> None:
    script = raw(head(200, "Content-Length: 2"), then="keep") if method == "HEAD" else answer()
    with serving(script) as server, client() as sender:
        found = [sender.send(post(server.url, method=method, body=body)).data for _ in range(2)]
    assert found == ([b"", b""] if method == "HEAD" else [b"{}", b"{}"])
    assert [received.body for received in server.requests] == [body or b""] * 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/",
        "localhost/",
        "http://",
        "//localhost",
        "http://u:p@localhost/x",
        "http://[::1/",
        "http://a:b/",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    request = get("")
    request.url = url
    with client() as sender, pytest.raises(ApiValueError) as caught:
        sender.send(request)
    assert "p@" not in str(caught.value)


@pytest.mark.parametrize(
    "headers", [{"X-App-Token": "SECRET\r\nX: y"}, {"X-App-Token": "SECRET\u20ac"}, {"X\n": "SECRET"}]
)
def test_headers_that_are_none_are_not_shown(headers: dict[str, str]) -> None:
    with serving(answer()) as server, client() as sender:
        with pytest.raises(ApiValueError) as caught:
            sender.send(post(server.url, headers=headers))
        assert "SECRET" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert sender.send(post(server.url)).status == 200


# -- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 299, 301, 302, 303, 307, 308, 304, 400, 404, 418, 500, 999])
def test_any_status_is_an_answer(status: int) -> None:
    body = b"" if status == 304 else BODY
    with serving(answer(body, status, "Location: /elsewhere")) as server, client(retries=0) as sender:
        for _ in range(2):
            found = sender.send(get(server.url))
            assert (found.status, found.data) == (status, body)
    assert len(server.requests) == 2
    assert server.connections == 1


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x;a=b\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return head(200, "Transfer-Encoding: chunked") + framed


@pytest.mark.parametrize(
    ("data", "reused"),
    [
        (full(BODY), True),
        (head(204), True),
        (head(200, "Content-Length: 0"), True),
        (chunked(BODY[:5], BODY[5:]), True),
        (chunked(), True),
        (head(200) + BODY, False),
        (head(200, "Connection: close", f"Content-Length: {len(BODY)}") + BODY, False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + full(BODY), True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 19\r\n\r\n" + BODY, False),
    ],
)
def test_framings(data: bytes, reused: bool) -> None:
    with serving(raw(data, then="keep" if reused else "close")) as server, client(retries=0) as sender:
        found = [sender.send(post(server.url)).data for _ in range(3)]
    assert found in ([BODY] * 3, [b""] * 3)
    assert (found[0] == b"") is (BODY not in data and BODY[5:] not in data)
    assert server.connections == (1 if reused else 3)


def test_what_follows_an_answer_is_never_the_next_one() -> None:
    forged = full(b'{"forged": true}')
    with serving(raw(full(BODY) + forged, then="keep"), answer(b"2")) as server, client() as sender:
        assert sender.send(post(server.url)).data == BODY
        assert sender.send(post(server.url)).data == b"2"


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:7]) + gzip.compress(BODY[7:])),
        ("gzip", gzip.compress(BODY) + b"\0" * 512),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
        ("", BODY),
        ("unheard-of", BODY),
    ],
)
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_compressions(coding: str, data: bytes, framing: str) -> None:
    header = f"Content-Encoding: {coding}"
    if framing == "chunks":
        message = head(200, header, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    else:
        message = head(200, header, *([f"Content-Length: {len(data)}"] if framing == "length" else [])) + data
    with serving(raw(message)) as server, client(max_response_size=len(BODY) + 600) as sender:
        assert sender.send(post(server.url)).data == BODY


def test_empty_body_needs_no_compression() -> None:
    with serving(answer(b"", 200, "Content-Encoding: gzip")) as server, client() as sender:
        assert sender.send(get(server.url)).data == b""


def test_large_compressed_body() -> None:
    body = b"".join(b'{"n": %d}' % number for number in range(200_000))
    packed = gzip.compress(body)
    assert len(packed) > 3 * 65536
    with serving(answer(packed, 200, "Content-Encoding: gzip")) as server, client(max_response_size=None) as sender:
        assert sender.send(get(server.url)).data == body


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY)[:-5]),
        ("gzip", gzip.compress(BODY)[:12] + b"\xff" * 20),
        ("gzip", gzip.compress(BODY) + gzip.compress(BODY)[:-9]),
        ("gzip", gzip.compress(os.urandom(300_000))[:-1000] + b"\xff" * 1000),
        ("deflate", b"\xff\xff\xff"),
        ("deflate", zlib.compress(BODY)[:-5]),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY))),
    ],
)
def test_broken_compressions(coding: str, data: bytes) -> None:
    with serving(answer(data, 201, f"Content-Encoding: {coding}")) as server, client() as sender:
        with pytest.raises(UnreadableResponseException) as caught:
            sender.send(get(server.url))
        assert len(server.requests) == 1
        assert (caught.value.status, caught.value.raw_data, caught.value.body) == (201, data, None)
        assert caught.value.may_have_reached_server
        assert caught.value.headers["Content-Encoding"] == coding
        assert "broken" in str(caught.value) or "compressions" in str(caught.value)


def test_broken_compression_does_not_hide_an_error() -> None:
    with serving(answer(b"junk", 404, "Content-Encoding: gzip")) as server, client() as sender:
        found = sender.send(get(server.url))
    assert (found.status, found.data) == (404, b"")


# -- how large -------------------------------------------------------------------------------------------------------

BOMB = gzip.compress(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("message", "then"),
    [
        (head(200, "Content-Length: 99999999999"), "hang"),
        (head(200) + b"x" * 1001, "hang"),
        (head(200, "Transfer-Encoding: chunked") + b"fffffff\r\n" + b"x" * 5000, "hang"),
        (chunked(b"x" * 500, b"x" * 501), "hang"),
        (head(200, "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB, "hang"),
        (full(gzip.compress(b"x" * 1001), 200, "Content-Encoding: gzip"), "keep"),
        (full(zlib.compress(b"x" * 1001), 200, "Content-Encoding: deflate"), "keep"),
        (full(gzip.compress(b"x" * 600) + gzip.compress(b"x" * 600), 200, "Content-Encoding: gzip"), "keep"),
    ],
)
def test_answers_that_are_too_large(message: bytes, then: str) -> None:
    with serving(raw(message, then=then), answer()) as server, client(max_response_size=1000, timeout=5) as sender:
        with pytest.raises(ResponseTooLargeException, match="more than 1000 bytes") as caught:
            sender.send(get(server.url))
        assert caught.value.status == 200
        assert len(caught.value.raw_data or b"") < 100_000
        still_open = [sock for sock in sender._pools().sockets if sock.fileno() >= 0]
        assert len(still_open) == (0 if then == "hang" else 1)
        assert sender.send(get(server.url)).data == b"{}"
        assert len(server.requests) == 2


def test_bombs_do_not_go_off() -> None:
    with serving(answer(BOMB, 200, "Content-Encoding: gzip")) as server, client(max_response_size=len(BOMB)) as sender:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeException):
                sender.send(get(server.url))
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


def test_the_bound_is_allowed() -> None:
    with serving(answer(b"x" * 1000), raw(head(200) + b"x" * 1000)) as server, client(max_response_size=1000) as sender:
        assert len(sender.send(get(server.url)).data) == 1000
        assert len(sender.send(get(server.url)).data) == 1000


# -- answers that the caller reads ------------------------------------------------------------------------------------


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


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (10, 120)),
        (5, (10, 5)),
        (0.5, (10, 0.5)),
        ((1, 2), (1, 2)),
        ([1, 2], (1, 2)),
        ((None, 2), (10, 2)),
        ((3, None), (3, 120)),
        ((None, None), (10, 120)),
        (1e300, (10, LONGEST)),
        (10**400, (10, LONGEST)),
    ],
)
def test_timeouts(value: Any, expected: tuple[float, float]) -> None:
    found = parse_timeout(value, 10, 120)
    assert found == expected
    assert all(type(seconds) is float for seconds in found)
    assert parse_timeout(None, None, None) == (LONGEST, LONGEST)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, ApiTypeError),
        (False, ApiTypeError),
        ("5", ApiTypeError),
        (b"5", ApiTypeError),
        ({}, ApiTypeError),
        (1j, ApiTypeError),
        ((True, 1), ApiTypeError),
        ((1, "2"), ApiTypeError),
        (-1, ApiValueError),
        (0, ApiValueError),
        (0.0, ApiValueError),
        (float("nan"), ApiValueError),
        (float("inf"), ApiValueError),
        ((0, 1), ApiValueError),
        ((1, -1), ApiValueError),
        ((1, 2, 3), ApiValueError),
        ((1,), ApiValueError),
        ((), ApiValueError),
    ],
)
def test_timeouts_that_are_none(value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        parse_timeout(value, 10, 120)
    with serving(answer()) as server, client() as sender:
        with pytest.raises(kind):
            sender.send(get(server.url), value)
        with pytest.raises(kind):
            sender.stream(get(server.url), value)
    assert server.connections == 0


def test_longest_timeouts_work() -> None:
    with serving(answer()) as server, client(timeout=None, connect_timeout=1e9) as sender:
        assert sender.send(get(server.url), 1e12).status == 200
        assert sender.send(get(server.url)).status == 200


def test_wrong_retries_send_nothing() -> None:
    with serving(answer()) as server, client(retries="3") as sender, pytest.raises(ApiTypeError):
        sender.send(get(server.url))
    assert server.connections == 0


@pytest.mark.parametrize("slots", [0, -1, None, True, "5"])
def test_numbers_of_connections_that_are_none(slots: Any) -> None:
    with client(connection_pool_maxsize=slots) as sender, pytest.raises(ApiValueError, match="connection_pool_maxsize"):
        sender.send(get("http://localhost:1"))


def test_settings_count_from_the_next_call() -> None:
    settings = configuration(retries=0)
    with serving(answer(b"x" * 100)) as server:
        sender = RestClient(settings)
        assert len(sender.send(get(server.url)).data) == 100
        settings.max_response_size = 10
        with pytest.raises(ResponseTooLargeException):
            sender.send(get(server.url))
        sender.close()


def test_socket_options(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        made.append(self)
        original(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    with serving(answer()) as server, client(socket_options=options) as sender:
        sender.send(get(server.url))
        sock = made[-1]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_pickle() -> None:
    with serving(answer()) as server, client(retries=7, timeout=33.0) as sender:
        sender.send(get(server.url))
        twin = pickle.loads(pickle.dumps(sender))
        assert twin._configuration.retries == 7
        assert twin.send(get(server.url)).status == 200
        twin.close()
    assert server.connections == 2


# -- the log ---------------------------------------------------------------------------------------------------------


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    script = [
        answer(b"SECRET-body", 503, "X: SECRET-header"),
        raw(b"", then="reset"),
        answer(b"SECRET-body", 200, "x-request-id: v-1"),
    ]
    with serving(*script) as server, client(retries=RetryPolicy(backoff=0)) as sender:
        caplog.set_level(logging.DEBUG, logger="voucherify")
        request = get(server.url)
        request.url += "?key=SECRET-query"
        sender.send(request)
    records = [record for record in caplog.records if record.name == "voucherify"]
    lines = [(record.levelname, record.getMessage()) for record in records]
    assert [level for level, _ in lines] == ["DEBUG", "INFO", "DEBUG", "INFO", "DEBUG"]
    assert "EventsApi.track_custom_event: GET /v1/{thing}: 503 after 0." in lines[0][1]
    assert "EventsApi.track_custom_event: attempt 1 failed (503), next one in 0.00 s" in lines[1][1]
    assert "Connection failed after 0." in lines[2][1]
    assert "attempt 2 failed (Connection failed), next one in 0.00 s" in lines[3][1]
    assert "200 after 0." in lines[4][1]
    assert lines[4][1].endswith("s, attempt 3, request id 'v-1'")
    assert lines[2][1].endswith("s, attempt 2, request id None")
    for record in records:
        assert "SECRET" not in str(record.__dict__)
        assert "localhost" not in str((record.msg, record.args))


def test_silent_by_default(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(answer(b"", 503), answer()) as server, client(retries=RetryPolicy(backoff=0)) as sender:
        sender.send(get(server.url))
    assert capfd.readouterr() == ("", "")


def test_rate_limits_are_readable_on_the_error() -> None:
    headers = ["X-Rate-Limit-Limit: 100", "X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Type: api_calls_cycle"]
    with serving(answer(b"{}", 429, *headers)) as server, client() as sender:
        found = sender.send(post(server.url))
    error = rest.ApiException
    with pytest.raises(TooManyRequestsException) as caught:
        error.from_response(http_resp=found, body=None, data=None)
    assert (caught.value.rate_limit.limit, caught.value.rate_limit.remaining) == (100, 0)


def test_no_warning_from_a_client_that_is_forgotten() -> None:
    import gc

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with serving(answer()) as server:
            sender = RestClient(configuration())
            sender.send(get(server.url))
            del sender
            gc.collect()
