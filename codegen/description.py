"""The files of the description, and finding one's way in them.

Everything that reads the description does so through `Node`, so that every complaint can say where it comes from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

ROOT_FILE = "openapi.yaml"
GLOSSARY_FILE = "glossary.yaml"
SCHEMA_FOLDER = "schemas"


class DescriptionError(Exception):
    """The description says something that cannot be generated from. The message names file and place."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # one of two, with the same methods
    """YAML as JSON understands it: dates stay text, `yes` and `no` are no booleans, keys are unique."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # redefines what the base class has, to the same type
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, (key_node, _) in zip(keys, node.value, strict=True):
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} is no text", problem_mark=key_node.start_mark)
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


@dataclass
class Description:
    """A folder with `openapi.yaml`, `glossary.yaml`, and what they lead to."""

    folder: Path
    used: set[tuple[str, str]] = field(default_factory=set)
    """File and name of each schema and shared part that something refers to."""
    _files: dict[str, Any] = field(default_factory=dict)

    def root(self) -> Node:
        """The document `openapi.yaml`."""
        return self.file(ROOT_FILE)

    def file(self, name: str) -> Node:
        """One file, by its path from the folder, with forward slashes."""
        if name not in self._files:
            try:
                text = (self.folder / name).read_text(encoding="utf-8")
                self._files[name] = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader, made stricter
            except OSError as error:
                raise DescriptionError(f"{name}: cannot be read: {error.strerror}") from error
            except yaml.YAMLError as error:
                raise DescriptionError(f"{name}: {error}") from error
        return Node(self._files[name], name, (), self)

    def schemas(self) -> dict[str, Node]:
        """All named schemas, in the order of their names."""
        found: dict[str, Node] = {}
        for path in sorted((self.folder / SCHEMA_FOLDER).glob("*.yaml")):
            for name, node in self.file(f"{SCHEMA_FOLDER}/{path.name}").items():
                if name in found:
                    raise node.error(f"there is a schema of this name in {found[name].file} already")
                found[name] = node
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Node:
    """One value of the description and where it stands."""

    value: Any
    file: str
    """Path from the folder of the description."""
    place: tuple[str, ...]
    """Keys and positions that lead to the value."""
    description: Description = field(repr=False, compare=False)

    def error(self, problem: str) -> DescriptionError:
        """What to raise about this value."""
        return DescriptionError(f"{self.file}: {' > '.join(self.place) or 'the document'}: {problem}")

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def __getitem__(self, key: str) -> Node:
        found = self.get(key)
        if found is None:
            raise self.error(f"`{key}` is missing")
        return found

    def get(self, key: str) -> Node | None:
        """The value of `key`, if there is one."""
        return self._inner(key, self._mapping()[key]) if key in self._mapping() else None

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a mapping."""
        return ((key, self._inner(key, value)) for key, value in self._mapping().items())

    def elements(self) -> list[Node]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.error("a list is expected here")
        return [self._inner(str(index), value) for index, value in enumerate(self.value)]

    def text(self, key: str) -> str | None:
        """The text of `key`, if there is such a key. Raises `DescriptionError` for empty text."""
        found = self.get(key)
        if found is None:
            return None
        if not isinstance(found.value, str) or not found.value.strip():
            raise found.error("text is expected here")
        if '"""' in found.value:
            raise found.error("three quotes in a row would end a docstring")
        return found.value.strip()

    def required_text(self, key: str) -> str:
        """The text of `key`, which must be there."""
        text = self.text(key)
        if text is None:
            raise self.error(f"`{key}` is missing")
        return text

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The boolean of `key`."""
        found = self.get(key)
        if found is None:
            return default
        if not isinstance(found.value, bool):
            raise found.error("`true` or `false` is expected here")
        return found.value

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts of `key`; empty without one."""
        found = self.get(key)
        if found is None:
            return ()
        if not all(isinstance(item.value, str) for item in found.elements()):
            raise found.error("a list of texts is expected here")
        return tuple(found.value)

    def only(self, allowed: Collection[str]) -> None:
        """Raise `DescriptionError` for a key that is not `allowed`."""
        unknown = [key for key in self._mapping() if key not in allowed]
        if unknown:
            raise self.error(f"the generator does not know `{'`, `'.join(unknown)}`")

    def followed(self) -> Node:
        """What a `$ref` leads to; the node itself if it has none."""
        reference = self.text("$ref")
        if reference is None:
            return self
        file, _, pointer = reference.partition("#")
        target = self.description.file(_joined(self.file, file) if file else self.file)
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if key not in target:
                raise self.error(f"`$ref: {reference}` leads nowhere: there is no `{key}`")
            target = target[key]
        self.description.used.add((target.file, target.place[0] if target.place else ""))
        return target.followed()

    @property
    def schema_name(self) -> str | None:
        """The name of this schema, if it is a named one."""
        return self.place[0] if len(self.place) == 1 and self.file.startswith(f"{SCHEMA_FOLDER}/") else None

    def _inner(self, key: str, value: Any) -> Node:
        return Node(value, self.file, (*self.place, key), self.description)

    def _mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.error("a mapping is expected here")
        return self.value


def _joined(file: str, relative: str) -> str:
    """`relative`, as it stands in `file`, from the folder of the description."""
    parts = file.split("/")[:-1]
    for part in relative.split("/"):
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return "/".join(parts)
