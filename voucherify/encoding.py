"""How values are written: JSON for bodies, text for paths, queries, headers and form fields."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any

from voucherify.exceptions import ApiTypeError, ApiValueError


def rfc3339(value: datetime | date | time) -> str:
    """RFC 3339 with an offset; a datetime without one is taken as UTC. Dates and times of day have none."""
    if not isinstance(value, datetime):
        return value.isoformat()
    offset = value.utcoffset()
    if offset is None:
        value = value.replace(tzinfo=timezone.utc)
    elif offset.seconds % 60 or offset.microseconds:  # RFC 3339 has no seconds in an offset
        value = value.astimezone(timezone.utc)
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def scalar_text(value: object, name: str) -> str:
    """One value of a query, a form field or a header as text.

    Raises `ApiTypeError` for what is no scalar, `ApiValueError` for a number that is not finite. Both name `name`.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, Decimal) or (isinstance(value, float) and not math.isfinite(value)):
        raise ApiValueError(f"`{name}` must be a finite number, not {value}")
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (datetime, date, time)):
        return rfc3339(value)
    if _is_uuid(value):
        return str(value)
    raise ApiTypeError(f"`{name}` cannot be sent as text: {type(value).__name__}")


def utf8(text: str, name: str) -> bytes:
    """`text` as bytes. Raises `ApiValueError`, naming `name`, for half of a surrogate pair: UTF-8 cannot carry it."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        character = error.object[error.start]
    # Raised where `error`, whose repr has the whole text, can't become its context.
    raise ApiValueError(f"`{name}` has a character that UTF-8 cannot carry: {character!r}")


def to_json_bytes(value: object, name: str) -> bytes:
    """`value` as the JSON body `name`.

    Raises `ApiTypeError` or `ApiValueError`, naming the field, for what JSON cannot carry: bytes, numbers that are not
    finite, Decimals that a double cannot hold, objects of other kinds, structures that contain themselves.
    """
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but JSON can escape it
        return _ASCII_ENCODER.encode(value).encode()
    except RecursionError:
        raise ApiValueError(f"`{name}` is nested too deeply to be sent as JSON") from None
    except (TypeError, ValueError) as error:
        _refuse(value, name, ())
        raise ApiValueError(f"`{name}` cannot be sent as JSON: {error}") from error


def to_json_text(value: object) -> str:
    """`value` as JSON text, whatever it is: what JSON has no form for becomes text."""
    try:
        return json.dumps(value, default=_plain_or_text)
    except (TypeError, ValueError):  # keys that are no text; json allows no hook for them
        return json.dumps(_with_text_keys(value), default=_plain_or_text)


def _plain(value: Any) -> object:
    """The JSON form of a value that json does not know. Raises `TypeError` or `ValueError` if it has none."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, (Mapping, AbstractSet, deque)):
        return dict(value) if isinstance(value, Mapping) else list(value)
    if is_model(value):
        return value.to_dict()
    if isinstance(value, (date, time)) or _is_uuid(value):
        return scalar_text(value, "")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def is_model(value: object) -> bool:
    """Whether `value` is a model, of this package or like one. The class of a model is none."""
    return callable(getattr(value, "to_dict", None)) and not isinstance(value, type)


def _is_uuid(value: object) -> bool:
    return type(value).__name__ == "UUID"  # importing uuid takes longer than the rest of this module


def _plain_or_text(value: object) -> object:
    try:
        return _plain(value)
    except (TypeError, ValueError):
        return value.decode(errors="replace") if isinstance(value, (bytes, bytearray)) else str(value)


def _with_text_keys(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else str(_plain_or_text(key)): _with_text_keys(v) for key, v in value.items()
        }
    return [_with_text_keys(item) for item in value] if isinstance(value, (list, tuple)) else value


def json_number(value: Decimal) -> int | float:
    """`value` as JSON has it. Raises `ValueError` if it is not finite or has too many digits for a double."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    if value == value.to_integral_value():
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError(f"{value} has more digits than a JSON number of double precision keeps; pass it as text")
    return number


def _refuse(value: object, name: str, parents: tuple[int, ...]) -> None:
    """Raise for the first value that cannot be sent, naming its place."""
    if id(value) in parents:
        raise ApiValueError(f"`{name}` contains itself")
    if isinstance(value, float) and not math.isfinite(value):
        raise ApiValueError(f"`{name}` must be a finite number, not {value}")
    inside = (*parents, id(value))
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ApiTypeError(f"`{name}` has a key that is no text: {key!r}")
            _refuse(item, f"{name}.{key}", inside)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse(item, f"{name}[{index}]", inside)
    elif not isinstance(value, (str, int, float, NoneType)):
        _refuse(_plain_or_refused(value, name), name, inside)


def _plain_or_refused(value: object, name: str) -> object:
    try:
        return _plain(value)
    except TypeError as error:
        raise ApiTypeError(f"`{name}` cannot be sent as JSON: {error}") from None
    except ValueError as error:
        raise ApiValueError(f"`{name}` cannot be sent as JSON: {error}") from None


_SETTINGS: dict[str, Any] = {"allow_nan": False, "separators": (",", ":"), "default": _plain}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_SETTINGS)
_ASCII_ENCODER = json.JSONEncoder(ensure_ascii=True, **_SETTINGS)
