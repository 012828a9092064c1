"""Values for the types of the description, and what they are on the wire: for tests of all operations and models."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from codegen import form
from codegen.bundle import bundle
from codegen.description import Description
from codegen.operations import read_api

DESCRIPTION = Path(__file__).parent.parent / "openapi"
API = read_api(Description(DESCRIPTION))
DOCUMENT = bundle(Description(DESCRIPTION))

_SCALARS: dict[str, tuple[Any, Any]] = {
    "str": ("a/b {c} ż?&", "a/b {c} ż?&"),
    "int": (3.0, 3),
    "float": (1.5, 1.5),
    "bool": (True, True),
    "datetime": (datetime(2024, 1, 31, 10, tzinfo=timezone.utc), "2024-01-31T10:00:00Z"),
    "date": (date(2024, 1, 31), "2024-01-31"),
    "file": (b"code\nsummer\n", b"code\nsummer\n"),
    "Any": ({"any": [None, {"x": 1}]}, {"any": [None, {"x": 1}]}),
}
_DEEPEST = 4


@dataclass(frozen=True)
class Sample:
    """A value, as a caller passes it and as it is in JSON."""

    given: Any
    wire: Any


def sample(kind: form.Type, *, full: bool, depth: int = 0) -> Sample:
    """A value of type `kind`; with `full`, models have all their fields down to some depth, else the required ones."""
    if isinstance(kind, form.Scalar):
        return Sample(*_SCALARS[kind.name])
    if isinstance(kind, form.Choice):
        return Sample(kind.values[0], kind.values[0])
    if isinstance(kind, form.ListOf):
        item = sample(kind.item, full=full, depth=depth)
        return Sample([item.given], [item.wire])
    if isinstance(kind, form.MapOf):
        value = sample(kind.value, full=full, depth=depth)
        return Sample({"key": value.given}, {"key": value.wire})
    if isinstance(kind, form.UnionOf):
        return sample(kind.choices[0], full=full, depth=depth)
    if isinstance(kind, form.Nullable):
        return sample(kind.inner, full=full, depth=depth)
    return _model_sample(API.models[kind.name], full=full, depth=depth)


def _model_sample(model: form.ModelClass, *, full: bool, depth: int) -> Sample:
    given, wire = {}, {}
    for field in API.all_fields(model):
        if field.required or (full and depth < _DEEPEST):
            value = sample(field.type, full=full, depth=depth + 1)
            given[field.name], wire[field.wire] = value.given, value.wire
    return Sample(given, wire)


def query_pairs(name: str, value: Any, *, deep: bool) -> list[tuple[str, str]]:
    """`value`, in JSON, as the pairs of a query."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in query_pairs(f"{name}[{key}]", item, deep=True)]
    if isinstance(value, list):
        numbered = ((f"{name}[{index}]" if deep else name, item) for index, item in enumerate(value))
        return [pair for key, item in numbered for pair in query_pairs(key, item, deep=deep)]
    if value is None:
        return []
    return [(name, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))]


def documented(method: form.Method) -> dict[str, Any]:
    """The operation in the description."""
    operation: dict[str, Any] = DOCUMENT["paths"][method.path][method.http_method.lower()]
    return operation


def documented_answers(method: form.Method) -> list[tuple[int, str, Any]]:
    """Status, media type and value of each example of an answer."""
    return [
        (int(status), media_type, example)
        for status, answer in documented(method)["responses"].items()
        for media_type, content in answer.get("content", {}).items()
        for example in _examples(content)
        if status.isdigit()
    ]


def _examples(content: dict[str, Any]) -> list[Any]:
    named = [example["value"] for example in content.get("examples", {}).values()]
    return [*named, content["example"]] if "example" in content else named


def documented_answer(http_method: str, path: str) -> tuple[int, str, bytes]:
    """Status, media type and body of the first answer of success that the description has for a request.

    404 for a request that it does not know.
    """
    for pattern, methods in _ROUTES:
        if pattern.fullmatch(path) and http_method in methods:
            for status, media_type, value in documented_answers(methods[http_method]):
                if 200 <= status < 300:
                    body = value if isinstance(value, str) and media_type != "application/json" else json.dumps(value)
                    return status, media_type, body.encode()
            return 204, "", b""
    return 404, "text/plain", b""


def _routes() -> list[tuple[re.Pattern[str], dict[str, form.Method]]]:
    """Pattern and operations of each path, paths without parameters first."""
    paths: dict[str, dict[str, form.Method]] = {}
    for resource in API.resources:
        for method in resource.methods:
            paths.setdefault(method.path, {})[method.http_method] = method
    return [
        (re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))), paths[path])
        for path in sorted(paths, key=lambda path: path.count("{"))
    ]


_ROUTES = _routes()
