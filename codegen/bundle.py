"""The description as one document, for tools that want it in one file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.description import Description, Node

_PLAIN = {"const", "default", "enum", "example", "value"}
"""Keywords whose values are data, not description."""


def bundle(description: Description) -> dict[str, Any]:
    """`openapi.yaml` with all named schemas as components, and all else that it refers to in its place."""
    document: dict[str, Any] = _resolved(description.root())
    schemas = {name: _resolved(node) for name, node in description.schemas().items()}
    return {**document, "components": {**document.get("components", {}), "schemas": schemas}}


def write_bundle(description: Description, file: Path) -> None:
    """Write the one document, as JSON or YAML by the end of the file's name."""
    document = bundle(description)
    text = (
        json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if file.suffix == ".json"
        else yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    )
    file.write_text(text, encoding="utf-8")


def _resolved(node: Node) -> Any:
    if isinstance(node.value, list):
        return [_resolved(item) for item in node.elements()]
    if not isinstance(node.value, dict):
        return node.value
    own = {key: _keyword(key, inner) for key, inner in node.items() if key != "$ref"}
    if "$ref" not in node:
        return own
    target = node.followed()
    if target.schema_name is not None:
        return {"$ref": f"#/components/schemas/{target.schema_name}", **own}
    return {**_resolved(target), **own}


def _keyword(key: str, node: Node) -> Any:
    if key in _PLAIN or (key == "examples" and isinstance(node.value, list)):
        return node.value
    if key == "properties":  # here the keys are names, whatever they say
        return {name: _resolved(inner) for name, inner in node.items()}
    return _resolved(node)
