"""Types as Python writes them, and the imports that they need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from codegen.form import ANY, Choice, ListOf, MapOf, Model, Nullable, Scalar, Type, UnionOf, not_null
from codegen.names import snake_case

if TYPE_CHECKING:
    from codegen.form import Argument, Field

Role = Literal["field", "argument"]
"""Arguments take more than fields and answers hold: mappings for models, text for dates."""

_MODULES = {
    "Annotated": "typing",
    "Any": "typing",
    "Field": "pydantic",
    "FileContent": "voucherify.form",
    "Literal": "typing",
    "Mapping": "collections.abc",
    "Sequence": "collections.abc",
    "date": "datetime",
    "datetime": "datetime",
}
_KINDS = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "datetime",
    "date": "date",
    "file": "any",
    "Any": "any",
}


@dataclass
class Imports:
    """Names that the annotations of one module use."""

    standard: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)

    def statements(self, *, without: frozenset[str] = frozenset()) -> list[str]:
        """`from ... import ...`, unsorted: ruff sorts them. The models in `without` are left out."""
        found = [f"from {_MODULES[name]} import {name}" for name in sorted(self.standard)]
        return found + [import_of(name) for name in sorted(self.models - without)]


def import_of(model: str) -> str:
    """The statement that imports a class of `voucherify.models`."""
    return f"from voucherify.models.{snake_case(model)} import {model}"


def annotation(one: Type, imports: Imports, role: Role = "field") -> str:
    """`one` in Python; what it needs is added to `imports`."""
    return " | ".join(_choices(one, imports, role))


def _choices(one: Type, imports: Imports, role: Role) -> list[str]:
    """The parts of a union, one for a type that is none."""
    if isinstance(one, Nullable):
        return [*_choices(one.inner, imports, role), "None"]
    if isinstance(one, UnionOf):
        texts = dict.fromkeys(text for choice in one.choices for text in _choices(choice, imports, role))
        return sorted(texts, key=lambda text: text.startswith("Mapping["))  # stands for the models before it
    if isinstance(one, Choice):
        return [_known_values(one, imports, role), one.scalar]
    if isinstance(one, Scalar):
        return _scalar(one, imports, role)
    return _container(one, imports, role)


def _container(one: Model | ListOf | MapOf, imports: Imports, role: Role) -> list[str]:
    if isinstance(one, Model):
        imports.models.add(one.name)
        return [one.name, _mapping("Any", imports)] if role == "argument" else [one.name]
    if isinstance(one, ListOf):
        return _list(one, imports, role)
    inner = annotation(one.value, imports, role)
    return [_mapping(inner, imports) if role == "argument" else f"dict[str, {_standard(inner, imports)}]"]


def _known_values(one: Choice, imports: Imports, role: Role) -> str:
    """Fields list the values, so that an answer compares with plain text; arguments name the published class."""
    if one.enumeration is not None and role == "argument":
        imports.models.add(one.enumeration)
        return one.enumeration
    imports.standard.add("Literal")
    return f"Literal[{', '.join(repr(value) for value in one.values)}]"


def _list(one: ListOf, imports: Imports, role: Role) -> list[str]:
    inner = annotation(one.item, imports, role)
    if role == "field":
        return [f"list[{inner}]"]
    if isinstance(one.item, (Model, MapOf, ListOf)):
        imports.standard.add("Sequence")
        return [f"Sequence[{inner}]"]
    return [f"list[{inner}]", f"tuple[{inner}, ...]"]  # text is a sequence of text, and is not meant


def _mapping(inner: str, imports: Imports) -> str:
    imports.standard.add("Mapping")
    return f"Mapping[str, {_standard(inner, imports)}]"


def _standard(inner: str, imports: Imports) -> str:
    if inner == "Any":
        imports.standard.add("Any")
    return inner


def _scalar(one: Scalar, imports: Imports, role: Role) -> list[str]:
    name = "FileContent" if one.name == "file" else one.name
    if name in _MODULES:
        imports.standard.add(name)
    return [name, "str"] if role == "argument" and name in ("date", "datetime") else [name]


def field_annotation(one: Field, imports: Imports) -> str:
    """The annotation of a field, default included."""
    inner = not_null(one.type)
    optional = not one.required or isinstance(one.type, Nullable)
    text = annotation(inner, imports)
    if optional and inner != ANY:
        text += " | None"
    if one.wire != one.name:
        imports.standard |= {"Annotated", "Field"}
        text = f'Annotated[{text}, Field(alias="{one.wire}")]'
    return text if one.required else f"{text} = None"


def argument_annotation(one: Argument, imports: Imports, *, may_be_left_out: bool) -> str:
    """The annotation of an argument, default included."""
    if not may_be_left_out:
        return annotation(not_null(one.type), imports, "argument")
    return f"{keyword_annotation(one, imports)} = None"


def keyword_annotation(one: Argument, imports: Imports) -> str:
    """The annotation of an argument that is passed by keyword only."""
    inner = not_null(one.type)
    text = annotation(inner, imports, "argument")
    return text if inner == ANY else f"{text} | None"


def answer_annotation(answer: Type | None, imports: Imports) -> str:
    """What a method answers."""
    return "None" if answer is None else annotation(answer, imports)


def kind_and_model(one: Argument) -> tuple[str, str | None]:
    """`kind` and `model` of a `voucherify.operation.Parameter`."""
    given = not_null(one.type)
    if isinstance(given, Model):
        return "object", given.name
    if isinstance(given, ListOf):
        return "list", given.item.name if isinstance(given.item, Model) else None
    if isinstance(given, MapOf):
        return "object", None
    if isinstance(given, Choice):
        return _KINDS[given.scalar], None
    return (_KINDS[given.name] if isinstance(given, Scalar) else "any"), None


def answer_kind_and_model(answer: Type | None, accept: str | None) -> tuple[str, str | None]:
    """`kind` and `model` of a `voucherify.operation.Answer`."""
    inner = None if answer is None else not_null(answer)
    if inner is None:
        return "nothing", None
    if accept is not None and accept.startswith("text/"):
        return "text", None
    if isinstance(inner, Model):
        return "model", inner.name
    if isinstance(inner, ListOf):
        return "list", inner.item.name if isinstance(inner.item, Model) else None
    return "json", None
