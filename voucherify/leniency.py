"""Answers that are not quite what the API describes: what fits is typed, the rest stays as it was sent.

This is the slow path, for bodies that pydantic refused as a whole. It walks the annotations of the models beside the
parsed JSON and asks pydantic only about scalars.
"""

from __future__ import annotations

import types
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic_core import SchemaValidator, ValidationError

from voucherify.api_response import Deviation
from voucherify.base_model import BaseModel
from voucherify.model_schema import SERVER_SCALARS

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

MOST_DEVIATIONS = 1000
"""More are not noted: a large answer of another shape has as many as it has values, each larger than its value."""

_FOUND = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


def fit(annotation: Any, value: object) -> tuple[Any, tuple[Deviation, ...]]:
    """`value`, parsed JSON, as `annotation` as far as it goes, and what deviates.

    Fields that are null or missing count as deviations where the annotation has no `None`.
    """
    deviations: list[Deviation] = []
    walk = _Walk(deviations)
    return walk.fit(annotation, value, None), tuple(deviations)


class _Place(NamedTuple):
    """Where a value stands. Most places are never told, so that they become text late."""

    before: _Place | None
    step: str | int
    is_key: bool = False
    """Whether the step is the key of a map, and not the name of a field."""

    def told(self) -> tuple[str, str]:
        """`path` and `field` of a `Deviation`."""
        path, field = self.before.told() if self.before else ("", "")
        if isinstance(self.step, int):
            return f"{path}[{self.step}]", f"{field}[]"
        return _join(path, self.step), f"{field}[]" if self.is_key else _join(field, self.step)


class _MisfitError(Exception):
    """A value is not what its annotation says."""


class _Walk:
    def __init__(self, deviations: list[Deviation]) -> None:
        self.deviations = deviations
        self.unknown = 0
        """Fields that the models did not know."""

    def fit(self, annotation: Any, value: object, place: _Place | None) -> Any:
        if annotation is Any:
            return value
        if get_origin(annotation) in (Union, types.UnionType):
            return self._fit_best(get_args(annotation), value, place)
        try:
            return self._fit_one(annotation, value, place)
        except _MisfitError:
            self._deviate(place, annotation, _FOUND.get(type(value), "null"))
            return value

    def _fit_one(self, annotation: Any, value: object, place: _Place | None) -> Any:
        """Raises `_MisfitError` if `value` as a whole is something else."""
        origin = get_origin(annotation)
        if origin is list and isinstance(value, list):
            (inner,) = get_args(annotation)
            return [self.fit(inner, item, _Place(place, index)) for index, item in enumerate(value)]
        if origin is dict and isinstance(value, dict):
            _, inner = get_args(annotation)
            return {key: self.fit(inner, item, _Place(place, key, is_key=True)) for key, item in value.items()}
        if origin is Literal and (type(value), value) in [(type(choice), choice) for choice in get_args(annotation)]:
            return value
        if _is_model(annotation) and isinstance(value, dict):
            return self._fit_model(annotation, value, place)
        if annotation in SERVER_SCALARS:
            return _scalar(annotation, value)
        raise _MisfitError

    def _fit_best(self, choices: tuple[Any, ...], value: object, place: _Place | None) -> Any:
        """As the choice that leaves the fewest deviations and unknown fields; the first among equals."""
        if value is None and type(None) in choices:
            return None
        if isinstance(value, dict) and any(_is_model(choice) for choice in choices):  # see `model_schema`
            choices = tuple(choice for choice in choices if _is_model(choice))
        walks: list[tuple[Any, _Walk]] = []
        for choice in choices:
            if choice is not type(None):
                walk = _Walk([])
                walks.append((walk.fit(choice, value, place), walk))
        fitted, best = min(walks, key=lambda found: len(found[1].deviations) + found[1].unknown)
        self.deviations += best.deviations[: MOST_DEVIATIONS - len(self.deviations)]
        self.unknown += best.unknown
        return fitted

    def _fit_model(self, model: type[BaseModel], value: dict[str, object], place: _Place | None) -> BaseModel:
        typed: dict[str, object] = {}
        rest = dict(value)
        for name, field in _fields(model).items():
            key = field.alias or name
            given = key if key in value else name
            if given in rest:
                typed[name] = self.fit(field.annotation, rest.pop(given), _Place(place, given))
            elif field.is_required():
                self._deviate(_Place(place, key), field.annotation, "nothing")
        self.unknown += len(rest)
        return _assembled(model, typed, rest)

    def _deviate(self, place: _Place | None, annotation: Any, found: str) -> None:
        if len(self.deviations) < MOST_DEVIATIONS:
            path, field = place.told() if place else ("", "")
            self.deviations.append(Deviation(path, _name(annotation), found, field))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_model(annotation: Any) -> bool:
    # Python 3.10 takes `list[str]` for a class.
    return get_origin(annotation) is None and isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _name(get_args(annotation)[0])
    kind = type(get_args(annotation)[0]) if origin is Literal else origin or annotation
    return str(getattr(kind, "__name__", kind))


def _scalar(kind: type, value: object) -> Any:
    try:
        return _validator(kind).validate_python(value)
    except ValidationError:
        raise _MisfitError from None


@cache
def _validator(kind: type) -> SchemaValidator:
    return SchemaValidator(SERVER_SCALARS[kind])


@cache
def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    model.model_rebuild()  # resolves the annotations
    return model.model_fields


def _assembled(model: type[BaseModel], typed: dict[str, object], extra: dict[str, object]) -> BaseModel:
    """An instance of `model` with these values as they are: they have been checked, or cannot be."""
    instance = model.__new__(model)
    object.__setattr__(instance, "__dict__", dict.fromkeys(model.model_fields) | typed)
    object.__setattr__(instance, "__pydantic_fields_set__", set(typed))
    object.__setattr__(instance, "__pydantic_extra__", extra)
    object.__setattr__(instance, "__pydantic_private__", None)
    return instance
