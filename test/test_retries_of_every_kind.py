"""What is sent again and what never, on operations of every kind: a server counts."""

from __future__ import annotations

import io
import logging
import random
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hostile_server import answer, free_port, full, head, raw, reset_at_once, reset_in_body, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import KINDS, Kind, client_of, every_kind, named
from transport_calls import wait_until

import voucherify
from voucherify import call, connection, rest
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    BadRequestException,
    ServiceException,
    TooManyRequestsException,
    UnreadableResponseException,
)
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostile_server import Peer

AT_ONCE = RetryPolicy(max_retries=2, backoff=0)
FORMS = ("", "_with_http_info", "_without_preload_content")
LARGE = 20_000_000
"""Bytes of a body that no socket takes at once."""

BROKEN: dict[str, Callable[[Peer], bool]] = {
    "reset before the request is read": reset_at_once,
    "reset while the request is read": reset_in_body,
    "reset after the request": raw(b"", then="reset"),
    "closed without an answer": raw(b""),
    "bad status line": raw(b"SSH-2.0-OpenSSH\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le", then="reset"),
    "truncated answer": raw(head(200, "Content-Type: application/json", "Content-Length: 100") + b'{"object"'),
    "truncated chunk": raw(head(200, "Transfer-Encoding: chunked") + b'ff\r\n{"object"'),
}
"""Ways to fail after which nobody knows whether the request was carried out."""


def told(error: ApiException) -> tuple[int, bool]:
    return error.attempts, error.may_have_reached_server


# -- what may have been taken -----------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("mode", BROKEN)
def test_broken_connections(kind: Kind, mode: str) -> None:
    with (
        serving(BROKEN[mode], BROKEN[mode], raw(kind.reply())) as server,
        client_of(server.url, retries=AT_ONCE) as client,
    ):
        if kind.repeatable:
            assert kind.call(client, "_with_http_info").attempts == 3
            assert server.connections == 3
            return
        with pytest.raises((ApiConnectionException, UnreadableResponseException)) as caught:
            kind.call(client)
        assert told(caught.value) == (1, True)
        assert server.connections == 1
        assert len(server.requests) == (0 if "is read" in mode else 1)


@every_kind
def test_answers_cut_off_under_the_eyes_of_the_caller(kind: Kind) -> None:
    """Whoever reads an answer himself has it in his hands already: it is not asked for again."""
    with serving(BROKEN["truncated answer"]) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(ApiConnectionException) as caught:
            voucherify.save(kind.call(client, "_without_preload_content"), io.BytesIO())
        assert told(caught.value) == (1, True)
        assert (caught.value.method, caught.value.status) == (kind.http_method, 200)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        (replace(named("file"), arguments={"file": b"Code\n" + b"SUMMER\n" * (LARGE // 7)}), 1),
        (replace(named("post"), arguments={"events_create_request_body": {"metadata": {"a": "x" * LARGE}}}), 1),
        (
            replace(
                named("put"),
                arguments={"code": "SUMMER", "vouchers_update_request_body": {"metadata": {"a": "x" * LARGE}}},
            ),
            3,
        ),
    ],
    ids=["file", "post", "put"],
)
def test_reset_in_the_middle_of_a_large_request(kind: Kind, attempts: int) -> None:
    with serving(reset_in_body) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(ApiConnectionException) as caught:
            kind.call(client)
        assert told(caught.value) == (attempts, True)
        assert server.connections == attempts


def idle_connection(client: voucherify.ApiClient) -> Any:
    """The connection that the next call will use."""
    (pool,) = client.rest_client._pools()._pools.values()
    assert pool.connections.pool is not None
    return pool.connections.pool.queue[-1]


@every_kind
def test_connection_that_was_closed_while_idle_is_not_written_to(kind: Kind) -> None:
    reply = kind.reply()
    with serving(raw(reply), raw(reply)) as server, client_of(server.url, retries=0) as client:
        kind.call(client)
        wait_until(lambda: not idle_connection(client).is_connected)
        assert kind.call(client, "_with_http_info").attempts == 1
        assert (server.connections, len(server.requests)) == (2, 2)


@every_kind
@pytest.mark.parametrize("then", ["close", "reset"])
def test_connection_that_breaks_when_it_is_used_again(kind: Kind, then: str) -> None:
    good = raw(kind.reply(), then="keep")
    with serving(good, raw(b"", then=then), good) as server, client_of(server.url, retries=AT_ONCE) as client:
        kind.call(client)
        if kind.repeatable:
            assert kind.call(client, "_with_http_info").attempts == 2
        else:
            with pytest.raises(ApiConnectionException) as caught:
                kind.call(client)
            assert told(caught.value) == (1, True)
        assert (server.connections, len(server.requests)) == ((2, 3) if kind.repeatable else (1, 2))


@every_kind
def test_answer_given_back_unread_spoils_no_later_call(kind: Kind) -> None:
    """Its connection must not be used again: the next request would go out, and its answer could not be read."""
    with serving(raw(kind.reply(), then="keep")) as server, client_of(server.url, retries=0) as client:
        for number in range(1, 4):
            response = kind.call(client, "_without_preload_content")
            assert response.status == 200
            response.release_conn()
            assert len(server.requests) == number
        response = kind.call(client, "_without_preload_content")
        assert response.data == kind.answer
        response.release_conn()


# -- statuses ---------------------------------------------------------------------------------------------------------


@every_kind
def test_passing_errors(kind: Kind) -> None:
    statuses = (408, 500, 502, 503, 504)
    script = [answer(b"no", status) for status in statuses]
    policy = RetryPolicy(max_retries=9, backoff=0)
    with serving(*script, raw(kind.reply(), then="keep")) as server, client_of(server.url, retries=policy) as client:
        if kind.repeatable:
            assert kind.call(client, "_with_http_info").attempts == 6
        else:
            for status in statuses:
                with pytest.raises(ApiException) as caught:
                    kind.call(client)
                assert caught.value.status == status
                assert told(caught.value) == (1, True)
            kind.call(client)
        assert len(server.requests) == 6


@every_kind
def test_final_errors(kind: Kind) -> None:
    statuses = (302, 400, 401, 402, 403, 404, 405, 409, 413, 422, 423, 425, 501, 505, 507)
    with (
        serving(*(answer(b"{}", status) for status in statuses)) as server,
        client_of(server.url, retries=AT_ONCE) as client,
    ):
        for number, status in enumerate(statuses, 1):
            with pytest.raises(ApiException) as caught:
                kind.call(client)
            assert (caught.value.status, len(server.requests)) == (status, number)
            assert told(caught.value) == (1, True)


@every_kind
def test_rate_limit(kind: Kind) -> None:
    script = [answer(b"", 429), answer(b"", 429, "X-Rate-Limit-Type: api_calls"), raw(kind.reply(), then="keep")]
    with serving(*script) as server, client_of(server.url, retries=AT_ONCE) as client:
        assert kind.call(client, "_with_http_info").attempts == 3
        assert len(server.requests) == 3
    with serving(answer(b"", 429)) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(TooManyRequestsException) as caught:
            kind.call(client)
        assert told(caught.value) == (3, False)
        assert len(server.requests) == 3


@every_kind
def test_limit_of_a_month(kind: Kind) -> None:
    monthly = answer(b"", 429, "X-Rate-Limit-Type: api_calls_cycle", "Retry-After: 0")
    with serving(monthly) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(TooManyRequestsException) as caught:
            kind.call(client)
        assert told(caught.value) == (1, False)
        assert len(server.requests) == 1


def test_rate_limit_with_half_a_body_is_one_too() -> None:
    cut_off = raw(full(b'{"code": 429}', 429)[:-3])
    with serving(cut_off) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(TooManyRequestsException) as caught:
            named("redemption").call(client)
        assert told(caught.value) == (3, False)
        assert len(server.requests) == 3


def test_a_rate_limit_does_not_make_earlier_tries_undone() -> None:
    with serving(raw(b""), answer(b"", 429)) as server, client_of(server.url, retries=1) as client:
        with pytest.raises(TooManyRequestsException) as caught:
            named("delete").call(client)
        assert told(caught.value) == (2, True)
        assert len(server.requests) == 2


# -- nothing was sent -------------------------------------------------------------------------------------------------


@every_kind
def test_no_connection(kind: Kind) -> None:
    with client_of(f"http://localhost:{free_port()}", retries=AT_ONCE) as client:
        for form in FORMS:
            with pytest.raises(ApiConnectionException, match="nothing was carried out") as caught:
                kind.call(client, form)
            assert told(caught.value) == (3, False)


@every_kind
def test_connection_that_comes_about_later(kind: Kind) -> None:
    with (
        serving(raw(kind.reply(), then="keep")) as server,
        refusing([True, True, False], server.port),
        client_of(server.url, retries=AT_ONCE) as client,
    ):
        assert kind.call(client, "_with_http_info").attempts == 3
        assert len(server.requests) == 1


def refusing(refused: list[bool], port: int) -> Any:
    """For as long as it is entered: connect to a closed port where the list says so, try by try; the last one stays."""
    closed = free_port()
    turns: Iterator[bool] = iter(refused)

    def resolved(*_arguments: object) -> list[connection.Address]:
        here = closed if next(turns, refused[-1]) else port
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ("127.0.0.1", here))]

    return mock.patch.object(connection, "_resolved", resolved)


# -- how often and how long -------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    ("setting", "attempts"), [(None, 3), (False, 1), (0, 1), (1, 2), (RetryPolicy(max_retries=4, max_backoff=1), 5)]
)
def test_setting(kind: Kind, setting: Any, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """429, since that is tried again for every kind."""
    monkeypatch.setattr(rest, "sleep", lambda _seconds: None)
    with serving(answer(b"", 429)) as server, client_of(server.url, retries=setting) as client:
        with pytest.raises(TooManyRequestsException) as caught:
            kind.call(client)
        assert told(caught.value) == (attempts, False)
        assert len(server.requests) == attempts
        assert (f"{attempts} attempts" in str(caught.value)) is (attempts > 1)


@every_kind
def test_log_tells_each_try(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "voucherify")
    with serving(answer(b"", 429), raw(kind.reply())) as server, client_of(server.url, retries=AT_ONCE) as client:
        kind.call(client)
    first, waiting, second = caplog.records
    operation = f"{kind.resource}.{kind.method}: "
    assert all(record.getMessage().startswith(operation) for record in caplog.records)
    assert (first.levelno, waiting.levelno, second.levelno) == (logging.DEBUG, logging.INFO, logging.DEBUG)
    assert ": 429 after " in first.getMessage()
    assert first.getMessage().endswith("attempt 1, request id None")
    assert waiting.getMessage() == f"{operation}attempt 1 failed (429), next one in 0.00 s"
    assert ": 200 after " in second.getMessage()
    assert second.getMessage().endswith("attempt 2, request id None")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of the calls that follow, which take no time."""
    found: list[float] = []
    monkeypatch.setattr(rest, "sleep", found.append)
    return found


@every_kind
def test_jitter_is_full_and_bounds_double_up_to_a_cap(
    kind: Kind, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low + (high - low) / 8

    monkeypatch.setattr(call, "_uniform", uniform)
    policy = RetryPolicy(max_retries=6, backoff=0.5, max_backoff=3)
    with (
        serving(answer(b"", 429)) as server,
        client_of(server.url, retries=policy) as client,
        pytest.raises(TooManyRequestsException),
    ):
        kind.call(client)
    assert drawn == [(0, 0.5), (0, 1), (0, 2), (0, 3), (0, 3), (0, 3)]
    assert waits == [high / 8 for _, high in drawn]


def test_jitter_is_not_what_programs_seed(waits: list[float]) -> None:
    """A fleet whose programs seed alike would come back at one moment; and nobody's random numbers are used up."""
    with serving(answer(b"", 429)) as server, client_of(server.url, retries=3) as client:
        for _ in range(2):
            random.seed(7)
            before = random.getstate()
            with pytest.raises(TooManyRequestsException):
                named("post").call(client)
            assert random.getstate() == before
    assert len(set(waits)) == 6


@pytest.mark.parametrize("kind", [named("redemption"), named("get")], ids=lambda kind: kind.name)
@pytest.mark.parametrize("header", ["Retry-After: 20", "Retry-After: {date}", "X-Rate-Limit-Retry: {epoch}"])
def test_waits_that_the_server_asks_for(
    kind: Kind, header: str, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_767_225_600.0
    monkeypatch.setattr(call, "time", lambda: now)
    asked = header.format(date=formatdate(now + 20, usegmt=True), epoch=int(now + 20))
    with serving(answer(b"", 429, asked), raw(kind.reply())) as server, client_of(server.url, retries=1) as client:
        kind.call(client)
    (wait,) = waits
    assert 20 <= wait <= 20.5


# -- the budget -------------------------------------------------------------------------------------------------------


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


# -- any sequence -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How one try ends."""

    behaviour: Callable[[Peer], bool] | None
    """`None`: no connection comes about."""
    error: type[ApiException]
    status: int = 0
    again: str = "if repeatable"
    """`always`, `if repeatable` or `never`."""
    taken: bool = True
    """Whether it may have been carried out."""


def status(number: int, error: type[ApiException], *headers: str, **changes: Any) -> Outcome:
    return Outcome(raw(full(b"{}", number, "Connection: close", *headers)), error, number, **changes)


OUTCOMES: dict[str, Outcome | None] = {
    "answer": None,
    "no connection": Outcome(None, ApiConnectionException, again="always", taken=False),
    "429": status(429, TooManyRequestsException, again="always", taken=False),
    "429, soon": status(429, TooManyRequestsException, "Retry-After: 0", again="always", taken=False),
    "429, in a day": status(429, TooManyRequestsException, "Retry-After: 99999", again="never", taken=False),
    "429, in 1,000 years": status(
        429, TooManyRequestsException, "X-Rate-Limit-Retry: 33000000000", again="never", taken=False
    ),
    "429, this month": status(
        429, TooManyRequestsException, "X-Rate-Limit-Type: api_calls_cycle", again="never", taken=False
    ),
    "400": status(400, BadRequestException, again="never"),
    "408": status(408, ApiException),
    "500": status(500, ServiceException),
    "501": status(501, ServiceException, again="never"),
    "503": status(503, ServiceException),
    "503, far away": status(503, ServiceException, "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT", again="never"),
    **{
        mode: Outcome(behaviour, ApiConnectionException)
        for mode, behaviour in BROKEN.items()
        if not mode.startswith("truncated")
    },
    "truncated answer": Outcome(BROKEN["truncated answer"], UnreadableResponseException, 200),
    "truncated chunk": Outcome(BROKEN["truncated chunk"], UnreadableResponseException, 200),
}


def expected(kind: Kind, form: str, outcomes: list[str], retries: int) -> tuple[list[str], Outcome | None, bool]:
    """The tries that a call must make, how it must end, and whether any of its tries may have been carried out."""
    taken = False
    for tries in range(1, retries + 2):
        name = outcomes[min(tries, len(outcomes)) - 1]
        outcome = OUTCOMES[name]
        if outcome is None:
            break
        if name.startswith("truncated") and form == "_without_preload_content":
            outcome = replace(outcome, error=ApiConnectionException, again="never")
        taken |= outcome.taken
        if not (outcome.again == "always" or (outcome.again == "if repeatable" and kind.repeatable)):
            break
    return [outcomes[min(number, len(outcomes) - 1)] for number in range(tries)], outcome, taken


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(KINDS),
    st.sampled_from(FORMS),
    st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=6),
    st.integers(0, 4),
)
def test_any_sequence_of_failures(kind: Kind, form: str, outcomes: list[str], retries: int) -> None:
    tries, last, taken = expected(kind, form, outcomes, retries)
    found = [OUTCOMES[name] for name in outcomes]
    refused = [outcome is not None and outcome.behaviour is None for outcome in found]
    script = [
        raw(kind.reply()) if outcome is None else outcome.behaviour or raw(b"")
        for outcome, nowhere in zip(found, refused, strict=True)
        if not nowhere
    ]
    with (
        warnings.catch_warnings(),
        serving(*script or [raw(b"")]) as server,
        refusing(refused, server.port),
        client_of(server.url, retries=RetryPolicy(max_retries=retries, backoff=0), timeout=60) as client,
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        outcome = outcome_of(kind, form, client)
        sent = [name for name in tries if name != "no connection"]
        assert server.connections == len(sent)
        assert len(tries) <= retries + 1
        if not kind.repeatable:
            assert not any(OUTCOMES[name].taken for name in tries[:-1])
        if last is None:
            assert outcome in ((None, kind.answer), (len(tries), kind.answer))
        else:
            assert type(outcome) is last.error
            assert (outcome.status, *told(outcome)) == (last.status, len(tries), taken)
            assert outcome.method == kind.http_method


def outcome_of(kind: Kind, form: str, client: voucherify.ApiClient) -> Any:
    """The exception of a call; or its number of attempts, if it tells that, and the body of its answer."""
    try:
        response = kind.call(client, form)
        if form == "_without_preload_content":
            file = io.BytesIO()
            voucherify.save(response, file)
            return None, file.getvalue()
    except ApiException as error:
        return error
    return (response.attempts, response.raw_data) if form else (None, kind.answer)
