from __future__ import annotations

import threading
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict, Retry

from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.retry import (
    RetryBudget,
    RetryPolicy,
    asked_wait,
    failure_allows_retry,
    shows_health,
    status_allows_retry,
)

NOW = 1_767_225_600.0


def wait(policy: RetryPolicy, retries: int = 0, **changes: Any) -> float | None:
    options: dict[str, Any] = {"asked": None, "remaining": 1000.0, "uniform": lambda low, high: high}
    return policy.wait(retries, **{**options, **changes})


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "retries"),
    [
        (None, 2),
        (False, 0),
        (0, 0),
        (5, 5),
        (RetryPolicy(max_retries=7), 7),
        (Retry(total=4), 4),
        (Retry(total=False), 0),
        (Retry(total=None), 2),
    ],
)
def test_settings(setting: Any, retries: int) -> None:
    assert RetryPolicy.from_setting(setting).max_retries == retries


def test_a_policy_is_taken_as_it_is() -> None:
    policy = RetryPolicy(backoff=9)
    assert RetryPolicy.from_setting(policy) is policy


@pytest.mark.parametrize("setting", [True, "3", 1.5, [], object(), Retry(total=True)])
def test_settings_of_wrong_type(setting: Any) -> None:
    with pytest.raises(ApiTypeError, match="retries"):
        RetryPolicy.from_setting(setting)


@pytest.mark.parametrize("setting", [-1, Retry(total=-1)])
def test_settings_below_zero(setting: Any) -> None:
    with pytest.raises(ApiValueError, match="negative"):
        RetryPolicy.from_setting(setting)


@pytest.mark.parametrize("name", ["backoff", "max_backoff", "max_retry_after"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (-1, ApiValueError),
        (float("nan"), ApiValueError),
        (float("inf"), ApiValueError),
        ("1", ApiTypeError),
        (True, ApiTypeError),
    ],
)
def test_seconds_of_a_policy(name: str, value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=name):
        RetryPolicy(**{name: value})
    assert getattr(RetryPolicy(**{name: 0}), name) == 0


@pytest.mark.parametrize(
    ("value", "kind"), [(-1, ApiValueError), (True, ApiTypeError), (1.0, ApiTypeError), (None, ApiTypeError)]
)
def test_number_of_a_policy(value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="max_retries"):
        RetryPolicy(max_retries=value)


# -- how long --------------------------------------------------------------------------------------------------------


def test_bounds_double_up_to_a_cap() -> None:
    policy = RetryPolicy(max_retries=10_000, backoff=0.5, max_backoff=8)
    assert [wait(policy, retries) for retries in (0, 1, 2, 3, 4, 5, 9_999)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_jitter_is_full() -> None:
    drawn = []
    assert wait(RetryPolicy(), 1, uniform=lambda low, high: drawn.append((low, high)) or 0.25) == 0.25
    assert drawn == [(0, 1.0)]


def test_no_more_than_allowed() -> None:
    assert wait(RetryPolicy(max_retries=2), 1) is not None
    assert wait(RetryPolicy(max_retries=2), 2) is None
    assert wait(RetryPolicy(max_retries=0)) is None


def test_asked_waits_are_waited() -> None:
    assert wait(RetryPolicy(), asked=30, uniform=lambda low, high: low) == 30
    assert wait(RetryPolicy(), asked=30) == 30.5
    assert wait(RetryPolicy(max_retry_after=60), asked=60) == 60.5
    assert wait(RetryPolicy(max_retry_after=60), asked=60.1) is None


def test_no_wait_passes_the_deadline() -> None:
    assert wait(RetryPolicy(), remaining=0.6) == 0.5
    assert wait(RetryPolicy(), remaining=0.5) is None
    assert wait(RetryPolicy(), asked=30, remaining=30.4) is None
    assert wait(RetryPolicy(backoff=0), remaining=-1) is None


@given(
    st.integers(0, 100),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.integers(0, 200),
    st.none() | st.floats(0, 1e9),
    st.floats(-10, 1e6),
    st.floats(0, 1),
)
def test_every_wait_is_within_its_bounds(
    most: int, backoff: float, cap: float, retries: int, asked: float | None, remaining: float, draw: float
) -> None:
    policy = RetryPolicy(max_retries=most, backoff=backoff, max_backoff=cap)
    seconds = policy.wait(
        retries, asked=asked, remaining=remaining, uniform=lambda low, high: low + draw * (high - low)
    )
    if seconds is not None:
        assert retries < most
        assert (asked or 0) <= seconds < remaining
        assert seconds <= (asked or 0) + cap


# -- whether ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 304, 400, 401, 404, 408, 409, 423, 425, 429, 500, 501, 502, 503, 504, 505]
)
def test_statuses(status: int, repeatable: bool) -> None:
    expected = status == 429 or (repeatable and status in (408, 500, 502, 503, 504))
    assert status_allows_retry(status, {}, repeatable=repeatable) is expected


@pytest.mark.parametrize("repeatable", [True, False])
def test_the_limit_of_a_month_is_final(repeatable: bool) -> None:
    for value, expected in (
        ("api_calls_cycle", False),
        (" API_Calls_Cycle", False),
        ("api_calls", True),
        ("bulk_api_calls", True),
    ):
        headers = HTTPHeaderDict({"x-rate-limit-type": value})
        assert status_allows_retry(429, headers, repeatable=repeatable) is expected


def test_failures() -> None:
    assert failure_allows_retry(sent=False, repeatable=False)
    assert failure_allows_retry(sent=False, repeatable=True)
    assert failure_allows_retry(sent=True, repeatable=True)
    assert not failure_allows_retry(sent=True, repeatable=False)


def test_health() -> None:
    assert [status for status in (200, 400, 404, 408, 429, 500, 503) if shows_health(status)] == [200, 400, 404]


# -- what the server asks for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("99999", 99999),
        (formatdate(NOW + 20, usegmt=True), 20),
        (formatdate(NOW - 20, usegmt=True), None),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("1e3", None),
        ("1_0", None),
        ("\u0661", None),
        ("9" * 400, None),
        ("Mon, 99 Jan 2026 00:00:00 GMT", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Thu, 01 Jan 0001 00:00:00 +2359", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert asked_wait(503, {"Retry-After": value}, NOW) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no zones to choose from")
@pytest.mark.parametrize(
    "value", ["Thu, 01 Jan 2026 00:00:20 GMT", "Thursday, 01-Jan-26 00:00:20 GMT", "Thu Jan  1 00:00:20 2026"]
)
def test_dates_are_utc_wherever_the_client_is(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert asked_wait(503, {"Retry-After": value}, NOW) == 20
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("value", "seconds"), [(str(NOW + 3), 3), (str(int(NOW) + 30), 30), (str(NOW - 1), None), ("", None), ("x", None)]
)
def test_rate_limit_retry(value: str, seconds: float | None) -> None:
    headers = {"X-Rate-Limit-Retry": value}
    assert asked_wait(429, headers, NOW) == seconds
    assert asked_wait(503, headers, NOW) is None
    assert asked_wait(429, {**headers, "Retry-After": "1"}, NOW) == 1


@given(st.text(), st.text(), st.sampled_from([429, 503]))
def test_no_header_breaks_it(after: str, moment: str, status: int) -> None:
    seconds = asked_wait(status, {"Retry-After": after, "X-Rate-Limit-Retry": moment}, NOW)
    assert seconds is None or seconds >= 0


# -- the budget ------------------------------------------------------------------------------------------------------


def test_budget_runs_out_and_recovers() -> None:
    budget = RetryBudget(capacity=10, cost=5)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    for _ in range(4):
        budget.give_back(0)
    assert not budget.take()
    budget.give_back(0)
    assert budget.take()
    assert not budget.take()
    budget.give_back(1)
    assert budget.take()


def test_budget_has_a_cap() -> None:
    budget = RetryBudget(capacity=10, cost=5)
    budget.take()
    for _ in range(100):
        budget.give_back(3)
    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_budget_is_shared_between_threads() -> None:
    budget = RetryBudget(capacity=5000, cost=5)
    taken: list[int] = []

    def take() -> None:
        taken.append(sum(budget.take() for _ in range(1000)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1000
