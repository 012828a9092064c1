"""What a field accepts: pydantic's schemas, adapted to the two ways in which values reach a model.

JSON text is a server's answer: it is validated strictly and nothing is converted. Python values are what a caller
passes, and are checked kindly: an integral float or Decimal is a whole number, a UUID or an enum member is text, and
text stands for itself where a date or a time is expected. Both live in one schema, side by side.

Every field may be left out and may be null by a caller, whatever its annotation says: requiredness is for type
checkers and for the server to enforce. An answer that lacks a required field does not fit, and is read leniently.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic_core import SchemaValidator, ValidationError, core_schema

from voucherify.encoding import json_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core.core_schema import CoreSchema, ValidationInfo, ValidatorFunctionWrapHandler

    from voucherify.base_model import BaseModel


class _MissingFieldError(Exception):
    """An answer lacks a field that the API describes as required."""


class _Reading(threading.local):
    """What this thread reads at the moment: pydantic has no way to tell it to a default.

    A finalizer or signal handler that builds a model in the middle of it is taken for a part of it.
    """

    answer = False


READING = _Reading()

_LARGE = 16384
"""Bytes of an answer for which garbage collection pauses. Smaller ones hardly set it off."""

READ_JSON_DATA = {"voucherify": "JSON data"}
"""Validation context for Python data that was JSON: text in a field of time is parsed, as it is in JSON itself."""

_ADAPTED = "voucherify_adapted"

# What a time has, unlike numerals and dates, and how a date looks. Without these, pydantic would also take numerals for
# Unix times and dates for times, and the text that the server sent could not be given back. (`\\d` would be the digits
# of all scripts.)
_HAS_TIME = "[Tt ]"
_IS_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

_WHOLE_NUMBER = core_schema.int_schema(strict=True)
# Even a strict float takes a Decimal, and rounds it.
_NUMBER = core_schema.union_schema([_WHOLE_NUMBER, core_schema.is_instance_schema(float)], mode="left_to_right")


def _written(pattern: str, schema: CoreSchema) -> CoreSchema:
    return core_schema.chain_schema([core_schema.str_schema(strict=True, pattern=pattern), schema])


SERVER_SCALARS: dict[type, CoreSchema] = {
    str: core_schema.str_schema(strict=True),
    int: _WHOLE_NUMBER,
    float: core_schema.union_schema([_WHOLE_NUMBER, core_schema.float_schema(strict=True)], mode="left_to_right"),
    bool: core_schema.bool_schema(strict=True),
    # A datetime holds six fractional digits: what has more stays text.
    datetime: _written(_HAS_TIME, core_schema.datetime_schema(microseconds_precision="error")),
    date: _written(_IS_DATE, core_schema.date_schema()),
}
"""What a server may send."""


def _to_text(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def _to_whole_number(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else value
    return value


def _to_number(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        with suppress(ValueError):  # not finite, or too many digits: refused
            return json_number(value)
    return value


def _kind(
    server: CoreSchema, convert: Callable[[Any], object], error: str, caller: CoreSchema | None = None
) -> CoreSchema:
    """What is of the kind passes without a call of Python code; the rest is converted, or refused with one error."""
    plain = server if caller is None else caller
    converted = core_schema.no_info_before_validator_function(convert, plain)
    either = core_schema.union_schema([plain, converted], mode="left_to_right", custom_error_type=error)
    return core_schema.json_or_python_schema(json_schema=server, python_schema=either)


def _time(kind: type, schema: CoreSchema) -> CoreSchema:
    server = SERVER_SCALARS[kind]
    parse = SchemaValidator(server).validate_python

    def read(value: object, strictly: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        if isinstance(value, date):  # a datetime is a date too; the server knows which one it takes
            return value
        if not isinstance(value, str):
            return strictly(value)
        if info.context is READ_JSON_DATA:
            with suppress(ValidationError):
                return parse(value)
        return value

    caller = core_schema.with_info_wrap_validator_function(read, schema)
    return core_schema.json_or_python_schema(json_schema=server, python_schema=caller)


SCALARS: dict[str, CoreSchema] = {
    "str": _kind(SERVER_SCALARS[str], _to_text, "string_type"),
    "int": _kind(SERVER_SCALARS[int], _to_whole_number, "int_type"),
    "float": _kind(SERVER_SCALARS[float], _to_number, "float_type", _NUMBER),
    "bool": SERVER_SCALARS[bool],
    "datetime": _time(datetime, core_schema.datetime_schema(strict=True)),
    "date": _time(date, core_schema.date_schema(strict=True)),
}
"""What a field takes, by the type of pydantic's schema."""
_LIMITS = {"pattern", "min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of", "tz_constraint"}
"""What models that callers derive may ask of a field; the generated ones leave that to the server."""
_MODELS = ("model", "definition-ref", "definitions")


def read_fitting(model: type[BaseModel], text: bytes | str) -> BaseModel | None:
    """Read an answer as `model`, at pydantic's full speed. `None` if it deviates."""
    if len(text) <= _LARGE:
        return _read_fitting(model, text)
    from voucherify.garbage import paused_collection

    with paused_collection():  # else a tenth of the time would go into looking for garbage where there is none
        return _read_fitting(model, text)


def _read_fitting(model: type[BaseModel], text: bytes | str) -> BaseModel | None:
    before, READING.answer = READING.answer, True  # a signal handler may make a call in the middle of another
    try:
        fitting: BaseModel = model.__pydantic_validator__.validate_json(text)
    except (ValidationError, _MissingFieldError):
        return None
    finally:
        READING.answer = before
    return fitting


def adapt_model(schema: CoreSchema, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Adapt the schema that pydantic made of a model class, in place, and answer it.

    `schema` may be a reference; a schema that was adapted before, and is used again inside another, is left alone.
    """
    model = cast("dict[str, Any]", schema)
    while model["type"] in ("definitions", "definition-ref"):
        if model["type"] == "definitions":
            model = cast("dict[str, Any]", model["schema"])
            continue
        try:
            model = cast("dict[str, Any]", handler.resolve_ref_schema(cast("CoreSchema", model)))
        except LookupError:  # a class that leads to itself: it is being made, or was made, in another call of this
            return schema
    metadata = model.setdefault("metadata", {})
    if _ADAPTED not in metadata:
        metadata[_ADAPTED] = True
        for field in model["schema"]["fields"].values():
            field["schema"] = _optional(field["schema"])
    return schema


def _optional(schema: Any) -> CoreSchema:
    is_required = schema["type"] != "default"
    inner = _adapt(schema if is_required else schema["schema"])
    or_null = inner if inner["type"] == "nullable" else core_schema.nullable_schema(inner)
    if not is_required:
        return cast("CoreSchema", {**schema, "schema": or_null})
    either = core_schema.json_or_python_schema(json_schema=inner, python_schema=or_null)
    return core_schema.with_default_schema(either, default_factory=_left_out)


def _left_out() -> None:
    """What a required field is that was left out."""
    if READING.answer:
        raise _MissingFieldError


def _adapt(schema: Any) -> CoreSchema:
    """Replace the scalars inside `schema`; other models are adapted when their own schema is made."""
    kind = schema["type"]
    if kind in SCALARS and not schema.keys() & _LIMITS:
        return SCALARS[kind]
    if kind == "union":
        return _union(schema, _choices(schema["choices"]))
    for part in ("schema", "items_schema", "values_schema"):
        if part in schema and kind in ("nullable", "list", "dict"):
            schema = {**schema, part: _adapt(schema[part])}
    return cast("CoreSchema", schema)


def _union(schema: Any, choices: list[Any]) -> CoreSchema:
    """A union; where it may be a model or else anything, a server's object is always the model.

    One odd value inside must not turn the whole object into a dict, whose fields are no attributes: it must fail here,
    and be read leniently.
    """
    if not any(_takes_any_object(choice) for choice in choices):
        return cast("CoreSchema", {**schema, "choices": choices})
    # Else pydantic would prefer to leave objects untyped.
    caller = cast("CoreSchema", {**schema, "choices": choices, "mode": "left_to_right"})
    if not any(isinstance(choice, dict) and choice["type"] in _MODELS for choice in choices):
        return caller
    server = [_but_objects(choice) if _takes_any_object(choice) else choice for choice in choices]
    return core_schema.json_or_python_schema(
        json_schema=cast("CoreSchema", {**caller, "choices": server}), python_schema=caller
    )


def _but_objects(schema: Any) -> CoreSchema:
    takes_others = schema["type"] == "any"

    def check(value: object) -> object:
        if isinstance(value, dict) or not takes_others:
            raise ValueError("an object is the model")
        return value

    return core_schema.no_info_plain_validator_function(check)


def _choices(choices: list[Any]) -> list[Any]:
    """A union's choices, without the literals of an open enumeration: beside plain text they decide nothing."""
    kinds = {choice["type"] for choice in choices if isinstance(choice, dict)}
    if kinds in ({"literal", "str"}, {"literal", "int"}):
        choices = [choice for choice in choices if choice["type"] != "literal"]
    return [_adapt(choice) if isinstance(choice, dict) else choice for choice in choices]


def _takes_any_object(schema: Any) -> bool:
    if isinstance(schema, dict) and schema["type"] == "dict":
        schema = schema.get("values_schema", {"type": "any"})
    return isinstance(schema, dict) and bool(schema["type"] == "any")
