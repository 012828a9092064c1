"""What the fuzzing gives: values of all types in any nesting, and answers that are almost right."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from voucherify.base_model import BaseModel
from voucherify.encoding import rfc3339
from voucherify.models.customer import Customer


class Color(str, Enum):
    RED = "red"


class Level(Enum):
    HIGH = 3
    NOTHING = None
    BYTES = b"3"


any_text = st.text(st.characters(), max_size=20)
"""Halves of surrogate pairs included, which `st.text()` leaves out."""
numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
offsets = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
sent_as_text = (
    st.uuids() | st.datetimes(timezones=offsets) | st.dates() | st.times() | st.sampled_from([Color.RED, Level.HIGH])
)
strange = (
    st.floats()
    | st.decimals()
    | st.binary(max_size=4)
    | st.sampled_from([Level.BYTES, Level.NOTHING, object(), Customer, timedelta(1), 1j, range(2), bytearray(b"a")])
)
hashable = st.none() | st.booleans() | numbers | any_text | sent_as_text


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=4)
    mappings = st.dictionaries(any_text, inner, max_size=4)
    return (
        lists
        | lists.map(tuple)
        | lists.map(deque)
        | mappings
        | mappings.map(MappingProxyType)
        | st.builds(lambda extra, name: Customer.from_dict({"name": name, "new": extra}), inner, any_text)
    )


json_values = st.recursive(
    st.none() | st.booleans() | numbers | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)
sendable = st.recursive(
    hashable | st.sets(hashable, max_size=1) | st.frozensets(hashable, max_size=1), _containers, max_leaves=12
)
"""Values that JSON has a form for. Sets have one item, since the order of several is nobody's promise."""
anything = st.recursive(
    hashable | strange | st.dictionaries(hashable | st.binary(max_size=4), hashable, max_size=3),
    _containers,
    max_leaves=12,
)
"""Values of any type, most of them none that can be sent."""


class RefusedError(Exception):
    """A value that must not be sent."""


def wire(value: Any) -> Any:
    """What must arrive for `value`, as plain JSON data. Raises `RefusedError` where nothing may be sent."""
    if isinstance(value, BaseModel):
        return wire(value.to_dict())
    if isinstance(value, Mapping):
        return {_key(key): wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, deque, AbstractSet)):
        return [wire(item) for item in value]
    return _scalar(value.value if isinstance(value, Enum) else value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        number = int(value) if value == value.to_integral_value() else float(value)
        if Decimal(repr(number)) == value:
            return number
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return rfc3339(value)
    raise RefusedError(type(value).__name__)


def _key(key: object) -> str:
    """Names are text; numbers, booleans and null as names are what `json` writes for them."""
    if isinstance(key, str):
        return str(key.value if isinstance(key, Enum) else key)
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    if isinstance(key, int) or (isinstance(key, float) and math.isfinite(key)):
        return repr(key)
    raise RefusedError(type(key).__name__)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` with a few of its bytes lost, added, changed, repeated or cut off."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(1, 12)))
        piece = data[start:end]
        change = draw(st.sampled_from(["delete", "insert", "flip", "duplicate", "truncate", "replace"]))
        if change == "truncate":
            data = data[:start]
            continue
        new = {
            "delete": b"",
            "insert": draw(st.binary(max_size=4)) + piece,
            "flip": bytes(byte ^ (1 << draw(st.integers(0, 7))) for byte in piece[:1]) + piece[1:],
            "duplicate": piece * 2,
            "replace": draw(st.sampled_from([b"null", b"1.5", b'"x"', b"{}", b"[]", b"true", b"-1e999", b"NaN"])),
        }[change]
        data = data[:start] + new + data[end:]
    return data


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """`value`, parsed JSON, with other values in a few places, and with new fields."""
    for _ in range(draw(st.integers(1, 3))):
        value = _changed_somewhere(draw, value)
    return value


def _changed_somewhere(draw: st.DrawFn, value: Any) -> Any:
    if value and isinstance(value, (dict, list)) and draw(st.integers(0, 3)):
        place = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        result = value.copy()
        result[place] = _changed_somewhere(draw, value[place])
        return result
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(any_text): draw(json_values)}
    return draw(json_values)
