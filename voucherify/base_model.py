"""The base of every model: all that a model can do, once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, overload

import pydantic
import pydantic_core
from pydantic import ConfigDict

from voucherify._lazy import Loading
from voucherify.model_schema import READ_JSON_DATA, adapt_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import GetCoreSchemaHandler
    from pydantic_core.core_schema import CoreSchema
    from typing_extensions import Self

_LINE_WIDTH = 100

# pydantic builds a deferred schema on first use without a lock, and first uses come from several threads at once.
_BUILDING = threading.RLock()


class BaseModel(pydantic.BaseModel):
    """A JSON object of the API.

    Unset, null and value are three different things: a field that was not given reads as `None`, but is neither sent
    nor part of `to_dict()`, whereas a given `None` is. `del model.field` makes a field unset again. Fields that the
    class does not declare are kept, are attributes like the others, and go back to the server.

    The constructor, `from_dict`, `from_json` and assignment raise `pydantic.ValidationError` for a value of the wrong
    type. Fields go by their Python name or by their name on the wire.
    """

    model_config = ConfigDict(
        defer_build=True,
        extra="allow",
        populate_by_name=True,
        protected_namespaces=(),
        validate_assignment=True,
    )

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[pydantic.BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return adapt_model(handler(source), handler)

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Any = None,  # releases of pydantic declare it differently
    ) -> bool | None:
        """Build the schema, once, whichever thread comes first. See `pydantic.BaseModel.model_rebuild`."""
        with Loading(), _BUILDING:
            return super().model_rebuild(
                force=force,
                raise_errors=raise_errors,
                _parent_namespace_depth=_parent_namespace_depth + 1,
                _types_namespace=_types_namespace,
            )

    @overload
    @classmethod
    def from_dict(cls, obj: Mapping[str, Any] | Self) -> Self: ...
    @overload
    @classmethod
    def from_dict(cls, obj: None) -> None: ...
    @classmethod
    def from_dict(cls, obj: Mapping[str, Any] | Self | None) -> Self | None:
        """Make a model of a mapping of JSON data: text in a field of time becomes a date or a datetime.

        `None` answers `None`. Raises `pydantic.ValidationError` where a value has the wrong type.
        """
        if obj is None:
            return None
        model: Self = cls.__pydantic_validator__.validate_python(obj, context=READ_JSON_DATA)
        return model

    @classmethod
    def from_json(cls, json_str: str | bytes | bytearray) -> Self:
        """Make a model of JSON text. Raises `pydantic.ValidationError` for text that is no such object."""
        return cls.model_validate_json(json_str)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Make a model of JSON text, like `from_json`. See `pydantic.BaseModel.model_validate_json` for `options`."""
        try:
            return super().model_validate_json(json_data, **options)
        except pydantic.ValidationError:
            # JSON text is read as strictly as an answer; but this may be a caller's, with `100.0` for a whole number.
            try:
                data = pydantic_core.from_json(json_data)
            except ValueError:
                data = None
            if not isinstance(data, dict) or options.get("strict"):
                raise
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """All that was set, under the names on the wire, as plain Python data; dates and datetimes stay as they are."""
        try:
            data: dict[str, Any] = self.__pydantic_serializer__.to_python(
                self, by_alias=True, exclude_unset=True, warnings=False
            )
        except (TypeError, ValueError):
            # pydantic's, for a model in a free-form field whose class it has not built yet (in several releases), for
            # keys that are no UTF-8, and for what is nested very deeply.
            return {_wire_name(self, name): _plain(value) for name, value in self._set_items()}
        return data

    def to_json(self) -> str:
        """`to_dict()` as JSON text: RFC 3339 for dates and datetimes, one without an offset taken as UTC.

        What JSON has no form for becomes text, not-a-number becomes `NaN`. Raises `ValueError` for a structure that
        contains itself.
        """
        from voucherify.encoding import to_json_text

        return to_json_text(self.to_dict())

    def to_str(self) -> str:
        """`to_dict()`, pretty-printed."""
        import pprint

        return pprint.pformat(self.to_dict())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseModel):
            return NotImplemented
        return type(self) is type(other) and dict(self._set_items()) == dict(other._set_items())

    __hash__ = None  # type: ignore[assignment]  # models can be changed

    def __delattr__(self, name: str) -> None:
        if name not in type(self).model_fields:
            super().__delattr__(name)
            return
        vars(self)[name] = None
        self.__pydantic_fields_set__.discard(name)

    def _set_items(self) -> Iterator[tuple[str, Any]]:
        given = self.__pydantic_fields_set__
        yield from ((name, value) for name, value in self.__dict__.items() if name in given)
        yield from (self.__pydantic_extra__ or {}).items()

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        return ((name if name.isprintable() else ascii(name), value) for name, value in self._set_items())

    def __repr__(self) -> str:
        """One line where it fits, else one line per field: answers are read in terminals."""
        fields = [f"{name}={value!r}" for name, value in self.__repr_args__()]
        line = f"{type(self).__name__}({', '.join(fields)})"
        if len(line) <= _LINE_WIDTH and "\n" not in line:
            return line
        body = "".join(f"    {field},\n".replace("\n", "\n    ", field.count("\n")) for field in fields)
        return f"{type(self).__name__}(\n{body})"


def _wire_name(model: pydantic.BaseModel, name: str) -> str:
    field = type(model).model_fields.get(name)
    return field.alias or name if field else name


def _plain(value: Any) -> Any:
    """`value` as pydantic dumps it: models as dicts, at any depth."""
    if isinstance(value, BaseModel):
        return value.to_dict()
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True, warnings=False)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(_plain(inner) for inner in value)
    return value
