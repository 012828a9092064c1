"""Loading everything at once."""

from __future__ import annotations


def preload() -> None:
    """Load every module and build every model, instead of each on its first use.

    For servers that fork workers: what the parent has loaded, the workers share.
    """
    from voucherify import api, models
    from voucherify.base_model import BaseModel

    for name in api.__all__:
        getattr(api, name)
    for name in models.__all__:
        model = getattr(models, name)
        if isinstance(model, type) and issubclass(model, BaseModel):
            model.model_rebuild()
