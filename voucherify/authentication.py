"""What authenticates a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voucherify.configuration import KEY_VARIABLES
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.request import Credential

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voucherify.configuration import Configuration
    from voucherify.operation import Operation


def credentials(
    operation: Operation[Any],
    configuration: Configuration,
    request_auth: Mapping[str, Any] | None,
    given: Iterable[object],
) -> list[Credential]:
    """The operation's keys, or what stands in for them: `request_auth`, or an OAuth token where the API takes one.

    `given` are the names of headers that the caller sets by hand. Raises `ApiValueError` that names the
    keys which are missing: an unauthenticated call can only fail.
    """
    if request_auth is not None:
        return [_from_mapping(request_auth)]
    if operation.bearer and configuration.access_token is not None:
        token = configuration.access_token.strip()
        if not token:
            raise ApiValueError("`access_token` is empty")
        return [Credential("header", "Authorization", f"Bearer {token}")]
    found = {name: configuration.get_api_key_with_prefix(name) for name in operation.keys}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        names = {str(name).lower() for name in given}
        missing = [name for name in missing if name.lower() not in names]
    if missing:
        raise ApiValueError(
            f"{operation.name}() needs "
            + " and ".join(f"`configuration.api_key['{name}']` (or {KEY_VARIABLES[name]})" for name in missing)
        )
    return [Credential("header", name, value) for name, value in found.items() if value is not None]


def _from_mapping(auth: Mapping[str, Any]) -> Credential:
    place, name, value = auth.get("in"), auth.get("key"), auth.get("value")
    if place not in ("header", "query", "cookie"):
        raise ApiValueError("`_request_auth['in']` must be `header`, `query` or `cookie`")
    if not isinstance(value, str) or not (isinstance(name, str) or place == "cookie"):
        raise ApiTypeError("`_request_auth['key']` and `_request_auth['value']` must be text")
    return Credential(place, str(name), value)
