"""What authenticates a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voucherify.configuration import KEY_VARIABLES
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.request import Credential

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        token = _stripped(configuration.access_token, "`access_token`")
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
    if not isinstance(auth, Mapping):
        raise ApiTypeError(f"`_request_auth` must be a mapping, not {type(auth).__name__}")
    place, name = auth.get("in"), auth.get("key")
    if place not in ("header", "query", "cookie"):
        raise ApiValueError("`_request_auth['in']` must be `header`, `query` or `cookie`")
    if not isinstance(name, str) and place != "cookie":
        raise ApiTypeError(f"`_request_auth['key']` must be text, not {type(name).__name__}")
    return Credential(place, str(name), _stripped(auth.get("value"), "`_request_auth['value']`"))


def _stripped(value: object, name: str) -> str:
    """`value` without white space around it. Raises `ApiTypeError` if it is no text, `ApiValueError` if it is empty."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be text, not {type(value).__name__}")
    value = value.strip()
    if not value:
        raise ApiValueError(f"{name} is empty")
    return value
