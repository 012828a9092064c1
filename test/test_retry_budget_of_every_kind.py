"""All calls of a client share a budget for retries: many callers do not hammer a failing service."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hostile_server import answer, raw, serving
from kinds import Kind, client_of, named
from transport_calls import AT_ONCE

from voucherify.exceptions import ApiException, ServiceException

if TYPE_CHECKING:
    from hostile_server import Peer


@dataclass
class Service:
    """It is up or down, and answers accordingly."""

    kind: Kind
    up: bool = False

    def __call__(self, peer: Peer) -> bool:
        return (raw(self.kind.reply(), then="keep") if self.up else answer(b"", 503))(peer)


@pytest.mark.parametrize("kind", [named("get"), named("put"), named("delete")], ids=lambda kind: kind.name)
def test_many_threads_do_not_hammer_a_failing_service(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    """500 tokens, 5 for each retry: 100 retries, whatever the number of threads and calls."""
    caplog.set_level(logging.INFO, "voucherify")
    threads, calls = 16, 20
    service = Service(kind)
    start = threading.Barrier(threads)
    with serving(service) as server, client_of(server.url, retries=AT_ONCE) as client:

        def work(_thread: int) -> None:
            start.wait(10)
            for _ in range(calls):
                with pytest.raises(ServiceException):
                    kind.call(client)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
        assert len(server.requests) == threads * calls + 100
        assert sum("too many calls fail" in record.getMessage() for record in caplog.records) >= threads * calls - 100

        # It recovers with the service: one token for each call that goes well, and so 2 retries after 10 of them.
        service.up = True
        for _ in range(10):
            assert kind.call(client, "_with_http_info").attempts == 1
        service.up = False
        attempts = []
        for _ in range(2):
            with pytest.raises(ServiceException) as caught:
                kind.call(client)
            attempts.append(caught.value.attempts)
        assert attempts == [3, 1]


def test_rate_limits_and_lost_connections_share_the_budget() -> None:
    """Also between operations, and if the client is closed after each call."""
    script = [behaviour for _ in range(300) for behaviour in (answer(b"", 429), raw(b""), answer(b"", 503))]
    calls = [named("redemption"), named("get"), named("file")] * 50
    with serving(*script) as server, client_of(server.url, retries=AT_ONCE) as client:
        for kind in calls:
            with client, suppress(ApiException):
                kind.call(client)
        assert len(server.requests) == len(calls) + 100
