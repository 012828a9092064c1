"""From the intermediate form to the reference pages in docs/ and the indexes in README.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen import python_types
from codegen.docstrings import notes
from codegen.examples import argument_example, model_example
from codegen.form import MISSING, Choice, ListOf, Model, Nullable, Scalar, Type, UnionOf, not_null
from codegen.words import one_line, sentence

if TYPE_CHECKING:
    from jinja2 import Environment

    from codegen.form import Api, Argument, Field, Method, ModelClass, Resource


@dataclass(frozen=True)
class _ArgumentPart:
    """An argument, as the templates show it."""

    of: Argument
    type: str
    text: str
    plain_type: str
    value: str
    """Python expression of the example."""


@dataclass(frozen=True)
class _MethodPart:
    """A method, as the templates show it."""

    operation: Method
    arguments: list[_ArgumentPart]
    answer: str
    plain_answer: str
    notes: list[str]
    shown: list[_ArgumentPart]
    """The arguments of the example: those that are required, and those that have an example."""


@dataclass(frozen=True)
class _Row:
    """A field in the table of a model."""

    name: str
    wire: str
    type: str
    text: str
    notes: str


def snippets(api: Api, templates: Environment) -> dict[str, str]:
    """The Python blocks of all pages, not formatted yet, by the key under which `pages` wants them back."""
    found: dict[str, str] = {}
    for resource in api.resources:
        for method in resource.methods:
            template = templates.get_template("example_call.py.jinja")
            found[_call_key(resource, method)] = template.render(resource=resource, method=_method(api, method))
    for name in api.models:
        template = templates.get_template("example_model.py.jinja")
        found[_model_key(name)] = template.render(name=name, value=model_example(api, name))
    return found


def pages(api: Api, blocks: dict[str, str], templates: Environment) -> dict[str, str]:
    """Path and text of each page in docs/; `blocks` are the formatted snippets."""
    found: dict[str, str] = {}
    for resource in api.resources:
        methods = [(_method(api, method), blocks[_call_key(resource, method)]) for method in resource.methods]
        template = templates.get_template("resource.md.jinja")
        found[f"docs/{resource.name}.md"] = template.render(api=api, resource=resource, methods=methods)
    for model in api.models.values():
        template = templates.get_template("model.md.jinja")
        found[f"docs/{model.name}.md"] = template.render(
            model=model, rows=_rows(api, model), example=blocks[_model_key(model.name)]
        )
    for enumeration in api.enumerations.values():
        template = templates.get_template("enumeration.md.jinja")
        found[f"docs/{enumeration.name}.md"] = template.render(enumeration=enumeration)
    return found


def readme_blocks(api: Api, templates: Environment) -> dict[str, str]:
    """Text of each generated block of README.md, by the name in its markers."""
    return {
        name: templates.get_template(f"readme_{name}.md.jinja").render(api=api)
        for name in ("endpoints", "models", "authorization")
    }


def _call_key(resource: Resource, method: Method) -> str:
    return f"snippets/{resource.name}.{method.name}.py"


def _model_key(name: str) -> str:
    return f"snippets/{name}.py"


def _method(api: Api, method: Method) -> _MethodPart:
    arguments = [_argument(api, one) for one in method.arguments]
    return _MethodPart(
        operation=method,
        arguments=arguments,
        answer="None" if method.answer is None else _linked(method.answer),
        plain_answer=python_types.answer_annotation(method.answer, python_types.Imports()),
        notes=notes(method, api),
        shown=[one for one in arguments if one.of.required or one.of.example is not MISSING],
    )


def _argument(api: Api, one: Argument) -> _ArgumentPart:
    example = argument_example(api, one)
    return _ArgumentPart(
        of=one,
        type=_linked(one.type),
        text=one_line(_with_values(one.text, one.type)),
        plain_type=_plain(one.type),
        value=repr((f"{one.name}.csv", str(example).encode())) if one.location == "file" else repr(example),
    )


def _rows(api: Api, model: ModelClass) -> list[_Row]:
    return [
        _Row(
            name=one.name,
            wire=one.wire,
            type=_linked(one.type),
            text=one_line(_with_values(one.text, one.type)),
            notes=_notes(one),
        )
        for one in api.all_fields(model)
    ]


def _notes(one: Field) -> str:
    optional = [] if one.required else ["[optional]"]
    nullable = ["[nullable]"] if isinstance(one.type, Nullable) else []
    default = [] if one.default is None else [f"[default to {one.default}]"]
    return " ".join([*optional, *nullable, *default])


def _with_values(text: str, one: Type) -> str:
    """`text`, and the values that are known if there is a choice and the text does not have them all."""
    inner = not_null(one)
    inner = inner.item if isinstance(inner, ListOf) else inner
    if not isinstance(inner, Choice):
        return text
    values = [f"`{value}`" for value in inner.values]
    if all(value in text for value in values):
        return text
    return f"{sentence(text)} {'Always' if len(values) == 1 else 'One of'} {', '.join(values)}."


def _linked(one: Type) -> str:
    """A type in Markdown; models lead to their pages."""
    inner = not_null(one)
    if isinstance(inner, UnionOf):
        return " or ".join(_linked(choice) for choice in inner.choices)
    page = _page(inner)
    return f"[**{_plain(inner)}**]({page}.md)" if page else f"**{_plain(inner)}**"


def _page(one: Type) -> str | None:
    if isinstance(one, Model):
        return one.name
    if isinstance(one, Choice):
        return one.enumeration
    if isinstance(one, ListOf):
        return _page(not_null(one.item))
    return None


def _plain(one: Type) -> str:
    """A type in words of Python, without the values of a choice."""
    inner = not_null(one)
    if isinstance(inner, Choice):
        return inner.enumeration or inner.scalar
    if isinstance(inner, ListOf):
        return f"list[{_plain(inner.item)}]"
    if isinstance(inner, UnionOf):
        return " | ".join(_plain(choice) for choice in inner.choices)
    if isinstance(inner, Scalar) and inner.name == "file":
        return "file"
    imports: Any = python_types.Imports()
    return python_types.annotation(inner, imports)
