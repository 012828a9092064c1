"""What a field accepts: pydantic's schemas, adapted to the two ways in which values reach a model.

A server's answer is validated strictly and nothing is converted. What a caller passes is checked kindly: integral
numbers of any type are whole numbers, a UUID or an enum member is text, and text stands for itself where a date or a
time is expected. Both live in one schema, side by side, because pydantic picks the branch by its `strict` flag.

Every field may be left out and may be null, whatever its annotation says: requiredness is for type checkers and for
the server to enforce, and an answer that lacks a field must still be readable.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic_core import SchemaValidator, core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core.core_schema import CoreSchema, ValidationInfo, ValidatorFunctionWrapHandler

READ_JSON_DATA = {"voucherify": "JSON data"}
"""Validation context for Python data that was JSON: text in a field of time is parsed, as it is in JSON itself."""

_ADAPTED = "voucherify_adapted"

# RFC 3339 with at most the six fractional digits that datetime holds. Without the pattern pydantic would also take
# numerals for Unix times and drop further digits, and the text that the server sent could not be given back. In this
# dialect `\d` would be the digits of all scripts, and slow to build.
_DATE_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?$"
)

_TEXT = core_schema.str_schema(strict=True)
_WHOLE_NUMBER = core_schema.int_schema(strict=True)
_BOOLEAN = core_schema.bool_schema(strict=True)
_NUMBER = core_schema.union_schema([_WHOLE_NUMBER, core_schema.float_schema(strict=True)], mode="left_to_right")
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


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
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _either(caller: CoreSchema, server: CoreSchema) -> CoreSchema:
    return core_schema.lax_or_strict_schema(lax_schema=caller, strict_schema=server)


def _kind(convert: Callable[[Any], object], schema: CoreSchema, error: str) -> CoreSchema:
    """What is of the kind passes without a call of Python code; the rest is converted, or refused with one error."""
    converted = core_schema.no_info_before_validator_function(convert, schema)
    caller = core_schema.union_schema(
        [schema, converted],
        mode="left_to_right",
        custom_error_type=error,
    )
    return _either(caller, schema)


def _time(pattern: str, schema: CoreSchema) -> CoreSchema:
    parse = SchemaValidator(schema).validate_python
    sent = core_schema.chain_schema(
        [core_schema.str_schema(strict=True, pattern=pattern), core_schema.no_info_plain_validator_function(parse)]
    )
    fits = SchemaValidator(sent).isinstance_python

    def read(value: object, strictly: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        if isinstance(value, date):  # a datetime is a date too; the server knows which one it takes
            return value
        if isinstance(value, str):
            is_json_data = info.mode == "json" or info.context is READ_JSON_DATA
            return parse(value) if is_json_data and fits(value) else value
        return strictly(value)

    strict_schema = cast("CoreSchema", {**schema, "strict": True})
    return _either(core_schema.with_info_wrap_validator_function(read, strict_schema), sent)


SCALARS: dict[type, CoreSchema] = {
    str: _kind(_to_text, _TEXT, "string_type"),
    int: _kind(_to_whole_number, _WHOLE_NUMBER, "int_type"),
    float: _kind(_to_number, _NUMBER, "float_type"),
    bool: _BOOLEAN,
    datetime: _time(_DATE_TIME, core_schema.datetime_schema()),
    date: _time(_DATE, core_schema.date_schema()),
}
_MODELS = ("model", "definition-ref", "definitions")
_BY_NAME = {kind.__name__: schema for kind, schema in SCALARS.items()}


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
    inner = schema["schema"] if schema["type"] == "default" else schema
    inner = inner if inner["type"] == "nullable" else core_schema.nullable_schema(inner)
    return core_schema.with_default_schema(_adapt(inner), default=None)


def _adapt(schema: Any) -> CoreSchema:
    """Replace the scalars inside `schema`; other models are adapted when their own schema is made."""
    kind = schema["type"]
    if kind in _BY_NAME:
        return _BY_NAME[kind]
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
    return _either(caller, cast("CoreSchema", {**caller, "choices": server}))


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
