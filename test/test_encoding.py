"""How values are written."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucherify.encoding import rfc3339, scalar_text, to_json_bytes, to_json_text
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.models.customer import Customer


class Point(NamedTuple):
    x: int
    y: int


class Color(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class TestRfc3339:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (datetime(2024, 1, 31, 10, 0), "2024-01-31T10:00:00Z"),
            (datetime(2024, 1, 31, 10, 0, 0, 5, tzinfo=timezone.utc), "2024-01-31T10:00:00.000005Z"),
            (datetime(2024, 1, 31, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2024-01-31T00:00:00+05:30"),
            (datetime(1900, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))), "1899-12-31T23:06:32Z"),
            (date(2024, 1, 31), "2024-01-31"),
            (time(9, 30), "09:30:00"),
        ],
    )
    def test_form(self, value, expected):
        assert rfc3339(value) == expected


class TestScalarText:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("", ""),
            ("ż", "ż"),
            (True, "true"),
            (False, "false"),
            (10, "10"),
            (1.5, "1.5"),
            (Decimal("1E+2"), "100"),
            (Decimal("1E+400"), "1" + "0" * 400),
            (Color.RED, "red"),
            (Level.HIGH, "3"),
            (date(2024, 1, 31), "2024-01-31"),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ],
    )
    def test_form(self, value, expected):
        text = scalar_text(value, "name")
        assert text == expected
        assert type(text) is str

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("-Infinity"), Decimal("sNaN")])
    def test_numbers_must_be_finite(self, value):
        with pytest.raises(ApiValueError, match="`limit` must be a finite number"):
            scalar_text(value, "limit")

    @pytest.mark.parametrize("value", [b"bytes", [], {}, object(), None])
    def test_other_things_are_refused(self, value):
        with pytest.raises(ApiTypeError, match="`limit`"):
            scalar_text(value, "limit")


class TestToJsonBytes:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"a": None, "b": [True, 1, 1.5, "ż"]}, '{"a":null,"b":[true,1,1.5,"ż"]}'),
            (Decimal("10"), "10"),
            (Decimal("12.34"), "12.34"),
            (Decimal("1e3"), "1000"),
            (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
            ((1, 2), "[1,2]"),
            ({1}, "[1]"),
            (frozenset([1]), "[1]"),
            (deque([1]), "[1]"),
            (Point(1, 2), "[1,2]"),
            (MappingProxyType({"a": OrderedDict(b=1)}), '{"a":{"b":1}}'),
            ([Color.RED, Level.HIGH], '["red",3]'),
            (datetime(2024, 1, 31), '"2024-01-31T00:00:00Z"'),
            (time(9, 30), '"09:30:00"'),
            (9007199254740993, "9007199254740993"),
            ("\ud800", '"\\ud800"'),
        ],
    )
    def test_form(self, value, expected):
        assert to_json_bytes(value, "body") == expected.encode()

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            ({"a": [1, float("nan")]}, ApiValueError, r"`body\.a\[1\]` must be a finite number, not nan"),
            ({"a": {"b": Decimal("Infinity")}}, ApiValueError, r"`body\.a\.b` .* not a finite number"),
            ({"a": Decimal("0.1000000000000000000001")}, ApiValueError, r"`body\.a` .* more digits"),
            ({"a": b"x"}, ApiTypeError, r"`body\.a` .* bytes has no JSON form"),
            ({"a": [{"b": object()}]}, ApiTypeError, r"`body\.a\[0\]\.b` .* object has no JSON form"),
            ({"a": Customer}, ApiTypeError, r"`body\.a` .* ModelMetaclass has no JSON form"),
            ({"a": {b"b": 1}}, ApiTypeError, r"`body\.a` has a key that is no text"),
            ({"a": MappingProxyType({"b": float("inf")})}, ApiValueError, r"`body\.a\.b` must be a finite number"),
        ],
    )
    def test_what_json_cannot_carry_is_refused_by_name(self, value, error, message):
        with pytest.raises(error, match=message):
            to_json_bytes(value, "body")

    def test_a_structure_that_contains_itself(self):
        value = {"a": []}
        value["a"].append(value)
        with pytest.raises(ApiValueError, match=r"`body\.a\[0\]` contains itself"):
            to_json_bytes(value, "body")

    def test_a_very_deep_structure(self):
        value = []
        for _ in range(100_000):
            value = [value]
        with pytest.raises(ApiValueError, match="`body`"):
            to_json_bytes(value, "body")

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )

    @given(json_values)
    def test_any_json_arrives_as_given(self, value):
        assert json.loads(to_json_bytes(value, "body")) == value

    @given(json_values)
    def test_as_text_too(self, value):
        assert json.loads(to_json_text(value)) == value


class TestToJsonText:
    def test_never_raises(self):
        value = {
            "nan": float("nan"),
            "bytes": b"\xff",
            "object": object,
            Color.RED: {(1, 2): [b"x"]},
            "d": Decimal("NaN"),
        }
        assert to_json_text(value) == (
            '{"nan": NaN, "bytes": "\\ufffd", "object": "<class \'object\'>", "red": {"(1, 2)": ["x"]}, "d": "NaN"}'
        )
