"""Answers that are not what the description says: full ones, with one value changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samples import API, sample

from codegen import form
from voucherify.base_model import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kinds import Kind

    Steps = tuple[str | int, ...]

_ODD: dict[str, tuple[Any, ...]] = {
    "str": (4, 4.5, True, ["a"], {"a": None}),
    "int": ("4", "text", 4.5, 100.0, True, [], {"a": 1}),
    "float": ("4.5", False, [1]),
    "bool": ("true", 1, 0.5, {}),
    "datetime": ("soon", "2024-02-30T00:00:00Z", 1706695200, 4.5, True, ["2024-01-31"]),
    "date": ("soon", "2024-02-30", 4),
    "choice": (4, True, ["a"]),
    "model": ("text", 4, True, [1], [{}]),
    "list": ("text", 4.5, {"0": 1}),
    "map": ("text", 4, False, [1]),
}
"""What a value of each type may turn out to be instead."""

_FOUND = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


@dataclass(frozen=True)
class Place:
    """Where a value stands in an answer, and what it is by the description."""

    steps: Steps
    type: str
    """A key of `_ODD`."""

    @property
    def path(self) -> str:
        """As `Deviation.path` has it."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return text.removeprefix(".")


@dataclass(frozen=True)
class Deviating:
    """An answer with one odd value."""

    body: Any
    place: Place
    odd: Any

    @property
    def found(self) -> str:
        """As `Deviation.found` has it."""
        return _FOUND[type(self.odd)]


def answer_type(kind: Kind) -> form.Type | None:
    """What the description says that `kind` answers."""
    (found,) = [
        method.answer
        for resource in API.resources
        for method in resource.methods
        if (resource.name, method.name) == (kind.resource, kind.method)
    ]
    return found


def is_typed(kind: Kind) -> bool:
    """Whether `kind` answers models."""
    return isinstance(answer_type(kind), (form.Model, form.ListOf))


def full_answer(kind: Kind) -> Any:
    """An answer with all fields that the description has, in JSON."""
    described = answer_type(kind)
    assert described is not None
    return sample(described, full=True).wire


def deviating(kind: Kind) -> Iterator[Deviating]:
    """`full_answer(kind)` with an odd value, at the shallowest and at the deepest place of each type."""
    described, whole = answer_type(kind), full_answer(kind)
    assert described is not None
    by_type: dict[str, list[Place]] = {}
    for place in sorted(_places(described, whole, ()), key=lambda place: len(place.steps)):
        by_type.setdefault(place.type, []).append(place)
    for places in by_type.values():
        for place in {places[0], places[-1]}:
            for odd in _ODD[place.type]:
                yield Deviating(changed(whole, place.steps, odd), place, odd)


def _places(described: form.Type, value: Any, steps: Steps) -> Iterator[Place]:
    """Every place below the top; not those in unions, where several types fit."""
    described = form.not_null(described)
    kind, inner = "", {}
    if isinstance(described, form.Scalar):
        kind = described.name
    elif isinstance(described, form.Choice):
        kind = "choice" if described.scalar == "str" else ""
    elif isinstance(described, form.Model):
        fields = API.all_fields(API.models[described.name])
        kind, inner = "model", {field.wire: field.type for field in fields if field.wire in value}
    elif isinstance(described, form.ListOf):
        kind, inner = "list", dict.fromkeys(range(len(value)), described.item)
    elif isinstance(described, form.MapOf):
        kind, inner = "map", dict.fromkeys(value, described.value)
    if kind in _ODD and steps:
        yield Place(steps, kind)
    for step, one in inner.items():
        yield from _places(one, value[step], (*steps, step))


def changed(value: Any, steps: Steps, new: Any) -> Any:
    """`value` with `new` at a place; the original stays as it is."""
    if not steps:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[steps[0]] = changed(copy[steps[0]], steps[1:], new)
    return copy


def without(value: Any, steps: Steps) -> Any:
    """`value` without the field at a place."""
    parent = dict(value_at(value, steps[:-1]))
    del parent[steps[-1]]
    return changed(value, steps[:-1], parent)


def value_at(data: Any, steps: Steps) -> Any:
    """The value at a place of JSON, or of what it was read as: fields of models are attributes."""
    for step in steps:
        if isinstance(data, BaseModel):
            names = {field.alias or name: name for name, field in type(data).model_fields.items()}
            data = getattr(data, names.get(str(step), str(step)))
        else:
            data = data[step]
    return data


def as_json(data: Any) -> Any:
    """What the result of a call gives back as JSON."""
    if isinstance(data, BaseModel):
        return json.loads(data.to_json())
    return [as_json(item) for item in data] if isinstance(data, list) else data


def model_places(body: Any, data: Any) -> dict[Steps, type]:
    """The class of each model in `data`, which was read from `body`."""
    found: dict[Steps, type] = {}

    def walk(value: Any, steps: Steps) -> None:
        part = value_at(data, steps)
        if isinstance(part, BaseModel):
            found[steps] = type(part)
        if isinstance(value, (dict, list)) and isinstance(part, (BaseModel, dict, list)):
            for step in value if isinstance(value, dict) else range(len(value)):
                walk(value[step], (*steps, step))

    walk(body, ())
    return found
