"""What the tests of the transport send, and with what settings."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hostile_server import free_port

from voucherify import connection
from voucherify.configuration import Configuration
from voucherify.rest import RestClient
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voucherify.exceptions import ApiException

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
counting = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")  # noqa: PTH112

AT_ONCE = RetryPolicy(max_retries=2, backoff=0)
BODY = b'{"object": "event"}'
LONG = b"x" * 20_000_000
SLACK = 0.6
"""Seconds that a call may take longer than it should."""


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


def in_child(work: Callable[[], None]) -> None:
    """Run `work` in a forked child and expect it to end well."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(15)
            work()
            gc.collect()
            code = 0
        except BaseException:  # noqa: BLE001  whatever it is must not reach pytest in the child
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def established() -> int:
    """Connections over TCP that this process has open."""
    return len([link for link in _links() if link.startswith("socket:")])


def _links() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))  # noqa: PTH115
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do, a moment later."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def check_text(error: ApiException) -> None:
    """Nothing of the request but its path template, and nothing of the answer, is shown."""
    for text in (str(error), repr(error)):
        assert "SECRET" not in text
        assert "/v1/thing" not in text
        assert text.isprintable()
        assert "POST /v1/{thing}" in text or "path='/v1/{thing}'" in text or "GET /v1/{thing}" in text


def refusing(refused: list[bool], port: int) -> Any:
    """For as long as it is entered: connect to a closed port where the list says so, try by try; the last one stays."""
    closed = free_port()
    turns: Iterator[bool] = iter(refused)

    def resolved(*_arguments: object) -> list[connection.Address]:
        here = closed if next(turns, refused[-1]) else port
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ("127.0.0.1", here))]

    return mock.patch.object(connection, "_resolved", resolved)
