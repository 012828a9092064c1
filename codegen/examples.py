"""Example values: those of the description, and made-up ones where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codegen.form import FREE_FORM, MISSING, Choice, ListOf, MapOf, Model, Nullable, Scalar, Type, UnionOf

if TYPE_CHECKING:
    from codegen.form import Api, Argument, Field

_SCALARS: dict[str, Any] = {
    "int": 1,
    "float": 1.5,
    "bool": True,
    "datetime": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "Any": {},
}


def model_example(api: Api, name: str, inside: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON object with every field of the model `name`, except for those that lead back to it."""
    model = api.models[name]
    if isinstance(model.example, dict):
        return model.example
    return {
        field.wire: _field_example(api, field, (*inside, name))
        for field in api.all_fields(model)
        if not _leads_into(field.type, (*inside, name))
    }


def argument_example(api: Api, argument: Argument) -> Any:
    """A value for an argument; for a file, its name and its text."""
    if argument.example is not MISSING:
        return argument.example
    return _type_example(api, argument.type, argument.name, ())


def _field_example(api: Api, field: Field, inside: tuple[str, ...]) -> Any:
    return _type_example(api, field.type, field.wire, inside) if field.example is MISSING else field.example


def _type_example(api: Api, one: Type, name: str, inside: tuple[str, ...]) -> Any:
    if isinstance(one, Nullable):
        return None if one.inner == FREE_FORM else _type_example(api, one.inner, name, inside)
    if isinstance(one, UnionOf):
        return _type_example(api, one.choices[0], name, inside)
    if isinstance(one, Choice):
        return one.values[0]
    if isinstance(one, Scalar):
        return _SCALARS.get(one.name, name)
    return _container_example(api, one, name, inside)


def _container_example(api: Api, one: Model | ListOf | MapOf, name: str, inside: tuple[str, ...]) -> Any:
    if isinstance(one, Model):
        return model_example(api, one.name, inside)
    if isinstance(one, ListOf):
        return [] if _leads_into(one.item, inside) else [_type_example(api, one.item, name, inside)]
    return {} if one == FREE_FORM else {"key": _type_example(api, one.value, name, inside)}


def _leads_into(one: Type, models: tuple[str, ...]) -> bool:
    """Whether an example of the type would contain itself."""
    if isinstance(one, Model):
        return one.name in models
    if isinstance(one, MapOf):
        return _leads_into(one.value, models)
    if isinstance(one, Nullable):
        return _leads_into(one.inner, models)
    return isinstance(one, UnionOf) and _leads_into(one.choices[0], models)
