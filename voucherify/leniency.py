"""Answers that are not quite what the API describes: what fits is typed, the rest stays as it was sent.

This is the slow path, for bodies that pydantic refused as a whole. It walks the annotations of the models beside the
parsed JSON and asks pydantic only about scalars.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic_core import SchemaValidator, ValidationError

from voucherify.api_response import Deviation
from voucherify.base_model import BaseModel
from voucherify.model_schema import SCALARS

_FOUND = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


def fit(annotation: Any, value: object, *, complete: bool = False) -> tuple[Any, tuple[Deviation, ...]]:
    """`value`, parsed JSON, as `annotation` as far as it goes, and what deviates.

    With `complete`, nulls and missing fields count as deviations where the annotation has no `None`.
    """
    deviations: list[Deviation] = []
    walk = _Walk(deviations, complete=complete)
    return walk.fit(annotation, value, ""), tuple(deviations)


class _MisfitError(Exception):
    """A value is not what its annotation says."""


class _Walk:
    def __init__(self, deviations: list[Deviation], *, complete: bool) -> None:
        self.deviations = deviations
        self.complete = complete

    def fit(self, annotation: Any, value: object, path: str) -> Any:
        if annotation is Any:
            return value
        if get_origin(annotation) in (Union, types.UnionType):
            return self._fit_best(get_args(annotation), value, path)
        if value is None:
            if self.complete:
                self._deviate(path, annotation, value)
            return None
        try:
            return self._fit_one(annotation, value, path)
        except _MisfitError:
            self._deviate(path, annotation, value)
            return value

    def _fit_one(self, annotation: Any, value: object, path: str) -> Any:
        """Raises `_MisfitError` if `value` as a whole is something else."""
        origin = get_origin(annotation)
        if origin is list and isinstance(value, list):
            (inner,) = get_args(annotation)
            return [self.fit(inner, item, f"{path}[{index}]") for index, item in enumerate(value)]
        if origin is dict and isinstance(value, dict):
            _, inner = get_args(annotation)
            return {key: self.fit(inner, item, _join(path, key)) for key, item in value.items()}
        if origin is Literal and value in get_args(annotation):
            return value
        if origin is None and issubclass(annotation, BaseModel) and isinstance(value, dict):
            return self._fit_model(annotation, value, path)
        if annotation in SCALARS:
            return _scalar(annotation, value)
        raise _MisfitError

    def _fit_best(self, choices: tuple[Any, ...], value: object, path: str) -> Any:
        """As the choice that leaves the fewest deviations; the first among equals."""
        if value is None and type(None) in choices:
            return None
        best: tuple[Any, list[Deviation]] | None = None
        for choice in choices:
            if choice is type(None):
                continue
            walk = _Walk([], complete=self.complete)
            fitted = walk.fit(choice, value, path)
            if best is None or len(walk.deviations) < len(best[1]):
                best = fitted, walk.deviations
        if best is None:
            return value
        self.deviations += best[1]
        return best[0]

    def _fit_model(self, model: type[BaseModel], value: dict[str, object], path: str) -> BaseModel:
        fields = _fields(model)
        typed: dict[str, object] = {}
        for name, (key, annotation) in fields.items():
            given = key if key in value else name
            if given in value:
                typed[name] = self.fit(annotation, value[given], _join(path, given))
            elif self.complete and type(None) not in get_args(annotation):
                self.deviations.append(Deviation(_join(path, key), _name(annotation), "nothing"))
        known = {*fields, *(key for key, _ in fields.values())}
        return _assembled(model, typed, {key: item for key, item in value.items() if key not in known})

    def _deviate(self, path: str, annotation: Any, value: object) -> None:
        self.deviations.append(Deviation(path, _name(annotation), _FOUND.get(type(value), "null")))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _name(annotation: Any) -> str:
    origin = get_origin(annotation)
    kind = type(get_args(annotation)[0]) if origin is Literal else origin or annotation
    return str(getattr(kind, "__name__", kind))


def _scalar(kind: type, value: object) -> Any:
    try:
        return _validator(kind).validate_python(value, strict=True)
    except ValidationError:
        raise _MisfitError from None


@cache
def _validator(kind: type) -> SchemaValidator:
    return SchemaValidator(SCALARS[kind])


@cache
def _fields(model: type[BaseModel]) -> dict[str, tuple[str, Any]]:
    """Name on the wire and annotation of each field."""
    model.model_rebuild()  # resolves the annotations
    return {name: (field.alias or name, field.annotation) for name, field in model.model_fields.items()}


def _assembled(model: type[BaseModel], typed: dict[str, object], extra: dict[str, object]) -> BaseModel:
    """An instance of `model` with these values as they are: they have been checked, or cannot be."""
    instance = model.__new__(model)
    object.__setattr__(instance, "__dict__", dict.fromkeys(model.model_fields) | typed)
    object.__setattr__(instance, "__pydantic_fields_set__", set(typed))
    object.__setattr__(instance, "__pydantic_extra__", extra)
    object.__setattr__(instance, "__pydantic_private__", None)
    return instance
