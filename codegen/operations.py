"""From paths to resources and their methods."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, cast

from codegen import names
from codegen.arguments import Arguments, only_content
from codegen.form import (
    Api,
    Key,
    Method,
    Nullable,
    Resource,
    Scalar,
    StatusAnswer,
    Type,
    UnionOf,
)
from codegen.schemas import Schemas, class_text

if TYPE_CHECKING:
    from codegen.description import Description, Node

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_REPEATABLE = {"get", "head", "put", "delete"}
_ROOT_KEYWORDS = {"openapi", "info", "servers", "security", "tags", "paths", "components", "externalDocs"}
_PATH_KEYWORDS = {*_METHODS, "parameters", "servers", "summary", "description", "$ref"}
_OPERATION_KEYWORDS = {
    *("operationId", "tags", "summary", "description", "externalDocs", "parameters", "requestBody", "responses"),
    *("deprecated", "security", "servers", "x-python-method", "x-successor", "x-repeatable"),
}
_RESPONSE_KEYWORDS = {"$ref", "description", "content", "headers"}


def read_api(description: Description) -> Api:
    """The whole description in the intermediate form. Raises `DescriptionError` where that is not possible."""
    root = description.root()
    root.only(_ROOT_KEYWORDS)
    schemas = Schemas(description)
    reader = _Operations(root, schemas)
    api = Api(
        title=root["info"].text("title") or "",
        host=_urls(root)[0],
        resources=reader.resources(),
        models=schemas.models,
        enumerations=schemas.enumerations,
        keys=reader.keys(),
    )
    _refuse_unused(description)
    return api


def _refuse_unused(description: Description) -> None:
    components = description.root()["components"]
    for node in dict(components["schemas"].items()).values() if "schemas" in components else ():
        node.followed()
    for name, node in description.schemas().items():
        if (node.file, name) not in description.used:
            raise node.error(
                "nothing refers to this schema; if it is wanted, refer to it under components in openapi.yaml"
            )


class _Operations:
    def __init__(self, root: Node, schemas: Schemas) -> None:
        self._root = root
        self._schemas = schemas
        self._arguments = Arguments(schemas)
        self._schemes = dict(root["components"]["securitySchemes"].items())
        self._tags = {tag["name"].value: tag for tag in root["tags"].elements()}

    def resources(self) -> tuple[Resource, ...]:
        """One resource per tag, in the order of the names of their classes."""
        methods: dict[str, dict[str, Method]] = {tag: {} for tag in self._tags}
        sources: dict[str, str] = {}
        for path, item in self._root["paths"].items():
            target = item.followed()
            target.only(_PATH_KEYWORDS)
            for http_method in _METHODS:
                operation = target.get(http_method)
                if operation is None:
                    continue
                tag = self._tag(operation)
                method = self._method(path, http_method, operation, target)
                if method.name in methods[tag]:
                    raise operation.error(f"`{tag}` has a method `{method.name}` already")
                if sources.setdefault(tag, operation.file) != operation.file:
                    raise operation.error(f"operations of `{tag}` belong in {sources[tag]}")
                methods[tag][method.name] = method
        for tag, found in methods.items():
            if not found:
                raise self._tags[tag].error(f"no operation has the tag `{tag}`")
        resources = [
            Resource(
                name=names.class_name(tag),
                tag=tag,
                source=sources[tag],
                text=class_text(self._tags[tag]),
                methods=tuple(sorted(found.values(), key=lambda method: method.name)),
            )
            for tag, found in methods.items()
        ]
        return tuple(sorted(resources, key=lambda resource: resource.name))

    def keys(self) -> tuple[Key, ...]:
        """The ways to authenticate, in the order of the description."""
        return tuple(self._key(name, scheme) for name, scheme in self._schemes.items())

    def _key(self, name: str, scheme: Node) -> Key:
        scheme.only({"type", "in", "name", "scheme", "description"})
        text = scheme.required_text("description")
        if scheme["type"].value == "http" and scheme["scheme"].value == "bearer":
            return Key(name, "Bearer token", "Authorization", text)
        if scheme["type"].value == "apiKey" and scheme["in"].value == "header":
            return Key(name, "API key", scheme["name"].value, text)
        raise scheme.error("only keys in headers and bearer tokens are known")

    def _tag(self, operation: Node) -> str:
        tags = operation["tags"].elements()
        if len(tags) != 1 or tags[0].value not in self._tags:
            raise operation["tags"].error("exactly one of the tags in openapi.yaml is expected here")
        return cast("str", tags[0].value)

    def _method(self, path: str, http_method: str, operation: Node, item: Node) -> Method:
        operation.only(_OPERATION_KEYWORDS)
        arguments, content_type = self._arguments.read(path, operation, item)
        keys, bearer = self._security(operation)
        answer, answer_text, accept = self._answer(operation)
        deprecated = operation.flag("deprecated")
        successor = operation.text("x-successor")
        if deprecated != (successor is not None):
            raise operation.error("a deprecated operation, and no other, says in `x-successor` what to use instead")
        documentation = operation.get("externalDocs")
        servers = operation if "servers" in operation else item
        return Method(
            name=operation.text("x-python-method") or names.method_name(operation.required_text("operationId")),
            http_method=http_method.upper(),
            path=path,
            summary=operation.required_text("summary"),
            text=operation.required_text("description"),
            arguments=tuple(arguments),
            answer=answer,
            answer_text=answer_text,
            answers=tuple(_status_answer(*one) for one in operation["responses"].items()),
            keys=keys,
            bearer=bearer,
            content_type=content_type,
            accept=accept,
            repeatable=operation.flag("x-repeatable", default=http_method in _REPEATABLE),
            servers=_urls(servers) if "servers" in servers else (),
            successor=successor,
            source_url=documentation.text("url") if documentation else None,
        )

    def _answer(self, operation: Node) -> tuple[Type | None, str, str | None]:
        """What comes back when all goes well: type, description, media type."""
        found: list[tuple[Type | None, str, str | None]] = []
        for status, given in operation["responses"].items():
            if not re.fullmatch(r"[1-5](\d\d|XX)|default", status):
                raise given.error(f"`{status}` is no status")
            response = given.followed()
            response.only(_RESPONSE_KEYWORDS)
            answer, accept = self._content(response)
            if status.startswith("2"):
                found.append((answer, response.required_text("description"), accept))
        if not found:
            raise operation["responses"].error("an answer for a status of 2XX is missing")
        typed = [one for one in found if one[0] is not None] or found
        if any(one[0] != typed[0][0] for one in typed):
            raise operation["responses"].error("the answers for 2XX have different schemas")
        return typed[0]

    def _content(self, response: Node) -> tuple[Type | None, str | None]:
        if "content" not in response:
            return None, None
        content_type, media = only_content(response["content"])
        if content_type.startswith("text/"):
            return Scalar("str"), content_type
        answer = self._schemas.type_of(media["schema"])
        if isinstance(answer.inner if isinstance(answer, Nullable) else answer, UnionOf):
            raise media["schema"].error("an answer needs one class: describe an object with the fields of all variants")
        return answer, content_type

    def _security(self, operation: Node) -> tuple[tuple[str, ...], bool]:
        """Headers that are sent together, and whether a bearer token may stand in for them."""
        holder = operation if "security" in operation else self._root
        keys: list[tuple[str, ...]] = []
        bearer = False
        for alternative in holder["security"].elements():
            schemes = [name for name, _ in alternative.items()]
            for name in schemes:
                if name not in self._schemes:
                    raise alternative.error(f"there is no security scheme `{name}`")
            described = [self._key(name, self._schemes[name]) for name in schemes]
            if [key.kind for key in described] == ["Bearer token"]:
                bearer = True
            elif schemes:
                keys.append(tuple(key.header for key in described))
        if len(keys) > 1:
            raise holder["security"].error("one set of keys is expected, and a bearer token beside it at most")
        return keys[0] if keys else (), bearer


def _status_answer(status: str, response: Node) -> StatusAnswer:
    target = response.followed()
    headers = [name for name, _ in target["headers"].items()] if "headers" in target else []
    # A description beside the reference is the operation's own.
    text = (response if "description" in response else target).required_text("description")
    return StatusAnswer(status, text, tuple(headers))


def _urls(holder: Node) -> tuple[str, ...]:
    """All URLs of the servers, the default value of each variable first."""
    found: list[str] = []
    for server in holder["servers"].elements():
        variables = dict(server["variables"].items()) if "variables" in server else {}
        choices: list[list[tuple[str, str]]] = []
        for name, variable in variables.items():
            default = variable.required_text("default")
            choices.append([(name, value) for value in dict.fromkeys((default, *variable.texts("enum")))])
        for chosen in product(*choices):
            url = server.required_text("url")
            for name, value in chosen:
                url = url.replace(f"{{{name}}}", value)
            found.append(url)
    return tuple(dict.fromkeys(found))
