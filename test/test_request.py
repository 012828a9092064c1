"""From an operation and its arguments to the request that goes out, for parameters of every kind."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone

import pytest

from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.models.customer import Customer
from voucherify.operation import Answer, Operation, Parameter
from voucherify.request import Credential, build_request

CODE = Parameter("code", "code", "path", "text", required=True)
MEMBER = Parameter("member_id", "memberId", "path", "text", required=True)
LIMIT = Parameter("limit", "limit", "query", "integer")
SINCE = Parameter("since", "createdAfter", "query", "datetime")
ACTIVE = Parameter("active", "active", "query", "boolean")
IDS = Parameter("ids", "ids", "query", "list")
FILTERS = Parameter("filters", "filters", "query", "object", model="Customer")
ORIGIN = Parameter("origin", "origin", "header", "text")
BODY = Parameter("customer", "", "body", "object", model="Customer")
BODIES = Parameter("customers", "", "body", "list", model="Customer")
TEXT = Parameter("text", "", "body", "text")


def build(*parameters, values=(), options=None, credentials=(), headers=None, path="/v1/things", **settings):
    operation = Operation("ThingsApi.do", "POST", path, parameters, (), Answer("json"), **settings)
    return build_request(
        operation,
        values,
        options or {},
        host="https://api.example.com/base",
        headers=headers or {},
        credentials=credentials,
    )


class TestUrl:
    def test_path_values_are_encoded_each_on_its_own(self):
        request = build(CODE, MEMBER, values=("a/b", "{code}"), path="/v1/{code}/members/{memberId}")
        assert request.url == "https://api.example.com/base/v1/a%2Fb/members/%7Bcode%7D"
        assert request.path_template == "/v1/{code}/members/{memberId}"

    @pytest.mark.parametrize("value", ["..", "%2e%2E"])
    def test_path_values_cannot_climb(self, value):
        with pytest.raises(ApiValueError, match="`code`"):
            build(CODE, values=(value,), path="/v1/{code}")

    def test_query(self):
        request = build(
            *(LIMIT, SINCE, ACTIVE, IDS),
            values=(10, datetime(2024, 1, 31, 10, tzinfo=timezone.utc), False, ("a&b", "c d")),
        )
        assert request.url.endswith(
            "/things?limit=10&createdAfter=2024-01-31T10%3A00%3A00Z&active=false&ids=a%26b&ids=c%20d"
        )

    def test_deep_objects_from_mappings_and_models(self):
        for value in ({"name": {}, "address": {"city": "x"}}, Customer(address={"city": "x"}, name=None)):
            request = build(FILTERS, values=(value,)) if isinstance(value, Customer) else None
            if request is None:
                with pytest.raises(ApiValueError, match=r"`filters.name`"):
                    build(FILTERS, values=(value,))
            else:
                assert request.url.endswith("/things?filters%5Baddress%5D%5Bcity%5D=x")

    def test_nothing_is_sent_for_what_is_unset_null_or_empty(self):
        assert build(LIMIT, IDS, FILTERS, values=(None, [], {})).url == "https://api.example.com/base/v1/things"


class TestBody:
    def test_of_a_mapping_and_of_a_model(self):
        for value in ({"birthdate": date(2024, 1, 31), "x": None}, Customer(birthdate=date(2024, 1, 31), x=None)):
            request = build(BODY, values=(value,), content_type="application/json")
            assert request.body == b'{"birthdate":"2024-01-31","x":null}'
            assert request.headers == {"Content-Type": "application/json"}

    def test_of_a_list(self):
        request = build(BODIES, values=([{"name": "a"}, Customer(name="b")],), content_type="application/json")
        assert json.loads(request.body) == [{"name": "a"}, {"name": "b"}]

    def test_of_text(self):
        request = build(TEXT, values=("zażółć",), content_type="text/plain")
        assert request.body == "zażółć".encode()
        assert request.headers == {"Content-Type": "text/plain"}
        with pytest.raises(ApiValueError, match="`text` has a character"):
            build(TEXT, values=("a\ud800",), content_type="text/plain")

    def test_none(self):
        request = build(BODY, values=(None,), content_type="application/json")
        assert request.body is None
        assert request.headers == {}

    def test_empty(self):
        assert build(BODY, values=({},), content_type="application/json").body == b"{}"
        assert build(BODIES, values=([],), content_type="application/json").body == b"[]"

    def test_what_json_cannot_carry_is_named(self):
        with pytest.raises(ApiValueError, match=r"`customer.metadata.a\[0\]` must be a finite number"):
            build(BODY, values=({"metadata": {"a": [float("nan")]}},))

    def test_structures_without_end(self):
        value = {}
        value["self"] = value
        with pytest.raises(ApiValueError, match=r"`customer.* contains itself"):
            build(BODY, values=({"metadata": value},))
        value = {}
        for _ in range(100_000):
            value = {"a": value}
        with pytest.raises(ApiValueError, match=r"`customer` .*nested too deeply"):
            build(BODY, values=({"metadata": value},))


class TestHeaders:
    def test_the_caller_s_win_in_any_case(self):
        request = build(
            ORIGIN,
            values=("https://shop.example.com",),
            headers={"User-Agent": "package", "X-Kept": "1"},
            credentials=[Credential("header", "X-App-Id", "configured")],
            options={"_headers": {"user-agent": "own", "x-app-id": "own", "ORIGIN": "https://own.example.com"}},
            accept="application/json",
        )
        assert request.headers == {
            "X-Kept": "1",
            "Accept": "application/json",
            "user-agent": "own",
            "x-app-id": "own",
            "ORIGIN": "https://own.example.com",
        }

    def test_arguments_and_credentials_win_over_the_client_s_in_any_case(self):
        request = build(
            ORIGIN,
            values=("https://shop.example.com",),
            headers={"Origin": "https://default.example.com", "x-app-id": "default", "accept": "text/html"},
            credentials=[Credential("header", "X-App-Id", "configured")],
            accept="application/json",
        )
        assert request.headers == {
            "Accept": "application/json",
            "origin": "https://shop.example.com",
            "X-App-Id": "configured",
        }

    def test_content_type_option(self):
        request = build(BODY, values=({},), content_type="application/json", options={"_content_type": "application/x"})
        assert request.headers == {"Content-Type": "application/x"}

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "ż"])
    def test_values_that_http_does_not_allow(self, value):
        with pytest.raises(ApiValueError, match="the value of header `X-Own`"):
            build(options={"_headers": {"X-Own": value}})
        with pytest.raises(ApiValueError, match="the value of header `origin`"):
            build(ORIGIN, values=(value,))
        with pytest.raises(ApiValueError, match="the value of header `X-App-Id`"):
            build(credentials=[Credential("header", "X-App-Id", value)])

    @pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ż"])
    def test_names_that_http_does_not_allow(self, name):
        with pytest.raises(ApiValueError, match="not allowed as the name of a header"):
            build(options={"_headers": {name: "x"}})

    @pytest.mark.parametrize("headers", [{"X-Own": 4}, {"X-Own": None}, {4: "x"}, {"X-Own": b"x"}])
    def test_must_be_text(self, headers):
        with pytest.raises(ApiTypeError):
            build(options={"_headers": headers})

    def test_latin1_values_are_allowed(self):
        assert build(options={"_headers": {"X-Own": "naïve\tx"}}).headers == {"X-Own": "naïve\tx"}


class TestCredentials:
    def test_places(self):
        request = build(
            LIMIT,
            values=(1,),
            credentials=[
                Credential("header", "X-App-Id", "a"),
                Credential("query", "token", "b c"),
                Credential("cookie", "session", "d=e"),
            ],
        )
        assert request.headers == {"X-App-Id": "a", "Cookie": "d=e"}
        assert request.url.endswith("?limit=1&token=b%20c")

    def test_repr_shows_no_secret(self):
        credential = Credential("query", "token", "s3cret")
        request = build(BODY, values=({"name": "s3cret"},), credentials=[credential])
        assert "s3cret" not in repr(request) + repr(credential)


def test_deep_objects_take_the_names_on_the_wire():
    parameter = Parameter("filters", "filters", "query", "object")
    request = build(parameter, values=({"code": {"conditions": {"$in": ["x"]}}},))
    assert request.url.endswith("?filters%5Bcode%5D%5Bconditions%5D%5B%24in%5D%5B0%5D=x")
