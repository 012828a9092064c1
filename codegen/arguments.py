"""From parameters and request bodies to the arguments of a method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from codegen import names
from codegen.form import Argument, ListOf, MapOf, Model, Scalar, Type
from codegen.schemas import Schemas, default_text, first_example
from codegen.words import repeats_name, with_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.description import Node

_PARAMETER_KEYWORDS = {
    *("$ref", "name", "in", "required", "description", "schema", "style", "explode", "example", "x-python-name"),
    "x-keyword-only",
}
_BODY_KEYWORDS = {"$ref", "required", "description", "content", "x-python-name"}
_MEDIA_KEYWORDS = {"schema", "example", "examples", "encoding"}
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
# Names that the methods themselves need.
_TAKEN = {"self", "options"}


class Arguments:
    """Reads the arguments of operations."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def read(self, path: str, operation: Node, item: Node) -> tuple[list[Argument], str | None]:
        """The arguments in the order of the description, then the body, then keyword-only ones; and the media type."""
        arguments = [self._argument(one.followed()) for one in _parameters(item, operation)]
        body_arguments, content_type = self._body(operation)
        arguments = sorted([*arguments, *body_arguments], key=lambda one: one.keyword_only)
        _check_arguments(path, arguments, operation)
        return arguments, content_type

    def _argument(self, parameter: Node) -> Argument:
        parameter.only(_PARAMETER_KEYWORDS)
        wire = parameter.required_text("name")
        schema = parameter["schema"]
        location = parameter["in"].value
        if location not in ("path", "query", "header"):
            raise parameter["in"].error(f"parameters in `{location}` are not known")
        argument_type = self._schemas.type_of(schema)
        _check_style(parameter, location, argument_type)
        return Argument(
            name=parameter.text("x-python-name") or names.argument_name(wire),
            wire=wire,
            location=location,
            type=argument_type,
            required=parameter.flag("required"),
            text=self._argument_text(parameter, wire),
            default=default_text(schema.followed()),
            example=_example(parameter, schema),
            keyword_only=_keyword_only(parameter),
        )

    def _argument_text(self, parameter: Node, wire: str) -> str:
        """The parameter's own description, or what is said about a field of the same name; then the limits."""
        own = parameter.text("description")
        if own is None:
            return self._schemas.text_of(parameter["schema"], wire)
        if repeats_name(own, wire):
            raise parameter.error(f"the description of `{wire}` says no more than its name: {own}")
        return with_limits(own, self._schemas.limits_of(parameter["schema"]))

    def _body(self, operation: Node) -> tuple[list[Argument], str | None]:
        """The arguments that make up the body, and its media type."""
        given = operation.get("requestBody")
        if given is None:
            return [], None
        body = given.followed()
        body.only(_BODY_KEYWORDS)
        content_type, media = only_content(body["content"])
        if content_type in _FORMS:
            return self._form(media["schema"].followed()), content_type
        body_type = Scalar("str") if content_type.startswith("text/") else self._schemas.type_of(media["schema"])
        argument = Argument(
            name=given.text("x-python-name") or body.text("x-python-name") or _body_name(body_type, body),
            wire="",
            location="body",
            type=body_type,
            required=body.flag("required"),
            text=body.required_text("description"),
            example=_example(media, media["schema"]),
        )
        return [argument], content_type

    def _form(self, schema: Node) -> list[Argument]:
        """One argument per field of a form."""
        required = schema.texts("required")
        arguments = []
        for wire, field in schema["properties"].items():
            field_type = self._schemas.type_of(field)
            arguments.append(
                Argument(
                    name=field.text("x-python-name") or names.argument_name(wire),
                    wire=wire,
                    location="file" if field_type == Scalar("file") else "form",
                    type=field_type,
                    required=wire in required,
                    text=self._schemas.text_of(field, wire),
                    default=default_text(field),
                    example=first_example(field),
                )
            )
        return arguments


def _keyword_only(parameter: Node) -> bool:
    found = parameter.flag("x-keyword-only")
    if found and parameter.flag("required"):
        raise parameter.error("what the published signature lacks cannot be required")
    return found


def _parameters(item: Node, operation: Node) -> Iterator[Node]:
    for holder in (item, operation):
        if "parameters" in holder:
            yield from holder["parameters"].elements()


def _check_arguments(path: str, arguments: list[Argument], operation: Node) -> None:
    described = sorted(argument.wire for argument in arguments if argument.location == "path")
    if described != sorted(re.findall(r"\{(.*?)\}", path)):
        raise operation.error(f"the path {path} and its parameters {described} differ")
    all_names = [argument.name for argument in arguments]
    for name in all_names:
        if name in _TAKEN or not name.isidentifier():
            raise operation.error(f"an argument cannot be called `{name}`: set `x-python-name`")
        if all_names.count(name) > 1:
            raise operation.error(f"two arguments would be called `{name}`: set `x-python-name`")


def _check_style(parameter: Node, location: str, argument_type: Type) -> None:
    """Only what the runtime writes: deep objects, and lists as repeated names."""
    style, explode = parameter.text("style"), parameter.flag("explode", default=True)
    is_object = isinstance(argument_type, (Model, MapOf))
    if location == "query":
        if style not in (None, "form", "deepObject") or not explode:
            raise parameter.error("query parameters are repeated for lists, or `style: deepObject`")
        if is_object != (style == "deepObject"):
            raise parameter.error("objects in a query, and nothing else, have `style: deepObject`")
    elif style is not None or is_object or isinstance(argument_type, ListOf):
        raise parameter.error(f"a parameter in `{location}` is one value without a `style`")
    if location == "path" and not (argument_type == Scalar("str") and parameter.flag("required")):
        raise parameter.error("a path parameter is required, and its type is string")


def only_content(content: Node) -> tuple[str, Node]:
    """The one media type under `content`, and what stands there."""
    entries = list(content.items())
    if len(entries) != 1:
        raise content.error("exactly one media type is expected here")
    ((name, media),) = entries
    media.only(_MEDIA_KEYWORDS)
    if name not in _FORMS and not name.startswith("text/") and not re.fullmatch(r"application/(.*\+)?json", name):
        raise content.error(f"the generator does not know the media type `{name}`")
    return name, media


def _body_name(body_type: Type, body: Node) -> str:
    """The argument is called like the class that it takes, or a list of."""
    inner = body_type.item if isinstance(body_type, ListOf) else body_type
    if not isinstance(inner, Model):
        raise body.error("a body that is no model needs `x-python-name`")
    return names.snake_case(inner.name)


def _example(holder: Node, schema: Node) -> Any:
    """The first example of a parameter or a body, or that of its schema."""
    if "example" in holder:
        return holder["example"].value
    named = holder.get("examples")
    if named is not None:
        _, first = next(named.items())
        return first.followed()["value"].value
    return first_example(schema.followed()) if "$ref" in schema else first_example(schema)
