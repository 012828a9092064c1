"""Loading everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voucherify.base_model import BaseModel


def preload() -> None:
    """Load every module and build every model, instead of each on its first use.

    For servers that fork workers: what the parent has loaded, the workers share.
    """
    from importlib import import_module
    from pkgutil import iter_modules

    import voucherify
    from voucherify import api, models

    for module in iter_modules(voucherify.__path__, "voucherify."):
        import_module(module.name)
    for name in api.NAMES:
        getattr(api, name)
    built: set[type[BaseModel]] = set()
    for name in [name for name in models.NAMES if name not in models.SECOND_NAMES]:
        for model in _models_in(getattr(models, name)):
            _build(model, built)


def _build(model: type[BaseModel], built: set[type[BaseModel]]) -> None:
    """Build `model` after the models that it consists of: pydantic uses again what is built already."""
    if model in built:
        return
    built.add(model)
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            _build(part, built)
    model.model_rebuild()


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    from voucherify.base_model import BaseModel

    parts = get_args(annotation)
    if not parts and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in parts:
        yield from _models_in(part)
