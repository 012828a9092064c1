"""Which models lead back to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.description import DescriptionError
from codegen.form import ListOf, MapOf, Model, Nullable, Type, UnionOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.form import ModelClass


def models_in(one: Type) -> Iterator[str]:
    """Names of the models that a type mentions."""
    if isinstance(one, Model):
        yield one.name
    elif isinstance(one, ListOf):
        yield from models_in(one.item)
    elif isinstance(one, MapOf):
        yield from models_in(one.value)
    elif isinstance(one, Nullable):
        yield from models_in(one.inner)
    elif isinstance(one, UnionOf):
        for choice in one.choices:
            yield from models_in(choice)


def late_imports(models: dict[str, ModelClass]) -> dict[str, frozenset[str]]:
    """Per model, the models that it shares a cycle with: modules in a cycle cannot all import each other first.

    Raises `DescriptionError` for a class that shares a cycle with its base: neither could be imported before the other.
    """
    uses = {
        name: {used for one in model.fields for used in models_in(one.type)} | ({model.base} if model.base else set())
        for name, model in models.items()
    }
    group = {name: members for members in _components(uses) for name in members}
    for name, model in models.items():
        if model.base in group[name]:
            raise DescriptionError(
                f"{model.source}: {name}: its base class `{model.base}` leads back to it;"
                " describe it with all its fields instead of `allOf`"
            )
    return {name: frozenset((uses[name] & group[name]) - {name}) for name in models}


def _components(uses: dict[str, set[str]]) -> list[frozenset[str]]:
    """The groups in which everything leads to everything (Tarjan's algorithm, without recursion)."""
    found: list[frozenset[str]] = []
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    done: set[str] = set()
    for start in sorted(uses):
        if start in number:
            continue
        work = [(start, iter(sorted(uses[start])))]
        number[start] = low[start] = len(number)
        path.append(start)
        while work:
            name, rest = work[-1]
            for used in rest:
                if used not in number:
                    number[used] = low[used] = len(number)
                    path.append(used)
                    work.append((used, iter(sorted(uses[used]))))
                    break
                if used not in done:
                    low[name] = min(low[name], number[used])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    members = path[path.index(name) :]
                    del path[path.index(name) :]
                    done.update(members)
                    found.append(frozenset(members))
    return found
