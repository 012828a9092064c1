"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

import os
import sys
from _thread import RLock, get_ident  # threading is not needed by an import alone
from importlib import import_module
from time import monotonic, sleep

TYPE_CHECKING = False  # importing typing takes longer than all that `import voucherify` does
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any

_LONGEST_WAIT = 10.0
"""Seconds that a fork waits for other threads to finish loading."""


class Loading:
    """Something that is loaded or built for the first time, as a context; a fork waits until none is going on.

    A child has none of its parent's other threads. What one of them was loading, it would find half done, with locks
    held for good, and wait for it forever.
    """

    _gate = RLock()
    """Held while a fork is being made: nothing new begins in the meantime."""
    _depths: dict[int, int] = {}  # noqa: RUF012  # by thread
    """How many are going on in each thread, one within the other."""

    def __enter__(self) -> None:
        thread = get_ident()
        if thread in self._depths:  # a fork waits for this thread already
            self._depths[thread] += 1
            return
        with self._gate:
            self._depths[thread] = 1

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        thread = get_ident()
        self._depths[thread] -= 1
        if not self._depths[thread]:
            del self._depths[thread]

    @classmethod
    def before_fork(cls) -> None:
        """Wait until no other thread is loading, but not forever: one may wait for what this thread is loading."""
        cls._gate.acquire()
        end = monotonic() + _LONGEST_WAIT
        while set(cls._depths) - {get_ident()} and monotonic() < end:
            sleep(0.001)

    @classmethod
    def after_fork(cls) -> None:
        """Let other threads go on."""
        cls._gate.release()

    @classmethod
    def after_fork_in_child(cls) -> None:
        """Forget the threads that the child does not have."""
        for thread in set(cls._depths) - {get_ident()}:
            del cls._depths[thread]
        cls._gate.release()


def let_forks_wait() -> None:
    """Have forks wait for what is being loaded, before they wait for any lock that was made known to them earlier.

    Doing this again does no harm. It is needed after the import of a module whose lock is held during a fork and is
    taken while something is loaded: the fork would hold it already, and wait for what waits for it.
    """
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(
            before=Loading.before_fork, after_in_parent=Loading.after_fork, after_in_child=Loading.after_fork_in_child
        )


let_forks_wait()


def lazy_names(
    package: str, names: Iterable[str], module_of: Callable[[str], str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for the package `package` that publishes `names`.

    `module_of` says in which module a name is defined; without it, that is the module of `package` that is called
    like the name in snake case. Modules of the package are attributes too, whether they were imported or not.
    """
    public = frozenset(names)

    def load(name: str) -> Any:
        with Loading():
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
