"""What the tests of the transport send, and with what settings."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voucherify.configuration import Configuration
from voucherify.rest import RestClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Request:
    """What the transport needs of a request."""

    url: str
    method: str = "POST"
    repeatable: bool = False
    body: bytes | None = b'{"event":"e"}'
    headers: dict[str, str] = field(default_factory=lambda: {"X-App-Token": "SECRET-token"})
    operation: str = "EventsApi.track_custom_event"
    path_template: str = "/v1/{thing}"


def post(url: str, **changes: Any) -> Any:
    """A request that must not be sent twice."""
    return Request(f"{url}/v1/thing", **changes)


def get(url: str, **changes: Any) -> Any:
    """A request that may be sent twice."""
    return Request(f"{url}/v1/thing", **{"method": "GET", "repeatable": True, "body": None, **changes})


def configuration(**settings: Any) -> Configuration:
    result = Configuration(host="http://localhost")
    for name, value in settings.items():
        assert hasattr(result, name), name
        setattr(result, name, value)
    return result


@contextlib.contextmanager
def client(**settings: Any) -> Iterator[RestClient]:
    rest = RestClient(configuration(**settings))
    try:
        yield rest
    finally:
        rest.close()
