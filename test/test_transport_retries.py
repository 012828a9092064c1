"""What is tried again, how often and after what wait: nothing is sent twice that must not be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import answer, drip, free_port, full, raw, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transport_calls import AT_ONCE, BODY, SLACK, client, get, post

from voucherify import rest
from voucherify.exceptions import ApiConnectionException, ApiException
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable


# -- statuses and waits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_passing_errors(status: int) -> None:
    script = [answer(b"no", status), answer(b"no", status), answer(BODY)]
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts, len(server.requests), server.connections) == (200, 3, 3, 1)
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(post(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (status, 1, 1)
    with serving(answer(b"no", status)) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (status, 3, 3)


@pytest.mark.parametrize("build", [get, post])
def test_rate_limit(build: Callable[..., Any]) -> None:
    with serving(answer(b"", 429), answer(BODY)) as server, client(retries=AT_ONCE) as sender:
        assert sender.send(build(server.url)).attempts == 2
    with serving(answer(b"", 429, "x-rate-limit-type: api_calls_cycle")) as server, client(retries=AT_ONCE) as sender:
        found = sender.send(build(server.url))
        assert (found.status, found.attempts, len(server.requests)) == (429, 1, 1)


@pytest.mark.parametrize(("setting", "attempts"), [(False, 1), (0, 1), (1, 2), (None, 3), (4, 5)])
def test_number_of_retries(setting: Any, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest, "sleep", waits.append)
    with serving(answer(b"", 503)) as server, client(retries=setting) as sender:
        assert sender.send(get(server.url)).attempts == attempts
    assert len(server.requests) == attempts
    assert [wait <= 0.5 * 2**position for position, wait in enumerate(waits)] == [True] * (attempts - 1)


def test_waits_that_the_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest, "sleep", waits.append)
    script = [
        answer(b"", 429, "Retry-After: 20"),
        answer(b"", 429, f"X-Rate-Limit-Retry: {int(time.time()) + 30}"),
        answer(b"", 503, "Retry-After: 2"),
        answer(b"", 503, "Retry-After: 99999"),
    ]
    with serving(*script) as server, client(retries=10) as sender:
        found = sender.send(get(server.url))
        assert (found.status, found.attempts) == (503, 4)
    assert [20 <= waits[0] < 21, 28 <= waits[1] < 31, 2 <= waits[2] < 3] == [True] * 3
    assert len(waits) == 3


@pytest.mark.parametrize("header", ["Retry-After: 99999", "Retry-After: 5", "Retry-After: 59"])
def test_no_wait_passes_the_deadline(header: str) -> None:
    begun = time.monotonic()
    with serving(answer(BODY, 429, header)) as server, client() as sender:
        found = sender.send(post(server.url), 2)
        assert (found.status, found.data, found.attempts, len(server.requests)) == (429, BODY, 1, 1)
    assert time.monotonic() - begun < SLACK


@pytest.mark.parametrize(
    ("first", "reached"), [(raw(b"", then="reset"), True), (answer(b"", 503), True), (answer(b"", 429), False)]
)
@pytest.mark.parametrize("streaming", [False, True])
def test_last_failure_counts_but_the_first_is_not_forgotten(
    first: Any, reached: bool, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first try the host is gone."""
    original = rest._exchange

    def exchange(call: Any, pools: Any, pool: Any) -> Any:
        if call.attempts > 1:
            call.origin = gone
            pool = pools.get(gone, streaming=streaming)
        return original(call, pools, pool)

    gone = f"http://localhost:{free_port()}"
    monkeypatch.setattr(rest, "_exchange", exchange)
    with serving(first) as server, client(retries=AT_ONCE) as sender:
        with pytest.raises(ApiConnectionException) as caught:
            (sender.stream if streaming else sender.send)(get(server.url))
        assert "Connection refused" in str(caught.value)
        assert (caught.value.attempts, len(server.requests)) == (3, 1)
        assert caught.value.may_have_reached_server is reached
        assert ("it may have been carried out" if reached else "nothing was carried out") in str(caught.value)


# -- the budget -------------------------------------------------------------------------------------------------------


def test_budget_of_a_failing_service_runs_out() -> None:
    with serving(answer(b"", 503)) as server, client(retries=AT_ONCE) as sender:
        attempts = [sender.send(get(server.url)).attempts for _ in range(60)]
    assert attempts == [3] * 50 + [1] * 10
    assert len(server.requests) == 160


def test_budget_recovers_with_the_service() -> None:
    script = [answer(b"", 503)] * 160 + [answer(BODY)] * 5 + [answer(b"", 503)] * 9
    with serving(*script) as server, client(retries=AT_ONCE) as sender:
        for _ in range(60):
            sender.send(get(server.url))
        for _ in range(5):
            assert sender.send(get(server.url)).status == 200
        assert [sender.send(get(server.url)).attempts for _ in range(2)] == [2, 1]


# -- everything at random ---------------------------------------------------------------------------------------------


OUTCOMES: dict[str, tuple[Any, bool]] = {
    # behaviour, whether a request that must not be repeated may go out again
    "ok": (answer(BODY), False),
    "429": (answer(b"", 429), True),
    "503": (answer(b"", 503), False),
    "500 slow": (answer(b"", 500, after=0.05), False),
    "404": (answer(b"", 404), False),
    "reset": (raw(b"", then="reset"), False),
    "closed": (raw(b""), False),
    "cut off": (raw(full(BODY)[:-1]), False),
    "hang": (raw(b"", then="hang"), False),
    "drip": (drip(full(BODY), 0.02), False),
    "wait": (answer(b"", 429, "Retry-After: 1"), True),
    "no HTTP": (raw(b"nonsense\r\n"), False),
}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=6),
    st.booleans(),
    st.integers(0, 4),
)
def test_any_sequence_of_failures(outcomes: list[str], repeatable: bool, retries: int) -> None:
    """Never more requests than allowed, never past the deadline, never a second send of what must not be repeated."""
    script = [OUTCOMES[name][0] for name in outcomes]
    with serving(*script) as server, client(retries=RetryPolicy(max_retries=retries, backoff=0.01)) as sender:
        begun = time.monotonic()
        try:
            attempts = sender.send(get(server.url) if repeatable else post(server.url), 0.3).attempts
        except ApiException as error:
            attempts = error.attempts
        assert time.monotonic() - begun < 0.3 + SLACK
    assert attempts == len(server.requests) <= retries + 1
    if not repeatable:
        names = [outcomes[min(turn, len(outcomes) - 1)] for turn in range(len(server.requests))]
        assert all(OUTCOMES[name][1] for name in names[:-1])
