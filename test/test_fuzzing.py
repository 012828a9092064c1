"""Whatever is given, whatever is sent: it arrives as it is or is refused, it is a result or an `ApiException`.

A short run of these is part of the tests; `tox -e fuzz` goes on for ten minutes. What it finds becomes an `@example`.
"""

from __future__ import annotations

import copy
import json
import pickle
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from fuzz_values import RefusedError, any_text, anything, changed, json_values, mutated, sendable, wire
from hostile_server import HostileServer, Peer, answer, full, serving
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kinds import KINDS, Kind, client_of
from pydantic import ValidationError
from samples import documented_answers, query_pairs
from test_operations import METHODS, arguments

import voucherify
from voucherify.exceptions import ApiException, ApiTypeError, ApiValueError
from voucherify.models.events_create_request_body import EventsCreateRequestBody

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
fuzzed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
"""How many examples there are is a matter of the profile."""
kinds = st.sampled_from(KINDS)
BY_NAME = {kind.name: kind for kind in KINDS}
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair: text that has no UTF-8."""
Sink = tuple[HostileServer, voucherify.ApiClient]


# -- what is given ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sink():
    """A server that takes everything, and a client of it."""
    with serving(answer(b"{}")) as server, client_of(server.url, retries=0) as client:
        yield server, client


def arrived(sink: Sink, kind: Kind, options: dict[str, Any] | None = None, **changed: Any) -> Any:
    """The request as it came, or the exception with which the call refused to send it."""
    server, client = sink
    server.requests.clear()
    method = getattr(getattr(voucherify, kind.resource)(client), kind.method)
    try:
        method(**{**kind.arguments, **changed}, **(options or {}))
    except (ApiTypeError, ApiValueError) as error:
        assert server.requests == []
        return error
    (request,) = server.requests
    return request


def expected_or_none(value: Any) -> tuple[Any] | None:
    try:
        return (wire(value),)
    except RefusedError:
        return None


def check_body(sink: Sink, kind: Kind, argument: str, given_body: Any, value: Any) -> None:
    """`given_body` contains `value`, and arrives complete; or the call names the argument that it refuses."""
    found = arrived(sink, kind, **{argument: given_body})
    expected = expected_or_none(value)
    if expected is None:
        assert isinstance(found, (ApiTypeError, ApiValueError))
        assert f"`{argument}" in str(found)
    else:
        assert not isinstance(found, Exception), found
        assert json.loads(found.body) == wire(given_body)


@fuzzed
@given(value=sendable | anything)
@example({1: "a", None: "b"})
@example(["\ud800", float("nan")])
def test_bodies_from_mappings(sink, value):
    body = {"event": "a", "customer": {"source_id": "b", "metadata": {"deep": value}}, "new": [value]}
    check_body(sink, BY_NAME["post"], "events_create_request_body", body, value)


@fuzzed
@given(value=sendable | anything)
def test_bodies_from_models(sink, value):
    try:
        body = EventsCreateRequestBody(event="a", metadata={"deep": value}, new=value)
    except ValidationError:
        return
    check_body(sink, BY_NAME["post"], "events_create_request_body", body, value)


@fuzzed
@given(value=sendable | anything, name=any_text)
def test_bodies_that_are_lists(sink, value, name):
    body = [{"name": name, "metadata": {"deep": value}}, {"metadata": None}]
    check_body(sink, BY_NAME["list"], "loyalties_tiers_create_in_bulk_request_body_item", body, value)


@fuzzed
@given(value=anything)
@example(EventsCreateRequestBody)
def test_whole_bodies_of_any_type(sink, value):
    """Also what is no body at all."""
    found = arrived(sink, BY_NAME["post"], events_create_request_body=value)
    if isinstance(found, Exception):
        assert "events_create_request_body" in str(found)
    else:
        assert (json.loads(found.body) if found.body else None) == wire(value)


@fuzzed
@given(kind=st.sampled_from(["get", "put", "delete"]), code=any_text | st.sampled_from(["..", "%2E.", "a/../b", ""]))
def test_path_values(sink, kind, code):
    found = arrived(sink, BY_NAME[kind], code=code)
    if isinstance(found, Exception):
        assert "`code`" in str(found)
        assert unquote(code) in ("", ".", "..") or SURROGATE.search(code)
    else:
        segments = found.target.partition("?")[0].split("/")
        assert [unquote(segment) for segment in segments] == ["", "v1", "vouchers", code]
        assert not {".", ".."} & set(segments)


@fuzzed
@given(kind=kinds, value=st.text(st.characters(max_codepoint=0x17F), max_size=20) | any_text, own=st.booleans())
def test_header_values(sink, kind, value, own):
    options = {"_headers": {"X-Own": value}}
    name = "X-Own"
    if own:
        name, options = "X-Own-Key", {"_request_auth": {"in": "header", "key": "X-Own-Key", "value": value}}
    found = arrived(sink, kind, options)
    if isinstance(found, Exception):
        assert f"`{name}`" in str(found) or "_request_auth" in str(found)
        assert own * (not value.strip()) or re.search(r"[^\t\x20-\x7e\x80-\xff]", value)
    else:
        assert found.header(name) == (value.strip() if own else value).strip(" \t")
        assert len(found.headers) == len({name.lower() for name, _ in found.headers})


@fuzzed
@given(origin=any_text)
def test_header_arguments(sink, origin):
    found = arrived(sink, BY_NAME["client side"], origin=origin)
    if isinstance(found, Exception):
        assert "`origin`" in str(found)
        assert re.search(r"[^\t\x20-\x7e\x80-\xff]", origin)
    else:
        assert found.header("origin") == origin.strip(" \t")


@fuzzed
@given(token=any_text, secret=any_text, key=any_text)
def test_query_values(sink, token, secret, key):
    found = arrived(sink, BY_NAME["text"], {"_request_auth": {"in": "query", "key": key, "value": secret}}, token=token)
    if isinstance(found, Exception):
        assert not secret.strip() or SURROGATE.search(token + secret + key)
    else:
        _, _, query = found.target.partition("?")
        assert parse_qsl(query, keep_blank_values=True) == [("token", token), (key, secret.strip())]


@fuzzed
@given(conditions=st.dictionaries(any_text, json_values, max_size=4), name=any_text)
def test_filters(sink, conditions, name):
    filters = {f"metadata.{name}": {"conditions": conditions}}
    found = arrived(sink, BY_NAME["filters"], filters=filters)
    expected = [("limit", "2"), *query_pairs("filters", filters, deep=True)]
    if isinstance(found, Exception):
        assert any(SURROGATE.search(name + key + text) for key, text in expected)
    else:
        _, _, query = found.target.partition("?")
        assert parse_qsl(query, keep_blank_values=True) == expected


@fuzzed
@given(value=anything)
@example(Decimal("sNaN"))
@example(Decimal("1E+400"))
def test_filters_of_any_type(sink, value):
    found = arrived(sink, BY_NAME["filters"], filters={"metadata.x": {"conditions": {"$is": value}}})
    if isinstance(found, Exception):
        assert "filters" in str(found)


@fuzzed
@given(data=st.binary(max_size=200), name=any_text)
@example(data=b"", name="\ud800")
def test_files(sink, data, name):
    found = arrived(sink, BY_NAME["file"], file=(name, data))
    if isinstance(found, Exception):
        assert SURROGATE.search(name)
    else:
        assert b"\r\n\r\n" + data + b"\r\n--" in found.body
        head = found.body.partition(b"\r\n\r\n")[0]
        assert head.count(b"\r\n") == 2
        assert head.count(b"\r") == head.count(b"\n")


# -- what is sent -----------------------------------------------------------------------------------------------------


class Answers:
    """A behaviour that sends `data`, whatever that is, and closes."""

    data = b""

    def __call__(self, peer: Peer) -> bool:
        peer.request()
        peer.send(self.data)
        return False


@pytest.fixture(scope="module")
def answers():
    behaviour = Answers()
    with serving(behaviour) as server:
        yield server, behaviour


def call(answers: tuple[HostileServer, Answers], data: bytes, name: str, method: str, given_arguments: Any) -> Any:
    """What the call answers when the server sends `data`: an `ApiResponse`, or an `ApiException` that is in order."""
    server, behaviour = answers
    behaviour.data = data
    server.requests.clear()
    with client_of(server.url, retries=0, timeout=20) as client:
        try:
            response = getattr(getattr(voucherify, name)(client), f"{method}_with_http_info")(**given_arguments)
        except ApiException as error:
            response = error
    assert len(server.requests) == 1
    if isinstance(response, ApiException):
        assert response.may_have_reached_server is (response.status != 429)
        assert len(str(response)) < 1000
        assert "\n" not in str(response)
        assert repr(response)
        again = pickle.loads(pickle.dumps(response))
        assert (str(again), again.status, again.raw_data) == (str(response), response.status, response.raw_data)
    else:
        check_result(response)
    return response


def check_result(response: Any) -> None:
    """Nothing is lost, nothing is invented, and all that a model can do works."""
    data = response.data
    assert repr(response)
    assert [data] == [copy.deepcopy(data)]  # in lists, since NaN is equal to itself there
    if data is None or isinstance(data, str):
        return
    for item in data if isinstance(data, list) else [data]:
        if hasattr(item, "to_dict"):
            assert item.to_dict() == item.to_dict()
            assert item.to_str()
            assert json.loads(item.to_json()) is not None
    back = [plain(item) for item in data] if isinstance(data, list) else plain(data)
    assert same(json.loads(response.raw_data.decode("utf-8-sig")), back)


def plain(item: Any) -> Any:
    return json.loads(item.to_json()) if hasattr(item, "to_json") else item


def same(sent: Any, back: Any) -> bool:
    """Whether both are the same JSON, times in whatever form."""
    if isinstance(sent, dict) and isinstance(back, dict):
        return sent.keys() == back.keys() and all(same(sent[key], back[key]) for key in sent)
    if isinstance(sent, list) and isinstance(back, list):
        return len(sent) == len(back) and all(map(same, sent, back))
    if isinstance(sent, str) and isinstance(back, str) and sent != back:
        return bool(re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", sent)) and sent[:10] == back[:10]
    return type(sent) is type(back) and (sent == back or sent != sent)  # noqa: PLR0124  not a number


@fuzzed
@given(kind=kinds, data=st.binary(max_size=200) | st.binary(max_size=60).map(b"HTTP/1.1 200 OK\r\n".__add__))
def test_any_bytes_as_an_answer(answers, kind, data):
    call(answers, data, kind.resource, kind.method, kind.arguments)


@fuzzed
@given(kind=kinds, status=st.integers(200, 599), body=st.binary(max_size=200))
def test_any_bytes_as_a_body(answers, kind, status, body):
    found = call(answers, full(body, status), kind.resource, kind.method, kind.arguments)
    assert found.raw_data == (b"" if status in (204, 304) else body)


@fuzzed
@given(kind=kinds, body=json_values)
@example(kind=BY_NAME["get"], body={"\ud800": None})
def test_any_json_as_a_body(answers, kind, body):
    data = json.dumps(body).encode()
    found = call(answers, full(data), kind.resource, kind.method, kind.arguments)
    assert not isinstance(found, ApiException)
    assert found.raw_data == data


DOCUMENTED = {
    f"{resource.name}.{method.name}, answer {number}": (resource, method, found)
    for resource, method in METHODS
    for number, found in enumerate(documented_answers(method))
    if found[0] < 300 or resource.name == "VouchersApi"  # errors are the same everywhere
}
documented = st.sampled_from(sorted(DOCUMENTED))


def content(media_type: str, value: Any) -> bytes:
    text = value if isinstance(value, str) and media_type != "application/json" else json.dumps(value)
    return text.encode()


def call_documented(answers: tuple[HostileServer, Answers], case: str, data: bytes) -> Any:
    resource, method, _ = DOCUMENTED[case]
    least = {name: value.given for name, (_, value) in arguments(method, full=False).items()}
    return call(answers, data, resource.name, method.name, least)


@fuzzed
@given(case=documented, changes=st.data())
def test_documented_answers_with_other_values(answers, case, changes):
    _, _, (status, _, value) = DOCUMENTED[case]
    data = content("application/json", changes.draw(changed(value)))
    found = call_documented(answers, case, full(data, status))
    assert isinstance(found, ApiException) == (status >= 300)
    assert found.raw_data == data


@fuzzed
@given(case=documented, changes=st.data())
def test_documented_answers_with_other_bytes_in_the_body(answers, case, changes):
    _, _, (status, media_type, value) = DOCUMENTED[case]
    data = changes.draw(mutated(content(media_type, value)))
    assert call_documented(answers, case, full(data, status)).raw_data == data


@fuzzed
@given(case=documented, changes=st.data())
def test_documented_answers_with_other_bytes_anywhere(answers, case, changes):
    _, _, (status, media_type, value) = DOCUMENTED[case]
    call_documented(answers, case, changes.draw(mutated(full(content(media_type, value), status))))
