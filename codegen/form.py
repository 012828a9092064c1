"""The intermediate form: the description, checked, named and resolved, as the templates need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

ScalarName = Literal["str", "int", "float", "bool", "datetime", "date", "file", "Any"]


@dataclass(frozen=True)
class Scalar:
    """One value; `Any` is JSON of any kind."""

    name: ScalarName


@dataclass(frozen=True)
class Choice:
    """One of the values that are known today; the server may add more."""

    scalar: Literal["str", "int"]
    values: tuple[str | int, ...]
    enumeration: str | None = None
    """The class that has the values as members, if there is one."""


@dataclass(frozen=True)
class Model:
    """A reference to a model."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """An array."""

    item: Type


@dataclass(frozen=True)
class MapOf:
    """An object with any keys."""

    value: Type


@dataclass(frozen=True)
class UnionOf:
    """One of several types."""

    choices: tuple[Type, ...]


@dataclass(frozen=True)
class Nullable:
    """A type, or null."""

    inner: Type


Type: TypeAlias = "Scalar | Choice | Model | ListOf | MapOf | UnionOf | Nullable"

ANY = Scalar("Any")
FREE_FORM = MapOf(ANY)


def not_null(one: Type) -> Type:
    """`one` without null."""
    return one.inner if isinstance(one, Nullable) else one


class Missing:
    """Stands for an example that the description does not have; `None` would be one."""


MISSING = Missing()


@dataclass(frozen=True)
class Field:
    """A field of a model."""

    name: str
    wire: str
    type: Type
    required: bool
    text: str
    """Description and limits."""
    default: str | None = None
    """What the server takes where the field is left out, as JSON."""
    deprecated: bool = False
    example: Any = MISSING


@dataclass(frozen=True)
class ModelClass:
    """A class in `voucherify.models`."""

    name: str
    source: str
    """File of the description."""
    text: str
    fields: tuple[Field, ...]
    """Its own; those of `base` come before them."""
    base: str | None = None
    second_names: tuple[str, ...] = ()
    example: Any = MISSING


@dataclass(frozen=True)
class Enumeration:
    """An `Enum` class in `voucherify.models`."""

    name: str
    source: str
    text: str
    scalar: Literal["str", "int"]
    members: tuple[tuple[str, str | int], ...]
    """Names and values."""


@dataclass(frozen=True)
class Argument:
    """An argument of a method."""

    name: str
    wire: str
    location: Literal["path", "query", "header", "form", "file", "body"]
    type: Type
    required: bool
    text: str
    default: str | None = None
    example: Any = MISSING
    keyword_only: bool = False
    """Not in the signature that the published package has: passed by keyword, beside the options of a call."""


@dataclass(frozen=True)
class StatusAnswer:
    """What the description says about one status."""

    status: str
    """`200`, `4XX`, `default`."""
    text: str
    headers: tuple[str, ...] = ()
    """Headers of the answer that tell something about the call."""


@dataclass(frozen=True)
class Method:
    """An operation as a method."""

    name: str
    http_method: str
    path: str
    summary: str
    text: str
    arguments: tuple[Argument, ...]
    answer: Type | None
    """`None`: nothing comes back."""
    answer_text: str
    answers: tuple[StatusAnswer, ...]
    keys: tuple[str, ...]
    """Headers that authenticate the call."""
    bearer: bool
    content_type: str | None
    accept: str | None
    repeatable: bool
    servers: tuple[str, ...] = ()
    successor: str | None = None
    """Set for deprecated operations: what to use instead, as a sentence."""
    source_url: str | None = None


@dataclass(frozen=True)
class Resource:
    """A class in `voucherify.api`."""

    name: str
    tag: str
    source: str
    text: str
    methods: tuple[Method, ...]


@dataclass(frozen=True)
class Key:
    """A way to authenticate."""

    name: str
    kind: str
    """`API key` or `Bearer token`."""
    header: str
    text: str


@dataclass(frozen=True)
class Api:
    """The whole API."""

    title: str
    host: str
    resources: tuple[Resource, ...]
    models: dict[str, ModelClass] = field(default_factory=dict)
    enumerations: dict[str, Enumeration] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()

    def all_fields(self, model: ModelClass) -> tuple[Field, ...]:
        """Fields of `model` and of its bases, each once, in the order in which Python has them."""
        own = {one.name: one for one in model.fields}
        inherited = self.all_fields(self.models[model.base]) if model.base else ()
        merged = {one.name: own.get(one.name, one) for one in inherited} | own
        return tuple(merged.values())
