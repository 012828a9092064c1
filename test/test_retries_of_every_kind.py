"""What is sent again and what never, on operations of every kind: a server counts."""

from __future__ import annotations

import io
import logging
import random
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from hostile_server import BROKEN, answer, free_port, full, raw, reset_in_body, serving
from kinds import FORMS, Kind, client_of, every_kind, named, told
from transport_calls import AT_ONCE, refusing, wait_until

import voucherify
from voucherify import call, rest
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    TooManyRequestsException,
    UnreadableResponseException,
)
from voucherify.retry import RetryPolicy

LARGE = 20_000_000
"""Bytes of a body that no socket takes at once."""


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
