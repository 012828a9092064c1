"""Answers that tell of an error: one tree of exceptions that hold all of it, for every kind."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from hostile_server import full, head, raw, serving
from kinds import KEYS, client_of, every_kind, named, received, twins, use_later

import voucherify
from voucherify.exceptions import (
    ApiException,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    LockedException,
    NotFoundException,
    OpenApiException,
    PayloadTooLargeException,
    PaymentRequiredException,
    ServiceException,
    TooManyRequestsException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from voucherify.rate_limit import RateLimit

if TYPE_CHECKING:
    from hostile_server import Peer

CLASSES = {
    400: BadRequestException,
    401: UnauthorizedException,
    402: PaymentRequiredException,
    403: ForbiddenException,
    404: NotFoundException,
    405: ApiException,
    406: ApiException,
    409: ConflictException,
    413: PayloadTooLargeException,
    415: ApiException,
    422: UnprocessableEntityException,
    423: LockedException,
    429: TooManyRequestsException,
    500: ServiceException,
    502: ServiceException,
    503: ServiceException,
    504: ServiceException,
    304: ApiException,
    307: ApiException,
}
BODY = {
    "code": 400,
    "key": "invalid_thing",
    "message": "Thing is not valid",
    "details": "Property x is missing",
    "request_id": "v-0a1b2c",
    "resource_id": "SUMMER",
    "resource_type": "voucher",
}
LIMITS = ("X-Rate-Limit-Limit: 2000", "X-Rate-Limit-Remaining: 3", "X-Rate-Limit-Retry: 1767225600")
FOUND_LIMITS = RateLimit(2000, 3, datetime(2026, 1, 1, tzinfo=timezone.utc))
SECRETS = ("Set-Cookie: session=SENTINEL-cookie", "X-Secret: SENTINEL-header")


def error_message(status: int, body: bytes | None = None, *headers: str) -> bytes:
    content = json.dumps(BODY | {"code": status}).encode() if body is None else body
    return head(status) if status == 304 else full(content, status, *headers)


# -- answers that tell of an error ------------------------------------------------------------------------------------


@every_kind
def test_one_class_per_status_with_all_that_the_body_tells(kind):
    errors = received(kind, *(error_message(status, None, *LIMITS, *SECRETS) for status in CLASSES))
    for (status, expected), error in zip(CLASSES.items(), errors, strict=True):
        assert type(error) is expected
        assert isinstance(error, ApiException)
        assert isinstance(error, OpenApiException)
        assert (error.status, error.reason, error.attempts, error.method) == (status, "Reason", 1, kind.http_method)
        assert error.may_have_reached_server is (status != 429)  # which says that it was not carried out
        if status == 304:  # which has no body
            assert (error.body, error.data, error.key) == ("", None, None)
            continue
        told = BODY | {"code": status}
        assert {name: getattr(error, name) for name in told} == told
        assert error.data == json.loads(error.body) == json.loads(error.raw_data) == told
        assert error.headers["set-cookie"] == "session=SENTINEL-cookie"
        assert error.rate_limit == FOUND_LIMITS


@every_kind
@pytest.mark.parametrize("form", ["", "_with_http_info"])
def test_forms_that_read_the_answer_raise_and_the_other_hands_it_on(kind, form):
    with serving(raw(error_message(404), then="keep")) as server, client_of(server.url) as client:
        with pytest.raises(NotFoundException, match="404 Reason, key invalid_thing: Thing is not valid"):
            kind.call(client, form)
        unread = kind.call(client, "_without_preload_content")
        assert unread.status == 404
        assert json.loads(unread.read())["code"] == 404
        unread.release_conn()
        assert len(server.requests) == 2


SHAPES = [
    (
        b'{"statusCode":413,"error":"Request Entity Too Large","message":"Payload exceeds 10 MB"}',
        {"code": 413, "key": None, "message": "Payload exceeds 10 MB", "request_id": "v-header"},
    ),
    (b'{"error":{"message":"inner"}}', {"message": "inner"}),
    (b'[{"key":"first"},{"key":"second"}]', {"key": "first"}),
    (b'{"key":["a"],"message":{"a":1},"code":"x","details":[1],"resource_id":7}', {"key": None, "resource_id": "7"}),
    (b"<html><body>413</body></html>", {"body": "<html><body>413</body></html>", "data": None, "message": None}),
    (b"", {"body": "", "data": None, "request_id": "v-header"}),
    (b"null", {"data": None}),
    (b"[]", {"data": [], "key": None}),
    (b'"text"', {"data": "text"}),
    (b"\xff\xfe\x00", {"data": None}),
    (b"\xef\xbb\xbf" + b'{"key":"bom"}', {"key": "bom"}),
    (b'{"key":"\\ud800","message":"\\ud800"}', {"key": "\ud800"}),
    (b'{"key":"k","details":' + b"[" * 900 + b"]" * 900 + b"}", {"data": None, "key": None}),
    (b'{"key":"k","details":' + b"[" * 100_000, {"data": None, "key": None}),
    (b'{"key":"k","code":' + b"1" * 5000 + b"}", {"data": None}),
    (b'{"key":"k","code":' + b"1" * 4300 + b"}", {"key": "k"}),
    (b'{"key":"k","code":NaN,"message":1e400}', {"key": "k", "code": None, "message": "inf"}),
    (b'{"key":"a","key":"b"}', {"key": "b"}),
]


@every_kind
def test_bodies_of_any_shape(kind):
    messages = [error_message(413, body, "X-Request-Id: v-header") for body, _ in SHAPES]
    for (body, expected), error in zip(SHAPES, received(kind, *messages), strict=True):
        assert type(error) is PayloadTooLargeException
        assert error.raw_data == body
        assert {name: getattr(error, name) for name in expected} == expected
        use_later(error)


@every_kind
@pytest.mark.parametrize("charset", ["martian", "hex", "idna", "unicode_escape", "", "'latin-1'", "utf-16"])
def test_error_bodies_in_any_charset(kind, charset):
    body = b'{"key": "a\\d\xe9"}'
    (error,) = received(
        kind, head(400, f"Content-Type: application/json; charset={charset}", f"Content-Length: {len(body)}") + body
    )
    assert type(error) is BadRequestException
    assert error.raw_data == body
    use_later(error)


BROKEN = {
    "cut off": (head(503, "Content-Length: 1000") + b'{"key": "k"', b'{"key": "k"'),
    "in a chunk": (head(503, "Transfer-Encoding: chunked") + b"6\r\n<html>\r\nff\r\n<bo", b"<html><bo"),
    "between chunks": (head(503, "Transfer-Encoding: chunked") + b"6\r\n<html>\r\n", b"<html>"),
    "no gzip": (head(503, "Content-Encoding: gzip", "Content-Length: 5") + b"<htm>", b""),
    "half of gzip": (full(gzip.compress(b"x" * 5000)[:-9], 503, "Content-Encoding: gzip"), b""),
}


@every_kind
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_does_not_hide_the_status(kind, name):
    message, readable = BROKEN[name]
    (error,) = received(kind, message, then="close")
    assert type(error) is ServiceException
    assert (error.status, error.raw_data) == (503, readable)
    use_later(error)


@every_kind
def test_rate_limits_are_readable_on_errors_and_results(kind):
    plain, limited, result = received(
        kind, error_message(429), error_message(429, None, *LIMITS), full(kind.answer, 200, *LIMITS)
    )
    assert plain.rate_limit == RateLimit(None, None, None)
    assert limited.rate_limit == result.rate_limit == FOUND_LIMITS


# -- as text, and elsewhere -------------------------------------------------------------------------------------------


@every_kind
def test_text_is_one_short_line_without_headers_cookies_keys_and_bodies(kind):
    nasty = "x\r\nERROR forged \x1b[31m\u2028" + "y" * 100_000
    bodies = [
        b"<html>SENTINEL" + b"x" * 100_000,
        json.dumps({"details": "SENTINEL" * 1000, "new": "SENTINEL"}).encode(),
    ]
    bodies += [json.dumps(dict.fromkeys(("key", "message", "request_id", "resource_id"), nasty)).encode()]
    for error in received(kind, *(error_message(400, body, *SECRETS) for body in bodies)):
        for text in (str(error), repr(error)):
            assert len(text) < 1000
            assert text.isprintable()
            assert "SENTINEL" not in text
            assert not any(key in text for key in KEYS.values())
            assert "400" in text
            assert kind.http_method in text
        assert repr(error).startswith("BadRequestException(status=400, reason='Reason', method=")


@every_kind
def test_errors_survive_copies_and_all_ways_of_pickling(kind):
    for error in received(kind, *(error_message(status, None, *LIMITS, *SECRETS) for status in (404, 429, 500))):
        for twin in twins(error):
            assert type(twin) is type(error)
            assert twin.__dict__ == error.__dict__
            assert (twin.args, str(twin), repr(twin)) == (error.args, str(error), repr(error))
            assert (twin.rate_limit, twin.headers.getlist("set-cookie")) == (FOUND_LIMITS, ["session=SENTINEL-cookie"])


# -- code for the official package ------------------------------------------------------------------------------------

FAILURES = {
    "status": raw(error_message(404)),
    "no JSON": raw(full(b"<html>")),
    "cut off": raw(head(200, "Content-Length: 100") + b"{"),
    "reset": raw(b"", then="reset"),
    "no HTTP": raw(b"hello\r\n\r\n"),
    "too large": raw(head(200, "Content-Length: 99999999999")),
    "redirect": raw(head(302, "Location: http://localhost/", "Content-Length: 0")),
}


@every_kind
@pytest.mark.parametrize("name", FAILURES)
def test_api_exception_catches_all_and_has_what_it_used_to_have(kind, name):
    from voucherify.rest import ApiException as FromRest

    assert voucherify.ApiException is voucherify.exceptions.ApiException is FromRest
    with serving(FAILURES[name]) as server, client_of(server.url, retries=0) as client:
        try:
            kind.call(client)
        except voucherify.ApiException as error:
            names = ("status", "reason", "body", "data", "headers")
            found = {name: getattr(error, name) for name in names}
        else:
            found = None
    takes_html = kind.name in ("text", "delete", "path values")
    if name == "no JSON" and takes_html:
        assert found is None
        return
    expected = {"status": 404, "redirect": 302, "reset": 0, "no HTTP": 0}.get(name, 200)
    assert found["status"] == expected
    assert found["reason"] == ("Reason" if expected else "Connection failed")
    assert found["headers"].get("Content-Type") == ("application/json" if name in ("status", "no JSON") else None)
    if name == "status":
        assert found["data"] == json.loads(found["body"]) == BODY | {"code": 404}


def test_misuse_is_no_api_exception():
    with client_of("http://localhost:9") as client, pytest.raises(OpenApiException) as caught:
        named("get").call(client, no_such_argument=1)
    assert not isinstance(caught.value, ApiException)
    assert isinstance(caught.value, TypeError)


def test_errors_are_raised_in_the_thread_that_called():
    """One client, many threads: each gets the error of its own call."""
    kind = named("get")
    statuses = [400, 404, 409, 423, 500] * 4
    seen: list[tuple[int, int]] = []

    def behave(peer: Peer) -> bool:
        status = int(peer.request().header("X-Status") or 0)
        peer.send(error_message(status))
        return True

    with serving(behave) as server, client_of(server.url, retries=0) as client:

        def call(status: int) -> None:
            try:
                kind.call(client, _headers={"X-Status": str(status)})
            except ApiException as error:
                seen.append((status, error.code or 0))

        threads = [threading.Thread(target=call, args=(status,)) for status in statuses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(seen) == sorted((status, status) for status in statuses)
