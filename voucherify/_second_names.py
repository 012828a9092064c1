"""Modules of second names: importable, though there are no files for them.

The published package has a module for each of its 1,360 models, many of which are one class here. A file per second
name would be 40 % of what is downloaded and half of what is installed, to hold one line each.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

from voucherify._lazy import TYPE_CHECKING, snake_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


class SecondNames:
    """What `import` asks for modules of `package` that it has not found as files.

    :param package: name of the package.
    :param classes: name of the class by second name.
    """

    def __init__(self, package: str, classes: Mapping[str, str]) -> None:
        self._package = package
        self._classes = classes
        self._names: dict[str, str] = {}

    def find_spec(self, fullname: str, *_where: object) -> ModuleSpec | None:
        """How to load the module `fullname`; `None` if it belongs to no second name. `import` calls this."""
        package, _, module = fullname.rpartition(".")
        if package != self._package:
            return None
        if not self._names:  # made when it is first needed
            self._names = {snake_case(name): name for name in self._classes}
        if module not in self._names:
            return None
        return ModuleSpec(fullname, self)  # type: ignore[arg-type]  # importlib.abc, for a base class, is slow to import

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the class under its second name into `module`."""
        name = self._names[module.__name__.rpartition(".")[2]]
        of = self._classes[name]
        module.__doc__ = f"`{name}`, another name of `{of}`."
        vars(module)["__all__"] = [name]
        vars(module)[name] = getattr(import_module(f"{self._package}.{snake_case(of)}"), of)


def read_second_names(text: str) -> dict[str, str]:
    """Name of the class by second name, of lines such as `Class: SecondName AnotherName`.

    As text they take half of the space of a dict, and half of the time to import.
    """
    lines = [line.split(": ") for line in text.split("\n") if line]
    return {second: of for of, names in lines for second in names.split(" ")}


def add_second_names(package: str, classes: Mapping[str, str]) -> None:
    """Make the modules of the second names of `package` importable."""
    sys.meta_path.append(SecondNames(package, classes))
