"""Where the API is: its servers, and what counts as the URL of a host."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import SplitResult, urlsplit

from voucherify.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = r"[\w.-]+|\[[0-9a-f:.]+\]"
_PATH = r"(/([\w.~!$&'()*+,;=:/-]|%[0-9a-f]{2})*)?"
_URL = re.compile(rf"https?://({_NAME})(:\d*)?{_PATH}", re.IGNORECASE | re.ASCII)
_LOOPBACK = re.compile(r"localhost|.*\.localhost|127(\.\d+){3}|::1")


class ServerVariable(TypedDict):
    """One variable in the URL of a server."""

    description: str
    default_value: str
    enum_values: list[str]


class HostSetting(TypedDict):
    """One server: URL template, description and variables."""

    url: str
    description: str
    variables: dict[str, ServerVariable]


def servers() -> list[HostSetting]:
    """The servers of the API. A new list each time, free to be changed."""
    return [
        {
            "url": "https://{cluster}.voucherify.io",
            "description": "Shared clusters, for calls and for downloads of exports",
            "variables": {
                "cluster": {
                    "description": "Region: Europe (api), United States (us1) or Asia (as1)",
                    "default_value": "api",
                    "enum_values": ["api", "us1.api", "as1.api", "download", "us1.download", "as1.download"],
                }
            },
        }
    ]


def url(settings: Sequence[HostSetting], index: int, variables: Mapping[str, str]) -> str:
    """URL of the server at `index` with its variables filled in.

    Raises `ApiValueError` for an index or a value of a variable that `settings` does not have.
    """
    if not 0 <= index < len(settings):
        raise ApiValueError(f"server index {index} is not one of 0 to {len(settings) - 1}")
    template = settings[index]["url"]
    for name, variable in settings[index].get("variables", {}).items():
        value = variables.get(name, variable["default_value"])
        allowed = variable.get("enum_values", [])
        if allowed and value not in allowed:
            raise ApiValueError(f"server variable `{name}` must be one of {', '.join(allowed)}, not {value!r}")
        template = template.replace("{" + name + "}", value)
    return template


def normalised(host: str) -> str:
    """`host` as scheme, name, port and base path, the first two in lower case, without a slash at its end.

    Raises `ApiTypeError` if it is no text, `ApiValueError` if it has no scheme or name, or has user, query or
    fragment, or a character that a URL does not have. Warns about plain `http` to another machine: keys would travel
    in the clear.
    """
    if not isinstance(host, str):
        raise ApiTypeError(f"`host` must be text, not {type(host).__name__}")
    text = host.strip()
    if "@" in text:  # asked first, so that no other message repeats a password
        raise ApiValueError("`host` must not contain a user or a password")
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ApiValueError(f"`host` must be a URL such as https://api.voucherify.io, not {text!r}")
    if "?" in text or "#" in text:
        raise ApiValueError(f"`host` must not contain a query or a fragment: {text!r}")
    if not _URL.fullmatch(text):
        raise ApiValueError(f"`host` has a character that is not allowed, or is not plain ASCII: {text!r}")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(parts.hostname):
        warnings.warn(f"keys travel unencrypted to {parts.hostname}: use https", UserWarning, stacklevel=4)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(':')}{parts.path.rstrip('/')}"


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port  # parsed when it is read
        if "[" in parts.netloc:
            from ipaddress import IPv6Address

            IPv6Address(parts.hostname or "")
    except ValueError as error:
        raise ApiValueError(f"`host` is no valid URL: {error}") from error
    if port == 0:
        raise ApiValueError("`host` is no valid URL: port 0 can't be connected to")
    return parts


def operation_hosts(own: tuple[str, ...], host: str) -> tuple[tuple[str, ...], int]:
    """The hosts that serve an operation with servers of its `own`, and which of them is for the region of `host`.

    A `host` outside of the shared clusters, such as a dedicated cluster or a test server, serves every operation.
    """
    if not own or not host.endswith(".voucherify.io") or host in own:
        return (host,), 0
    regions = [_region(server) for server in own]
    region = _region(host)
    return own, regions.index(region) if region in regions else 0


def _region(server: str) -> list[str]:
    """The labels before `api.voucherify.io` or `download.voucherify.io`: none for Europe."""
    return (urlsplit(server).hostname or "").split(".")[:-3]
