"""Headers of an answer, kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast


class Headers(Mapping[str, str]):
    """Headers that are found by their name in any case, and can't be changed.

    A header that came several times has its values joined by a comma; `getlist` gives them one by one.
    """

    __slots__ = ("_values",)

    def __init__(self, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        values: dict[str, tuple[str, list[str]]] = {}
        pairs = cast("Iterable[tuple[str, str]]", headers.items() if isinstance(headers, Mapping) else headers)
        for name, value in pairs:
            values.setdefault(name.lower(), (name, []))[1].append(value)
        self._values = values

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()][1])

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __reduce__(self) -> tuple[type[Headers], tuple[list[tuple[str, str]]]]:
        return type(self), ([(name, value) for name, values in self._values.values() for value in values],)

    def __repr__(self) -> str:
        return f"Headers({dict(self.items())!r})"

    def getlist(self, name: str) -> list[str]:
        """Every value of one header, in the order in which they came; an empty list if it did not come."""
        return list(self._values.get(name.lower(), (name, []))[1])
