"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def lazy_names(
    package: str, names: Iterable[str], module_of: Callable[[str], str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for the package `package` that publishes `names`.

    `module_of` says in which module a name is defined; without it, that is the module of `package` that is called
    like the name in snake case. Modules of the package are attributes too, whether they were imported or not.
    """
    public = frozenset(names)

    def load(name: str) -> Any:
        if name in public:
            module = f"{package}.{snake_case(name)}" if module_of is None else module_of(name)
            value = getattr(import_module(module), name)
        else:
            value = _submodule(package, name)
        vars(sys.modules[package])[name] = value  # Python looks there first: this function is called once per name
        return value

    def listed() -> list[str]:
        return sorted(public.union(vars(sys.modules[package])))

    return load, listed


def _submodule(package: str, name: str) -> Any:
    full_name = f"{package}.{name}"
    if not name.startswith("_"):
        try:
            return import_module(full_name)
        except ModuleNotFoundError as error:
            if error.name != full_name:  # the module is there, something that it imports is not
                raise
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def snake_case(name: str) -> str:
    """Name of the module that defines the class `name`: `EventsApi` is in `events_api`."""
    import re

    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
