"""Answers that are hard or impossible to read: a result, or an `ApiException` with the real status, for every kind."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import warnings
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from deviating import answer_type, is_typed
from hostile_server import full, head, serving
from kinds import client_of, every_kind, named, received, twins, use_later
from pydantic_core import ValidationError

from codegen import form
from voucherify.api_response import ApiResponse
from voucherify.content import DEEPEST
from voucherify.exceptions import ApiException, ResponseTooLargeException, UnreadableResponseException

if TYPE_CHECKING:
    from hostile_server import Peer
    from kinds import Kind

JSON = "Content-Type: application/json"
REQUEST_ID = "X-Request-Id: v-0a1b2c"


def reads_json(kind: Kind) -> bool:
    """Whether the body of an answer counts, and is JSON."""
    return answer_type(kind) not in (None, form.Scalar("str"))


def reads_anything(kind: Kind) -> bool:
    """Whether the body of an answer counts."""
    return answer_type(kind) is not None


def typed(body: bytes, content_type: str) -> bytes:
    return head(201, f"Content-Type: {content_type}", f"Content-Length: {len(body)}", REQUEST_ID) + body


def check_unreadable(error: ApiException, text: str) -> None:
    assert type(error) is UnreadableResponseException
    assert (error.status, error.request_id, error.attempts) == (201, "v-0a1b2c", 1)
    assert error.may_have_reached_server
    assert not isinstance(error.__cause__ and error.__cause__.__context__, ValidationError)  # it shows values
    assert text in str(error)
    assert len(str(error)) < 300
    use_later(error)


# -- bodies that are no JSON ------------------------------------------------------------------------------------------

NO_JSON = {
    "html": b"<html><body>Bad gateway</body></html>",
    "cut off": b'{"id": "v_1", "code": "SUM',
    "single quotes": b"{'id': 1}",
    "two values": b"{}{}",
    "trailing comma": b'{"id": "v_1",}',
    "a word": b"undefined",
    "control characters": b"\x00\x01\x02",
}


@every_kind
def test_what_is_no_json_raises_with_the_real_status(kind):
    for body, result in zip(
        NO_JSON.values(), received(kind, *(typed(body, "application/json") for body in NO_JSON.values())), strict=True
    ):
        if reads_json(kind):
            check_unreadable(result, "the answer can't be read: it is no JSON")
            assert isinstance(result.__cause__, json.JSONDecodeError)
            assert result.raw_data == body
        else:
            assert result.status_code == 201
            assert result.data == (body.decode() if reads_anything(kind) else None)


@every_kind
@pytest.mark.parametrize("body", [b'{"id": "\xff"}', b"\xff{}", b"\xc3\x28", b"\x80" * 50])
def test_bytes_that_are_not_in_their_charset_raise(kind, body):
    for content_type in ("application/json", "application/json; charset=utf-8", "text/plain;charset=UTF-8"):
        (result,) = received(kind, typed(body, content_type))
        if reads_anything(kind):
            check_unreadable(result, "the answer can't be read: its bytes are not in its charset")
            assert isinstance(result.__cause__, UnicodeError)
            assert result.raw_data == body
        else:
            assert result.data is None


CHARSETS = ["martian", "hex", "zlib", "rot13", "mbcs", "", '""', "utf-8, utf-16", "../../x", "x" * 5000, "utf-8\x00"]
PYTHONS_OWN = ["unicode_escape", "raw-unicode-escape", "idna", "punycode", "undefined", "charmap"]


@every_kind
def test_an_unknown_charset_is_taken_for_utf_8(kind):
    body = '{"id": "ż\\u00e9\\\\d"}'.encode()
    names = [*CHARSETS, *PYTHONS_OWN]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = received(kind, *(typed(body, f"application/json; charset={name}") for name in names))
    assert [one for one in caught if "bulk" not in str(one.message)] == []
    for result in results:
        assert isinstance(result, ApiResponse)
        assert result.data == expected_data(kind, body.decode(), result.data)


def expected_data(kind: Kind, text: str, data: Any) -> Any:
    """`data`, if it is what `kind` makes of a JSON text."""
    if not reads_anything(kind):
        return None
    if not reads_json(kind):
        return text
    assert (data.to_dict() if hasattr(data, "to_dict") else data) == json.loads(text)
    return data


@every_kind
@pytest.mark.parametrize(
    ("content_type", "codec"),
    [
        ("application/json", "utf-8-sig"),
        ("application/problem+json", "utf-8"),
        ("Application/JSON ; Charset = UTF-8", "utf-8"),
        ('APPLICATION/JSON;CHARSET="utf-8"', "utf-8-sig"),
        ("application/json; charset='UTF-8'; x=y", "utf-8"),
        ('application/vnd.api+json; charset="iso-8859-2"', "iso-8859-2"),
        ("application/json; charset=utf-16", "utf-16"),
        ("text/html", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_byte_order_marks_media_types_and_charsets_are_fine(kind, content_type, codec):
    text = '{"id": "ż"}'
    (result,) = received(kind, typed(text.encode(codec), content_type))
    assert result.status_code == 201
    assert result.data == expected_data(kind, text, result.data)


@every_kind
@pytest.mark.parametrize("status", [200, 201, 202, 204, 205])
def test_an_empty_body_is_none(kind, status):
    messages = [full(b"", status), head(status, "Content-Length: 0"), full(gzip.compress(b""), status, *GZIP)]
    for result in received(kind, *(messages if status != 204 else [head(204)])):
        assert (result.status_code, result.data, result.deviations) == (status, None, ())


# -- JSON that is hard on the reader ----------------------------------------------------------------------------------

GZIP = ("Content-Encoding: gzip",)


def nested(depth: int, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    """`depth` containers within each other."""
    return opening * depth + b"1" + closing * depth


@every_kind
def test_deep_nesting(kind):
    shapes = [nested(depth, *brackets) for depth in (DEEPEST + 2, 400, 900, 5000, 100_000) for brackets in BRACKETS]
    shapes += [b"[" * 100_000, b'{"a":' * 100_000]
    inside = [b'{"id": "a", "metadata": ' + shape + b"}" for shape in shapes]
    inside += [b'{"brand_new": ' + shape + b"}" for shape in shapes]
    bodies = [*shapes, *inside]
    for body, result in zip(bodies, received(kind, *(typed(body, "application/json") for body in bodies)), strict=True):
        if not reads_json(kind):
            assert result.data == (body.decode() if reads_anything(kind) else None)
            continue
        is_whole = body.endswith((b"]", b"}"))
        check_unreadable(result, f"more than {DEEPEST} containers" if is_whole else "the answer can't be read: ")


BRACKETS = [(b'{"a":', b"}"), (b"[", b"]")]


@every_kind
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_nested_less_deeply_can_be_used(kind, strict):
    rules = nested((DEEPEST - 2) // 2, b'{"rules":{"1":', b"}}")
    bodies = [nested(DEEPEST, *brackets) for brackets in BRACKETS]
    bodies += [b'{"metadata": ' + nested(DEEPEST - 1, *brackets) + b"}" for brackets in BRACKETS]
    bodies += [b'{"code": 4, "metadata": ' + nested(DEEPEST - 1) + b"}", rules]
    for result in received(kind, *(typed(body, "application/json") for body in bodies), strict_responses=strict):
        use_later(result)
        if isinstance(result, ApiResponse):
            use_later(result.data)
        else:
            assert strict


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_deep_nesting_of_models():
    """Validation rules are the one model that answers hold within itself."""
    kind = dataclasses.replace(
        named("get"),
        resource="ValidationRulesApi",
        method="get_validation_rule",
        arguments={"validation_rule_id": "val_1"},
    )
    for rule in (b'{"name":"a","rules":{"1":', b'{"name":4,"rules":{"1":'):
        bodies = [b'{"rules":{"1":' + nested(count, rule, b"}}") + b"}}" for count in (5, 50, 98, 300)]
        for body, result in zip(bodies, received(kind, *map(full, bodies)), strict=True):
            use_later(result)
            if isinstance(result, ApiResponse):
                use_later(result.data)
                deep = [one for one in result.deviations if one.found == "deep nesting"]  # too deep to be looked into
                data = result.data if deep else json.loads(result.data.to_json())
                assert data == json.loads(body)
                assert not deep or body.count(b"{") > 100
            else:
                assert type(result) is UnreadableResponseException
                assert body.count(b"{") > 100


@every_kind
def test_numbers_of_any_size(kind):
    many, too_many = b"1" * 4300, b"1" * 5000
    bodies = [b'{"id": %b, "metadata": {"a": [%b]}}' % (number, number) for number in (many, too_many)]
    fine, broken = received(kind, *(typed(body, "application/json") for body in bodies))
    use_later(fine)
    use_later(fine.data)
    assert fine.data == expected_data(kind, bodies[0].decode(), fine.data)
    if reads_json(kind):
        check_unreadable(broken, "the answer can't be read: it has a number of too many digits")
    else:
        assert broken.data == expected_data(kind, bodies[1].decode(), broken.data)


@every_kind
def test_numbers_that_are_none(kind):
    body = b'{"id": NaN, "total": -Infinity, "metadata": {"a": [NaN, Infinity, 1e400]}}'
    (result,) = received(kind, typed(body, "application/json"))
    use_later(result)
    use_later(result.data)
    if hasattr(result.data, "to_dict"):
        found = result.data.to_dict()
        assert math.isnan(found["id"])
        assert math.isnan(found["metadata"]["a"][0])
        assert found["metadata"]["a"][1:] == [math.inf, math.inf]
        assert (found["total"], len(found)) == (-math.inf, 3)
        assert json.loads(result.data.to_json())["total"] == -math.inf


@every_kind
def test_lone_surrogates_and_odd_keys(kind):
    inner = r'{"\ud800": "\udfff", "": 1, "\u0000": 2, "\n": {"\ud800": [{"\ud800": "\ud800"}]}}'
    bodies = [f'{{"id": "\\ud800", "metadata": {inner}}}', inner, f'{{"id": 4, "brand_new": {inner}, {inner[1:]}']
    for body, result in zip(
        bodies, received(kind, *(typed(b.encode(), "application/json") for b in bodies)), strict=True
    ):
        assert result.data == expected_data(kind, body, result.data)
        use_later(result)
        use_later(result.data)
        if is_typed(kind) and hasattr(result.data, "to_json"):
            assert json.loads(result.data.to_json()) == json.loads(body)


@every_kind
def test_the_last_of_equal_keys_counts(kind):
    body = b'{"id": "a", "id": "b", "metadata": {"x": 1, "x": 2}}'
    (result,) = received(kind, typed(body, "application/json"))
    assert result.data == expected_data(kind, body.decode(), result.data)
    assert result.raw_data == body


# -- broken on the way ------------------------------------------------------------------------------------------------

BODY = b'{"id": "v_1"}'
CHUNKED = head(201, JSON, REQUEST_ID, "Transfer-Encoding: chunked")
ZIPPED = gzip.compress(BODY)
CUT_OFF = {
    "by length": head(201, JSON, REQUEST_ID, "Content-Length: 100") + BODY,
    "in a chunk": CHUNKED + b"40\r\n" + BODY,
    "between chunks": CHUNKED + b"d\r\n" + BODY + b"\r\n",
    "no chunk": CHUNKED + b"zz\r\n" + BODY,
    "a negative chunk": CHUNKED + b"-1\r\n" + BODY,
    "gzip": typed(ZIPPED, "application/json").replace(b"X-Req", b"Content-Encoding: gzip\r\nX-Req")[:-5],
}


@every_kind
@pytest.mark.parametrize("name", CUT_OFF)
def test_an_answer_that_breaks_off_raises_with_the_real_status(kind, name):
    (error,) = received(kind, CUT_OFF[name], then="close")
    check_unreadable(error, "the answer broke off: ")
    assert error.__cause__ is not None
    if name in ("by length", "in a chunk", "between chunks"):
        assert error.raw_data == error.body.encode() == BODY


UNDECODABLE = {
    "no gzip": ("gzip", BODY),
    "half of it": ("gzip", ZIPPED[:-8]),
    "wrong checksum": ("gzip", ZIPPED[:-8] + bytes(8)),
    "no deflate": ("deflate", BODY),
    "twice": ("gzip, gzip", gzip.compress(ZIPPED)),
}


@every_kind
@pytest.mark.parametrize("name", UNDECODABLE)
def test_broken_compression_raises_with_the_real_status(kind, name):
    coding, body = UNDECODABLE[name]
    (error,) = received(
        kind, head(201, REQUEST_ID, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body
    )
    assert error.__cause__ is not None or "several compressions" in str(error)
    check_unreadable(error, "the answer can't be read: ")
    assert error.raw_data == body


@every_kind
@pytest.mark.parametrize("coding", ["gzip", "X-GZIP", "deflate", "identity"])
def test_compression_is_undone(kind, coding):
    body = {"deflate": zlib.compress(BODY), "identity": BODY}.get(coding, ZIPPED)
    (result,) = received(kind, full(body, 200, f"Content-Encoding: {coding}"))
    assert result.data == expected_data(kind, BODY.decode(), result.data)
    assert result.raw_data == BODY


# -- too large --------------------------------------------------------------------------------------------------------

LIMIT = 1000
LONG = b'{"id": "' + b"x" * 2000 + b'"}'
TOO_LARGE = {
    "declared": head(200, JSON, "Content-Length: 99999999999") + LONG,
    "sent": full(LONG),
    "chunked": head(200, JSON, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(LONG), LONG),
    "until the end": head(200, JSON) + LONG,
    "gzip bomb": full(gzip.compress(b" " * 20_000_000)[: 10 * LIMIT], 200, *GZIP),
    "an error": full(LONG, 500),
}


@every_kind
@pytest.mark.parametrize("name", TOO_LARGE)
def test_more_than_the_bound_is_refused(kind, name):
    limit = 100_000 if name == "gzip bomb" else LIMIT
    (error,) = received(kind, TOO_LARGE[name], then="close", max_response_size=limit)
    assert type(error) is ResponseTooLargeException
    assert isinstance(error, ApiException)
    assert error.status == (500 if name == "an error" else 200)
    assert error.may_have_reached_server
    assert f"the answer has more than {limit} bytes" in str(error)
    assert len(error.raw_data) <= 2 * limit
    use_later(error)


@every_kind
def test_a_stream_without_end_is_refused_at_the_bound(kind):
    """Whatever a server says about sizes, -1 for a chunk among others, it can't make the client read on."""
    sent = []

    def endless(announced: bytes) -> Any:
        def behave(peer: Peer) -> bool:
            peer.request()
            peer.send(head(200, JSON) if not announced else head(200, JSON, "Transfer-Encoding: chunked") + announced)
            for _ in range(2000):
                peer.send(b" " * 65536)
                sent.append(65536)
            return False

        return behave

    for announced in (b"", b"-1\r\n", b"ffffffffff\r\n"):
        sent.clear()
        with (
            serving(endless(announced)) as server,
            client_of(server.url, retries=0, max_response_size=LIMIT) as client,
            pytest.raises(UnreadableResponseException),
        ):
            kind.call(client)
        assert sum(sent) < 50_000_000


@every_kind
def test_the_bound_itself_is_allowed(kind):
    body = b'{"id": "' + b"x" * 990 + b'"}'
    (result,) = received(kind, full(body), max_response_size=len(body))
    assert result.data == expected_data(kind, body.decode(), result.data)


def test_twins_are_equal():
    (result,) = received(named("get"), full(b'{"code": 4, "metadata": {"a": [1]}}'))
    for thing in (result, result.data):
        for twin in twins(thing):
            assert twin == thing
