"""Python SDK for the Voucherify REST API.

    import voucherify

    configuration = voucherify.Configuration()  # host and keys from the environment, or from arguments
    with voucherify.ApiClient(configuration) as api_client:
        answer = voucherify.EventsApi(api_client).track_custom_event(
            {"event": "cart_abandoned", "customer": {"source_id": "customer-1"}}
        )

Every name is loaded when it is first used; `preload()` loads all of them at once.
"""

from __future__ import annotations

from voucherify import api, models
from voucherify._lazy import TYPE_CHECKING, lazy_names
from voucherify.version import __version__

if TYPE_CHECKING:
    from voucherify.api import *  # noqa: F403
    from voucherify.api_client import ApiClient
    from voucherify.api_response import ApiResponse
    from voucherify.configuration import Configuration
    from voucherify.exceptions import (
        ApiAttributeError,
        ApiException,
        ApiKeyError,
        ApiTypeError,
        ApiValueError,
        OpenApiException,
    )
    from voucherify.models import *  # noqa: F403
    from voucherify.preloading import preload
    from voucherify.retry import RetryPolicy
    from voucherify.saving import save

_MODULES = {
    "ApiAttributeError": "exceptions",
    "ApiClient": "api_client",
    "ApiException": "exceptions",
    "ApiKeyError": "exceptions",
    "ApiResponse": "api_response",
    "ApiTypeError": "exceptions",
    "ApiValueError": "exceptions",
    "Configuration": "configuration",
    "OpenApiException": "exceptions",
    "RetryPolicy": "retry",
    "preload": "preloading",
    "save": "saving",
}

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiResponse",
    "ApiTypeError",
    "ApiValueError",
    "Configuration",
    "OpenApiException",
    "RetryPolicy",
    "__version__",
    "preload",
    "save",
]
if not TYPE_CHECKING:  # type checkers have these names from the star imports
    __all__ += [*api.NAMES, *models.NAMES]  # noqa: PLE0604  # they are text


def _module_of(name: str) -> str:
    if name in _MODULES:
        return f"voucherify.{_MODULES[name]}"
    return "voucherify.api" if name in api.NAMES else "voucherify.models"


if not TYPE_CHECKING:  # type checkers would take any name for one that exists
    __getattr__, __dir__ = lazy_names("voucherify", __all__, _module_of)
