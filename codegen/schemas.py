"""From schemas to types, models and enumerations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from codegen import names
from codegen.description import GLOSSARY_FILE
from codegen.form import (
    ANY,
    FREE_FORM,
    MISSING,
    Choice,
    Enumeration,
    Field,
    ListOf,
    MapOf,
    Model,
    ModelClass,
    Nullable,
    Scalar,
    ScalarName,
    Type,
    UnionOf,
)
from codegen.words import limits, repeats_name, sentence, summary_and_rest, with_limits

if TYPE_CHECKING:
    from codegen.description import Description, Node

_TEXTS = {"title", "description", "examples", "default", "deprecated", "$comment", "x-python-name"}
_LIMITS = {
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
}
_KEYWORDS = {
    *_TEXTS,
    *_LIMITS,
    *("$ref", "type", "format", "enum", "const", "properties", "required", "additionalProperties", "items"),
    *("allOf", "oneOf", "anyOf", "discriminator", "x-official-names", "x-enum-varnames"),
}
_SCALARS: dict[str, ScalarName] = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS: dict[str, ScalarName] = {"date-time": "datetime", "date": "date", "binary": "file"}
_TEXT_FORMATS = {"duration", "email", "hostname", "ipv4", "ipv6", "regex", "time", "uri", "uuid"}
_NULL = "null"
_LONGEST_SUMMARY = 110


class Schemas:
    """The named schemas of a description, and the types of all others."""

    def __init__(self, description: Description) -> None:
        self._nodes = description.schemas()
        self._glossary = description.file(GLOSSARY_FILE)
        self._expanding: list[str] = []
        self.models: dict[str, ModelClass] = {}
        self.enumerations: dict[str, Enumeration] = {}
        for name, node in self._nodes.items():
            if _is_model(node):
                self.models[name] = self._model(name, node)
            elif "enum" in node:
                self.enumerations[name] = self._enumeration(name, node)
            else:
                self.type_of(node)
        self._check_names()

    def type_of(self, node: Node) -> Type:
        """The type that a schema describes. Raises `DescriptionError` for what the generator does not know."""
        if isinstance(node.value, bool):  # `additionalProperties: false`, which the server enforces
            return ANY
        node.only(_KEYWORDS)
        if "$ref" in node:
            return self._referred(node)
        if "properties" in node or "allOf" in node:
            raise node.error("an object with fields needs a name: move it to schemas/ and refer to it")
        for keyword in ("oneOf", "anyOf"):
            if keyword in node:
                return _united(
                    [self.type_of(one) for one in node[keyword].elements() if not _is_null(one)], node[keyword]
                )
        return _nullable(self._plain(node), _allows_null(node))

    def text_of(self, node: Node, name: str) -> str:
        """What a field or an argument is: its own description, the glossary's, or that of what it refers to."""
        text = node.text("description") or self._glossary.text(name)
        if text is None and "$ref" in node:
            text = node.followed().text("description")
        if text is None:
            raise node.error(f"`{name}` has no description, and the glossary has none for it")
        if repeats_name(text, name):
            raise node.error(f"the description of `{name}` says no more than its name: {text}")
        deprecated = ["Deprecated."] if node.flag("deprecated") else []
        return " ".join([*deprecated, with_limits(text, self.limits_of(node))])

    def limits_of(self, node: Node) -> list[str]:
        """What a schema allows beyond its type, in sentences; for a reference to a model, nothing."""
        target = node.followed()
        return [] if _is_model(target) else list(limits(target))

    def _referred(self, node: Node) -> Type:
        target = node.followed()
        name = target.schema_name
        if name is None:
            raise node.error("a reference to a schema must lead to a file in schemas/, and to a whole schema there")
        if _is_model(target):
            return Model(name)
        if name in self._expanding:
            raise node.error(f"`{name}` is made of itself, and is no object")
        self._expanding.append(name)
        try:
            return self.type_of(target)
        finally:
            self._expanding.pop()

    def _plain(self, node: Node) -> Type:
        if "const" in node:
            return _choice(node, [node["const"].value])
        if "enum" in node:
            return _choice(node, [value for value in node["enum"].value if value is not None])
        kinds = [kind for kind in _types(node) if kind != _NULL]
        if not kinds:
            return ANY
        return _united([self._of_kind(kind, node) for kind in kinds], node)

    def _of_kind(self, kind: str, node: Node) -> Type:
        if kind == "array":
            return ListOf(self.type_of(node["items"]))
        if kind == "object":
            values = node.get("additionalProperties")
            return FREE_FORM if values is None else MapOf(self.type_of(values))
        if kind not in _SCALARS:
            raise node.error(f"there is no type `{kind}`")
        name = _SCALARS[kind]
        form = node.text("format")
        if form is None or name != "str":
            return Scalar(name)
        if form not in _FORMATS and form not in _TEXT_FORMATS:
            raise node.error(f"the generator does not know the format `{form}`")
        return Scalar(_FORMATS.get(form, "str"))

    def _model(self, name: str, node: Node) -> ModelClass:
        node.only(_KEYWORDS)
        base, parts = _inheritance(node)
        fields: dict[str, Field] = {}
        for part in parts:
            part.only(_KEYWORDS)
            for one in self._fields(part):
                if one.name in fields:
                    raise part.error(f"two fields would be called `{one.name}` in Python")
                fields[one.name] = one
        if "additionalProperties" in node:
            self.type_of(node["additionalProperties"])
        return ModelClass(
            name=name,
            source=node.file,
            text=class_text(node),
            fields=tuple(fields.values()),
            base=base,
            second_names=tuple(sorted(node.texts("x-official-names"))),
            example=first_example(node),
        )

    def _fields(self, node: Node) -> list[Field]:
        properties = dict(node["properties"].items()) if "properties" in node else {}
        required = node.texts("required")
        for name in required:
            if name not in properties:
                raise node["required"].error(f"there is no property `{name}`")
        return [
            Field(
                name=one.text("x-python-name") or names.field_name(wire),
                wire=wire,
                type=self.type_of(one),
                required=wire in required,
                text=self.text_of(one, wire),
                default=default_text(one),
                deprecated=one.flag("deprecated"),
                example=first_example(one),
            )
            for wire, one in properties.items()
        ]

    def _enumeration(self, name: str, node: Node) -> Enumeration:
        chosen = self.type_of(node)
        if not isinstance(chosen, Choice):
            raise node.error("a named enumeration must have values of type string or integer, without null")
        members = node.texts("x-enum-varnames") or tuple(names.member_name(str(value)) for value in chosen.values)
        if len(members) != len(chosen.values) or len(set(members)) != len(members):
            raise node.error("each value of the enumeration needs a member name of its own: see `x-enum-varnames`")
        return Enumeration(
            name, node.file, class_text(node), chosen.scalar, tuple(zip(members, chosen.values, strict=True))
        )

    def _check_names(self) -> None:
        """Names of classes and of their modules are unique, whichever way they came about."""
        taken: dict[str, str] = {}
        for name in (*self.enumerations, *self.models):
            for one in (name, *(self.models[name].second_names if name in self.models else ())):
                module = names.snake_case(one)
                if one in names.TAKEN_CLASSES:
                    raise self._nodes[name].error(f"generated modules need the name `{one}` for something else")
                if module in taken:
                    raise self._nodes[name].error(f"`{one}` would be the same module as `{taken[module]}`")
                taken[module] = one


def _is_model(node: Node) -> bool:
    return "properties" in node or "allOf" in node


def _is_null(node: Node) -> bool:
    return "type" in node and node["type"].value == _NULL


def _types(node: Node) -> list[str]:
    found = node.get("type")
    if found is None:
        return []
    return [found.value] if isinstance(found.value, str) else list(node.texts("type"))


def _allows_null(node: Node) -> bool:
    return _NULL in _types(node)


def _nullable(inner: Type, nullable: bool) -> Type:
    return Nullable(inner) if nullable and inner != ANY and not isinstance(inner, Nullable) else inner


def _united(choices: list[Type], node: Node) -> Type:
    """One type of several; null, wherever it stands, is allowed for the whole."""
    if not choices:
        raise node.error("there is nothing to choose from")
    flat: list[Type] = []
    null = isinstance(node.value, list) and any(_is_null(one) for one in node.elements())
    for choice in choices:
        null = null or isinstance(choice, Nullable)
        plain = choice.inner if isinstance(choice, Nullable) else choice
        flat += [one for one in (plain.choices if isinstance(plain, UnionOf) else (plain,)) if one not in flat]
    if ANY in flat:  # the others come first: they say what it is as a rule
        flat = [one for one in flat if one != ANY] + [ANY]
    return _nullable(flat[0] if len(flat) == 1 else UnionOf(tuple(flat)), null)


def _choice(node: Node, values: list[Any]) -> Type:
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return Scalar("bool")
    if kinds and kinds <= {int, float} and kinds != {int}:
        return Scalar("float")
    if kinds not in ({str}, {int}):
        raise node.error("the values of an enumeration must all be text, or all be whole numbers")
    scalar = "str" if kinds == {str} else "int"
    return Choice(cast("Any", scalar), tuple(dict.fromkeys(values)), node.schema_name if "enum" in node else None)


def _inheritance(node: Node) -> tuple[str | None, list[Node]]:
    """The base class and the schemas with the fields."""
    if "allOf" not in node:
        return None, [node]
    parts = node["allOf"].elements()
    bases = [part for part in parts if "$ref" in part]
    if len(bases) != 1:
        raise node["allOf"].error("exactly one `$ref` is expected here, the base class")
    target = bases[0].followed()
    if target.schema_name is None or not _is_model(target):
        raise bases[0].error("the base class must be a named object with fields")
    return target.schema_name, [part for part in [*parts, node] if "properties" in part]


def class_text(node: Node) -> str:
    """The description of what becomes a class."""
    text = node.text("description")
    if text is None:
        raise node.error("a description is missing")
    if len(summary_and_rest(text)[0]) > _LONGEST_SUMMARY:
        raise node.error(f"the first sentence of a class is its summary: at most {_LONGEST_SUMMARY} characters")
    return sentence(text)


def first_example(node: Node) -> Any:
    """The first of a schema's examples, or `MISSING`."""
    examples = node.get("examples")
    return examples.elements()[0].value if examples is not None and examples.value else MISSING


def default_text(node: Node) -> str | None:
    """The default that the server uses, as JSON."""
    default = node.get("default")
    return None if default is None or default.value is None else json.dumps(default.value, ensure_ascii=False)
