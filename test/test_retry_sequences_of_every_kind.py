"""Any sequence of failures, on operations of every kind: the tries that the rules, written down once more, allow."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hostile_server import BROKEN, full, raw, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import FORMS, KINDS, Kind, client_of, told
from transport_calls import refusing

import voucherify
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
    from collections.abc import Callable

    from hostile_server import Peer


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
