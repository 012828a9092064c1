"""What a caller may pass as an argument, and how it reads as path segment or query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from voucherify.encoding import is_model, scalar_text, utf8
from voucherify.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from voucherify.base_model import BaseModel
    from voucherify.operation import Operation, Parameter

_WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "True or False",
    "list": "a list",
    "object": "a mapping or a model",
}


def checked(operation: Operation[Any], values: tuple[Any, ...]) -> list[tuple[Parameter, object]]:
    """The arguments that were given, each with its parameter. `None` counts as not given; 100.0 is the integer 100.

    Raises `ApiTypeError` for a required argument that is missing and for a value that is plainly of another kind.
    Limits and enumerations are not checked: the server knows its present ones.
    """
    given: list[tuple[Parameter, object]] = []
    for parameter, value in zip(operation.parameters, values, strict=True):
        if value is not None:
            if not _fits(parameter.kind, value):
                wanted = _WANTED[parameter.kind]
                raise ApiTypeError(f"`{parameter.name}` must be {wanted}, not {type(value).__name__}: {value!r:.80}")
            given.append((parameter, int(value) if parameter.kind == "integer" else value))
        elif parameter.required:
            raise ApiTypeError(f"{operation.name}() needs the argument `{parameter.name}`")
    return given


def _fits(kind: str, value: object) -> bool:
    if kind == "integer":
        return _is_whole_number(value)
    if kind == "number":
        return hasattr(value, "__float__") and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "list":
        return is_list(value)
    if kind == "object":
        return isinstance(value, Mapping) or is_model(value)
    return True


def _is_whole_number(value: Any) -> bool:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return False
    try:
        return bool(value == int(value))
    except (ValueError, OverflowError):  # not a number, infinity
        return False


def is_list(value: object) -> bool:
    """Whether `value` is sent as a list: any iterable but text, bytes, mappings and models."""
    return (
        isinstance(value, Iterable)
        and not isinstance(value, (str, bytes, bytearray, memoryview, Mapping))
        and not hasattr(value, "to_dict")
    )


def path_segment(value: object, name: str) -> str:
    """`value` as one percent-encoded segment of a path.

    Raises `ApiTypeError` for anything but text, and `ApiValueError` for what would lead to another resource: nothing,
    `.` and `..`, in whatever spelling.
    """
    if not isinstance(value, str):
        raise ApiTypeError(f"`{name}` must be text, not {type(value).__name__}")
    text = scalar_text(value, name)
    if unquote(text) in ("", ".", ".."):
        raise ApiValueError(f"`{name}` must not be {text!r}: the path would lead to another resource")
    return percent_encoded(text, name)


def percent_encoded(text: str, name: str) -> str:
    """`text` with everything encoded but letters, digits and `_.-~`. Raises `ApiValueError` if it has no UTF-8."""
    return quote(utf8(text, name), safe="")


def query_pairs(name: str, value: object) -> list[tuple[str, object]]:
    """`value` as query parameters, nulls and empty containers left out.

    A list repeats the name; a mapping becomes `name[key]`, and a list inside of it `name[key][0]`.
    """
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _deep_pairs(f"{name}[{key}]", item)]
    if is_list(value):
        return [(name, item) for item in _items(value) if item is not None]
    return [] if value is None else [(name, value)]


def _deep_pairs(name: str, value: object) -> list[tuple[str, object]]:
    if is_list(value):
        return [pair for index, item in enumerate(_items(value)) for pair in _deep_pairs(f"{name}[{index}]", item)]
    return query_pairs(name, value)


def _items(value: Any) -> Iterable[object]:
    return list(value)


def plain(parameter: Parameter, value: object) -> object:
    """`value` as plain data under wire names, checked against the parameter's model if it has one.

    Raises `ApiValueError`, naming the fields, for a mapping whose values the model does not take.
    """
    if parameter.kind == "list" and is_list(value):
        return [_plain_object(parameter, item, f"{parameter.name}[{i}]") for i, item in enumerate(_items(value))]
    return _plain_object(parameter, value, parameter.name)


def _plain_object(parameter: Parameter, value: Any, name: str) -> object:
    if not is_model(value):
        if parameter.model is None:
            return value
        if not isinstance(value, Mapping):
            raise ApiTypeError(f"`{name}` must be a mapping or a `{parameter.model}`, not {type(value).__name__}")
        value = _validated(parameter.model, value, name)
    try:
        return value.to_dict()
    except (ValueError, RecursionError) as error:  # pydantic's way to say so
        raise ApiValueError(f"`{name}` contains itself, or is nested too deeply to be sent") from error


def _validated(model: str, value: Mapping[str, Any], name: str) -> BaseModel:
    from pydantic import ValidationError

    try:
        return model_class(model).model_validate(dict(value))
    except ValidationError as error:
        problems = [
            f"`{'.'.join([name, *map(str, problem['loc'])])}`: {problem['msg']}, not {problem['input']!r:.80}"
            for problem in error.errors(include_url=False)
        ]
        raise ApiValueError("; ".join(problems)) from error


def model_class(name: str) -> type[BaseModel]:
    """The class `name` of `voucherify.models`."""
    from voucherify import models

    found: type[BaseModel] = getattr(models, name)
    return found
