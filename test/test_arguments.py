"""What a caller may pass as an argument, and how it reads as path segment or query."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucherify.arguments import checked, path_segment, plain, query_pairs
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.models.customer import Customer
from voucherify.operation import Answer, Operation, Parameter


class Code(str, Enum):
    SUMMER = "summer/24"


def operation(*parameters):
    return Operation("ThingsApi.list_things", "GET", "/v1/things", parameters, (), Answer("json"))


class TestChecked:
    def test_none_counts_as_not_given(self):
        first, second = Parameter("first", "first", "query"), Parameter("second", "second", "query")
        assert checked(operation(first, second), (None, 4)) == [(second, 4)]

    def test_whole_numbers_are_integers(self):
        for value in (100.0, Decimal("1e2")):
            ((_, given),) = checked(operation(Parameter("limit", "limit", "query", "integer")), (value,))
            assert type(given) is int

    def test_a_missing_argument_is_named(self):
        with pytest.raises(ApiTypeError, match=r"ThingsApi.list_things\(\) needs the argument `code`"):
            checked(operation(Parameter("code", "code", "path", "text", required=True)), (None,))

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("integer", 1),
            ("integer", 100.0),
            ("integer", Decimal("100")),
            ("integer", 10**400),
            ("number", 1.5),
            ("number", Decimal("1.5")),
            ("boolean", False),
            ("list", []),
            ("list", ("a",)),
            ("list", {"a"}),
            ("list", {"a": 1}.keys()),
            ("object", {}),
            ("object", Customer()),
            ("text", "a"),
            ("datetime", "2024-01-31"),
            ("any", object()),
        ],
    )
    def test_what_fits(self, kind, value):
        assert checked(operation(Parameter("p", "p", "query", kind)), (value,))[0][1] == value

    @pytest.mark.parametrize(
        ("kind", "value", "message"),
        [
            ("integer", "10", "`p` must be a whole number, not str: '10'"),
            ("integer", 1.5, "`p` must be a whole number, not float: 1.5"),
            ("integer", True, "`p` must be a whole number, not bool: True"),
            ("integer", float("nan"), "`p` must be a whole number"),
            ("integer", float("inf"), "`p` must be a whole number"),
            ("integer", [1], "`p` must be a whole number"),
            ("number", "1.5", "`p` must be a number"),
            ("number", True, "`p` must be a number"),
            ("boolean", 1, "`p` must be True or False"),
            ("boolean", "true", "`p` must be True or False"),
            ("list", "abc", "`p` must be a list, not str"),
            ("list", b"abc", "`p` must be a list"),
            ("list", {"a": 1}, "`p` must be a list"),
            ("list", Customer(), "`p` must be a list"),
            ("list", 4, "`p` must be a list"),
            ("object", "abc", "`p` must be a mapping or a model, not str"),
            ("object", [{}], "`p` must be a mapping or a model"),
            ("object", Customer, "`p` must be a mapping or a model, not ModelMetaclass"),
        ],
    )
    def test_what_does_not(self, kind, value, message):
        with pytest.raises(ApiTypeError, match=message):
            checked(operation(Parameter("p", "p", "query", kind)), (value,))


class TestPathSegment:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("promo-1_A.b~", "promo-1_A.b~"),
            ("a/b", "a%2Fb"),
            ("a b?c#d%", "a%20b%3Fc%23d%25"),
            ("{other}", "%7Bother%7D"),
            ("zażółć", "za%C5%BC%C3%B3%C5%82%C4%87"),
            ("...", "..."),
            ("../x", "..%2Fx"),
            ("%252e", "%25252e"),
            (Code.SUMMER, "summer%2F24"),
            (" ", "%20"),
            ("a\r\nb", "a%0D%0Ab"),
        ],
    )
    def test_is_one_segment(self, value, expected):
        assert path_segment(value, "code") == expected

    @pytest.mark.parametrize("value", ["", ".", "..", "%2e", "%2E", ".%2e", "%2E%2e"])
    def test_cannot_lead_to_another_resource(self, value):
        with pytest.raises(ApiValueError, match="`code` must not be"):
            path_segment(value, "code")

    @pytest.mark.parametrize("value", [1, 1.5, True, b"a", ["a"], object()])
    def test_must_be_text(self, value):
        with pytest.raises(ApiTypeError, match="`code` must be text"):
            path_segment(value, "code")

    def test_must_have_utf8(self):
        with pytest.raises(ApiValueError, match="`code` has a character"):
            path_segment("a\ud800", "code")

    @given(st.text())
    def test_arrives_as_given(self, text):
        try:
            segment = path_segment(text, "code")
        except ApiValueError:
            assert unquote(text) in ("", ".", "..") or any("\ud800" <= character <= "\udfff" for character in text)
        else:
            assert unquote(segment) == text
            assert "/" not in segment
            assert segment.isascii()


class TestQueryPairs:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("x", [("q", "x")]),
            ("", [("q", "")]),
            (False, [("q", False)]),
            (None, []),
            ([], []),
            ({}, []),
            (["a", None, "b"], [("q", "a"), ("q", "b")]),
            ({"a": None, "b": [], "c": {}}, []),
            (
                {"code": {"conditions": {"$in": ["x", "y"], "$is": "z"}}, "junction": "and"},
                [
                    ("q[code][conditions][$in][0]", "x"),
                    ("q[code][conditions][$in][1]", "y"),
                    ("q[code][conditions][$is]", "z"),
                    ("q[junction]", "and"),
                ],
            ),
            ({"a": [{"b": 1}, {"b": [2]}]}, [("q[a][0][b]", 1), ("q[a][1][b][0]", 2)]),
        ],
    )
    def test_form(self, value, expected):
        assert query_pairs("q", value) == expected


class TestPlain:
    body = Parameter("body", "", "body", "object", model="Customer")
    bodies = Parameter("bodies", "", "body", "list", model="Customer")

    def test_models_and_mappings_become_plain_data(self):
        at = datetime(2024, 1, 31, tzinfo=timezone.utc)
        assert plain(self.body, Customer(name=None, x=at)) == {"name": None, "x": at}
        assert plain(self.body, {"name": None, "x": at}) == {"name": None, "x": at}
        assert plain(self.bodies, ({"name": "a"}, Customer(name="b"))) == [{"name": "a"}, {"name": "b"}]

    def test_without_a_model_values_stay(self):
        assert plain(Parameter("q", "q", "query", "object"), {"a": 1}) == {"a": 1}
        assert plain(Parameter("q", "q", "query", "list"), ["a"]) == ["a"]

    def test_the_caller_s_mapping_is_left_alone(self):
        given = {"address": {"city": "a"}, "metadata": {"list": (1,)}}
        plain(self.body, given)
        assert given == {"address": {"city": "a"}, "metadata": {"list": (1,)}}

    def test_wrong_values_are_named(self):
        with pytest.raises(ApiValueError, match=r"`body.name`: .*, not 4; `body.address.city`: .*, not \['x'\]"):
            plain(self.body, {"name": 4, "address": {"city": ["x"]}})
        with pytest.raises(ApiValueError, match=r"`bodies\[1\].name`"):
            plain(self.bodies, [{}, {"name": 4}])

    def test_items_must_be_objects(self):
        with pytest.raises(ApiTypeError, match=r"`bodies\[0\]` must be a mapping or a `Customer`, not str"):
            plain(self.bodies, ["x"])
