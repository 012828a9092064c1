from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest
from urllib3 import HTTPHeaderDict

from voucherify import exceptions
from voucherify.exceptions import (
    ApiAttributeError,
    ApiConnectionException,
    ApiException,
    ApiKeyError,
    ApiTimeoutException,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    ConflictException,
    ForbiddenException,
    LockedException,
    NotFoundException,
    OpenApiException,
    PayloadTooLargeException,
    PaymentRequiredException,
    ResponseTooLargeException,
    ServiceException,
    TooManyRequestsException,
    UnauthorizedException,
    UnexpectedAnswerException,
    UnprocessableEntityException,
    UnreadableResponseException,
    error_for,
)
from voucherify.headers import Headers
from voucherify.rate_limit import RateLimit

BODY = {
    "code": 404,
    "key": "not_found",
    "message": "Resource not found",
    "details": "Cannot find voucher with id X",
    "request_id": "v-0a1b2c",
    "resource_id": "X",
    "resource_type": "voucher",
}


@dataclass
class Answer:
    status: int = 404
    reason: str | None = "Not Found"
    data: bytes = json.dumps(BODY).encode()
    headers: Any = field(default_factory=lambda: HTTPHeaderDict({"Content-Type": "application/json"}))


def error(data: bytes | dict[str, Any] | list[Any], status: int = 400, content_type: str = "application/json") -> Any:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return error_for(Answer(status, "Reason", raw, HTTPHeaderDict({"content-type": content_type})))


# -- the classes that say that the package was used wrongly ----------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ApiTypeError, TypeError),
        (ApiValueError, ValueError),
        (ApiAttributeError, AttributeError),
        (ApiKeyError, KeyError),
    ],
)
def test_misuse(kind: type[Any], builtin: type[Exception]) -> None:
    assert issubclass(kind, OpenApiException)
    assert issubclass(kind, builtin)
    assert str(kind("wrong")) == "wrong"
    at = kind("wrong", path_to_item=["vouchers", 0, "code"])
    assert str(at) == "wrong at ['vouchers'][0]['code']"
    for twin in (pickle.loads(pickle.dumps(at)), copy.copy(at)):
        assert type(twin) is kind
        assert str(twin) == str(at)
        assert twin.path_to_item == ["vouchers", 0, "code"]


def test_type_errors_keep_what_they_are_given() -> None:
    twin = pickle.loads(pickle.dumps(ApiTypeError("wrong", valid_classes=(int, str), key_type=True)))
    assert twin.valid_classes == (int, str)
    assert twin.key_type is True


# -- the class for a status -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestException),
        (401, UnauthorizedException),
        (402, PaymentRequiredException),
        (403, ForbiddenException),
        (404, NotFoundException),
        (409, ConflictException),
        (413, PayloadTooLargeException),
        (422, UnprocessableEntityException),
        (423, LockedException),
        (429, TooManyRequestsException),
        (500, ServiceException),
        (503, ServiceException),
        (599, ServiceException),
        (304, ApiException),
        (405, ApiException),
        (418, ApiException),
        (600, ApiException),
    ],
)
def test_one_class_per_status(status: int, kind: type[ApiException]) -> None:
    assert type(error({}, status)) is kind
    assert issubclass(kind, ApiException)
    with pytest.raises(ApiException) as caught:
        ApiException.from_response(http_resp=Answer(status), body="text", data={"key": "k"})
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.body, caught.value.key) == (status, "text", "k")


def test_names_end_alike() -> None:
    kinds = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, ApiException)]
    assert len(kinds) > 10
    assert all(kind.__name__.endswith("Exception") for kind in kinds)


# -- what is read from an answer -------------------------------------------------------------------------------------


def test_all_fields() -> None:
    found = error_for(Answer(), method="GET", path="/v1/vouchers/{code}", attempts=2)
    assert (found.status, found.reason, found.attempts) == (404, "Not Found", 2)
    assert (found.method, found.path) == ("GET", "/v1/vouchers/{code}")
    assert found.data == BODY
    assert found.raw_data == json.dumps(BODY).encode()
    assert found.body == json.dumps(BODY)
    assert {name: getattr(found, name) for name in BODY} == BODY
    assert found.may_have_reached_server is True


def test_as_the_official_package_builds_it() -> None:
    assert ApiException(404, "gone").args == (404, "gone")
    bare = ApiException()
    assert (bare.status, bare.reason, bare.body, bare.data, bare.may_have_reached_server) == (
        None,
        None,
        None,
        None,
        False,
    )
    given = ApiException(status=400, reason="no", body='{"key": "from body"}', data={"key": "from data"})
    assert (given.body, given.data, given.key) == ('{"key": "from body"}', {"key": "from data"}, "from data")
    official = ApiException(500, "mine", Answer())
    assert (official.status, official.reason, official.key) == (500, "mine", "not_found")


def test_responses_with_getheaders_only() -> None:
    class Old:
        status, reason, data = 400, "Bad", b"{}"

        def getheaders(self) -> dict[str, str]:
            return {"X-A": "1"}

    assert ApiException(http_resp=Old()).headers["x-a"] == "1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"statusCode": 413, "error": "Request Entity Too Large", "message": "too big"},
            {"code": 413, "message": "too big", "key": None},
        ),
        ({"statusCode": 413, "error": "Request Entity Too Large"}, {"message": "Request Entity Too Large"}),
        ({"error": {"message": "inner"}}, {"message": "inner"}),
        ({"message": "outer", "error": {"message": "inner"}}, {"message": "outer"}),
        ({"error": {"message": None}}, {"message": None}),
        ([{"code": 400, "key": "first"}, {"key": "second"}], {"code": 400, "key": "first"}),
        ([], {"key": None, "message": None}),
        ([1], {"key": None}),
        ({"code": "400", "key": 7, "message": 1.5}, {"code": 400, "key": "7", "message": "1.5"}),
        ({"code": True, "key": False, "message": {}}, {"code": None, "key": None, "message": None}),
        ({"code": "4_0", "details": [1, {"a": 2}]}, {"code": None, "details": [1, {"a": 2}]}),
        ({"code": "1" * 5000}, {"code": None}),
        (b'"text"', {"data": "text", "key": None}),
        (b"null", {"data": None}),
        (b"", {"data": None, "body": ""}),
        (b"<html>502</html>", {"data": None, "body": "<html>502</html>", "message": None}),
        (b"\xff\xfe{", {"data": None}),
        (b"\xef\xbb\xbf" + b'{"key":"bom"}', {"key": "bom"}),
        (b"[" * 100_000, {"data": None}),
        (b"1" * 5000, {}),
        (b'{"key": NaN}', {"key": "nan"}),
    ],
)
def test_bodies_of_other_shapes(body: Any, expected: dict[str, Any]) -> None:
    found = error(body)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("content_type", "data", "text"),
    [
        ("text/plain; charset=latin-1", b"\xe9", "é"),
        ('text/plain; CHARSET="ISO-8859-1"; x=y', b"\xe9", "é"),
        ("text/plain", b"\xe9", "\ufffd"),
        ("text/plain; charset=martian", "é".encode(), "é"),
        ("text/plain; charset=hex", b"zz", "zz"),
        ("text/plain; charset=idna", b"\xff", "\ufffd"),
        ("text/plain; charset=", b"a", "a"),
        ("text/plain; charset=\x00", b"a", "a"),
    ],
)
def test_charsets(content_type: str, data: bytes, text: str) -> None:
    assert error(data, content_type=content_type).body == text


def test_request_id_of_the_headers() -> None:
    assert error_for(Answer(data=b"", headers={"x-request-id": "v-1"})).request_id == "v-1"
    assert error_for(Answer(headers={"x-request-id": "v-1"})).request_id == "v-0a1b2c"


def test_an_answer_of_success_is_no_description_of_an_error() -> None:
    voucher = json.dumps({"code": "SUMMER", "message": "hi", "key": "k", "request_id": "v-1"}).encode()
    found = UnexpectedAnswerException(http_resp=Answer(200, "OK", voucher), deviations=["a: text instead of int", "b"])
    assert (found.code, found.key, found.details) == (None, None, None)
    assert found.message == "unexpected answer: a: text instead of int and 1 more"
    assert found.request_id == "v-1"
    assert found.raw_data == voucher
    assert found.may_have_reached_server
    assert pickle.loads(pickle.dumps(found)).deviations == ("a: text instead of int", "b")
    assert UnexpectedAnswerException(http_resp=Answer(200)).message is None
    assert UnexpectedAnswerException(deviations=["a"]).message == "unexpected answer: a"


def test_rate_limit() -> None:
    headers = {"x-rate-limit-limit": "2000", "X-RATE-LIMIT-REMAINING": "0", "x-rate-limit-retry": "1767225600"}
    found = error_for(Answer(429, headers=headers)).rate_limit
    assert found == RateLimit(2000, 0, datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert ApiException().rate_limit == RateLimit(None, None, None)


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "9" * 18, "9" * 5000, "\u0661", "1_0", "NaN"])
def test_rate_limit_of_nonsense(value: str) -> None:
    names = ["X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Retry"]
    found = RateLimit.from_headers(dict.fromkeys(names, value))
    assert found.retry_at is None
    assert found.limit in (None, int("9" * 18))


# -- headers ---------------------------------------------------------------------------------------------------------


def test_headers() -> None:
    given = HTTPHeaderDict()
    given.add("Set-Cookie", "a=1")
    given.add("set-cookie", "b=2")
    given.add("X-One", "1")
    found = error_for(Answer(headers=given)).headers
    assert found["SET-COOKIE"] == found.get("set-cookie") == "a=1, b=2"
    assert found.getlist("Set-cookie") == ["a=1", "b=2"]
    assert found.getlist("absent") == []
    assert found.get("absent") is None
    assert "x-one" in found
    assert 1 not in found
    assert dict(found.items()) == {"Set-Cookie": "a=1, b=2", "X-One": "1"}
    assert len(found) == 2
    given.add("X-Two", "2")
    assert "X-Two" not in found
    assert pickle.loads(pickle.dumps(found)) == found == copy.deepcopy(found)
    assert "X-One" in repr(found)
    with pytest.raises(TypeError):
        found["X-One"] = "2"  # type: ignore[index]
    found.getlist("Set-Cookie").append("c=3")
    assert found["Set-Cookie"] == "a=1, b=2"
    assert Headers([("A", "1"), ("a", "2")])["A"] == "1, 2"


def test_headers_of_an_error_without_answer() -> None:
    assert ApiException().headers.get("Content-Type") is None


# -- as text ---------------------------------------------------------------------------------------------------------


def test_text() -> None:
    found = error_for(Answer(), method="GET", path="/v1/vouchers/{code}", attempts=3)
    assert str(found) == (
        "GET /v1/vouchers/{code}: 404 Not Found, key not_found: Resource not found (request id v-0a1b2c, 3 attempts)"
    )
    assert repr(found) == (
        "NotFoundException(status=404, reason='Not Found', method='GET', path='/v1/vouchers/{code}', key='not_found', "
        "message='Resource not found', request_id='v-0a1b2c', attempts=3)"
    )


def test_text_with_little_to_say() -> None:
    assert str(ApiException()) == ""
    assert repr(ApiException()) == "ApiException(attempts=0)"
    assert str(ApiException(500)) == "500"
    assert str(ApiException(status=0, reason="Timeout", message="m", method="GET", path="/")) == "GET /: Timeout: m"


def test_text_shows_no_headers_and_no_bodies() -> None:
    headers = HTTPHeaderDict({"Set-Cookie": "COOKIE", "X-Secret": "HEADER"})
    found = error_for(Answer(502, "Bad", b"<html>BODY</html>", headers), method="GET", path="/", attempts=1)
    for text in (str(found), repr(found)):
        assert not any(word in text for word in ("COOKIE", "HEADER", "BODY"))


def test_text_is_one_short_line() -> None:
    nasty = "x\r\n2026-01-01 ERROR forged\x1b[31m\u2028line\x00" + "y" * 100_000
    fields = dict.fromkeys(["key", "message", "request_id", "details"], nasty)
    found = error_for(Answer(400, nasty, json.dumps(fields).encode()), method="GET", path="/")
    for text in (str(found), repr(found)):
        assert text.isprintable()
        assert len(text) < 1000
        assert "details" not in text
    assert found.message == nasty


# -- kept whole ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        ApiException,
        NotFoundException,
        ApiConnectionException,
        ApiTimeoutException,
        UnreadableResponseException,
        ResponseTooLargeException,
        UnexpectedAnswerException,
    ],
)
def test_pickle_and_copy(kind: type[ApiException]) -> None:
    found = kind(http_resp=Answer(), method="GET", path="/v1", attempts=2, message="m", may_have_reached_server=False)
    found.args = (*found.args, "more")
    found.args = found.args[:2]
    for twin in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert type(twin) is kind
        assert twin.__dict__ == found.__dict__
        assert twin.args == found.args
        assert str(twin) == str(found)


def test_cause_is_kept() -> None:
    with pytest.raises(ApiException) as caught:
        raise error_for(Answer()) from OSError("why")
    assert isinstance(caught.value.__cause__, OSError)


def test_import_is_light() -> None:
    program = (
        "import sys; before = set(sys.modules); import voucherify.exceptions, voucherify.retry, voucherify.deadline; "
        "heavy = {'pydantic', 'urllib3', 'email', 'urllib.request', 'ssl', 'json', 'http.client', 'logging'}; "
        "sys.exit(', '.join(heavy & (set(sys.modules) - before)) or None)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
