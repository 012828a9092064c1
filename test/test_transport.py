"""Sending, settings and the log, while everything goes well."""

from __future__ import annotations

import logging
import pickle
import socket
import warnings
from typing import Any

import pytest
import urllib3
from hostile_server import answer, head, raw, serving
from transport_calls import BODY, client, configuration, get, post

from voucherify import rest
from voucherify.deadline import LONGEST, parse_timeout
from voucherify.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    ResponseTooLargeException,
    TooManyRequestsException,
)
from voucherify.rest import RestClient
from voucherify.retry import RetryPolicy


def test_exception_is_importable_from_here() -> None:
    assert rest.ApiException is ApiException


# -- what goes out ----------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("value", ["plain", "tab\there", "fran\xe7ais", ""])
def test_headers_go_out_as_they_are(value: str) -> None:
    with serving(answer()) as server, client() as sender:
        sender.send(get(server.url, headers={"X-One": value}))
    assert dict(server.requests[0].headers)["X-One"] == value


def test_a_header_can_be_left_out_as_with_urllib3() -> None:
    with serving(answer()) as server, client() as sender:
        sender.send(get(server.url, headers={"User-Agent": urllib3.util.SKIP_HEADER}))
    assert "User-Agent" not in dict(server.requests[0].headers)


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


# -- settings ---------------------------------------------------------------------------------------------------------


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


# -- the log ----------------------------------------------------------------------------------------------------------


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
