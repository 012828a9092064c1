"""No call takes longer than it may, whatever the server does, on operations of every kind."""

from __future__ import annotations

import io
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import answer, black_hole, drip, full, head, never_read, raw, serving
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import FORMS, KINDS, Kind, client_of, every_kind, named
from transport_calls import AT_ONCE

import voucherify
from voucherify import attempt, call, connection, rest
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ForbiddenException,
    ServiceException,
    TooManyRequestsException,
    UnreadableResponseException,
)
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostile_server import Peer

SLACK = 5.0
"""Seconds that a busy machine may add."""
DRIPS: dict[str, Callable[[Peer], bool]] = {
    "silence": raw(b"", then="hang"),
    "status line": drip(b"HTTP/1.1 200 " + b"x" * 1000),
    "headers": drip(head(200, *[f"X-{number}: y" for number in range(90)])),
    "body": drip(b"x" * 1000, first=head(200, "Content-Length: 1000")),
    "chunks": drip(b"1\r\nx\r\n" * 1000, first=head(200, "Transfer-Encoding: chunked")),
}
"""Each would last for 30 seconds and more, but no single byte takes long."""
LIMIT = 1.0
"""Seconds for calls of such servers: enough for a busy machine to connect and send, a dozen at a time."""


def finished(kind: Kind, form: str, client: voucherify.ApiClient, **options: Any) -> Any:
    """What the call answers in this form; of an unread answer, the size of the file that it was saved to."""
    found = kind.call(client, form, **options)
    return voucherify.save(found, io.BytesIO()) if form == "_without_preload_content" else found


@contextmanager
def within(seconds: float, *, at_least: float = 0) -> Iterator[None]:
    """Expect that it takes so long, in seconds, and not much longer."""
    begun = time.monotonic()
    yield
    assert at_least - 0.05 <= time.monotonic() - begun < seconds + SLACK


# -- without any setting ----------------------------------------------------------------------------------------------


class Clock:
    """A clock that can be put forward."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@every_kind
@pytest.mark.parametrize(("seconds", "in_time"), [(100, True), (179, False)])
def test_default(kind: Kind, seconds: float, in_time: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may take long, but its time ends before load balancers cut the call at 180 seconds."""
    clock = Clock()
    for module in (attempt, call, connection, rest):
        monkeypatch.setattr(module, "monotonic", clock)

    def behave(peer: Peer) -> bool:
        peer.request()
        clock.ahead += seconds
        if in_time:
            for piece in (kind.reply()[:20], kind.reply()[20:]):
                peer.send(piece)
                peer.wait(0.02)
            return False
        for _ in range(1000):  # so that a client that waits already looks at the clock again
            peer.send(b"x")
            peer.wait(0.02)
        return False

    with serving(behave) as server, client_of(server.url) as client, within(0):
        if in_time:
            assert kind.call(client, "_with_http_info").attempts == 1
            return
        with pytest.raises(ApiTimeoutException) as caught:
            kind.call(client)
        assert (caught.value.attempts, caught.value.may_have_reached_server) == (1, True)
        assert len(server.requests) == 1


def test_time_that_is_over_once_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent then, and the exception says so."""
    clock = Clock()
    for module in (attempt, call, connection, rest):
        monkeypatch.setattr(module, "monotonic", clock)
    original = connection._Timed.connect

    def connect(self: Any) -> None:
        original(self)
        clock.ahead += 1000

    monkeypatch.setattr(connection._Timed, "connect", connect)
    with serving(never_read) as server, client_of(server.url, retries=AT_ONCE) as client:
        with pytest.raises(ApiTimeoutException) as caught:
            named("redemption").call(client)
        assert (caught.value.attempts, caught.value.may_have_reached_server) == (1, False)


def test_default_for_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for connecting is what the socket gets."""
    given_to: list[float] = []

    def connected(self: Any, _addresses: Any, tried: attempt.Attempt) -> Any:
        given_to.append(tried.seconds())
        raise TimeoutError

    monkeypatch.setattr(connection._Direct, "_connected", connected)
    with client_of("http://127.0.0.1:1", retries=0) as client, pytest.raises(ApiTimeoutException):
        named("get").call(client)
    (seconds,) = given_to
    assert 1 < seconds <= 30


# -- servers that take their time -------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("timeout", [LIMIT, (5, LIMIT)], ids=["number", "pair"])
def test_drips(kind: Kind, timeout: Any) -> None:
    """All modes and all forms at once, since most of the time is waiting."""

    def work(case: tuple[voucherify.ApiClient, str]) -> ApiException:
        client, form = case
        with within(LIMIT, at_least=LIMIT), pytest.raises(ApiTimeoutException) as caught:
            finished(kind, form, client, _request_timeout=timeout)
        return caught.value

    with ExitStack() as stack:
        servers = [stack.enter_context(serving(behaviour)) for behaviour in DRIPS.values()]
        clients = [stack.enter_context(client_of(server.url, retries=AT_ONCE)) for server in servers]
        cases = [(client, form) for client in clients for form in FORMS]
        with ThreadPoolExecutor(len(cases)) as pool:
            errors = list(pool.map(work, cases))
        for error, (client, _) in zip(errors, cases, strict=True):
            assert (error.attempts, error.may_have_reached_server) == (1, True)
            assert (error.method, error.status) == (kind.http_method, 200 if client in clients[3:] else 0)
        assert [len(server.requests) for server in servers] == [len(FORMS)] * len(servers)


@every_kind
def test_configured_deadline(kind: Kind) -> None:
    with (
        serving(DRIPS["body"]) as server,
        client_of(server.url, retries=AT_ONCE, timeout=LIMIT) as client,
        within(LIMIT, at_least=LIMIT),
        pytest.raises(ApiTimeoutException, match=f"within {LIMIT:g} s"),
    ):
        kind.call(client)


@pytest.mark.parametrize(
    ("status", "error"), [(200, ApiTimeoutException), (403, ForbiddenException), (503, ServiceException)]
)
@pytest.mark.parametrize("kind", [named("text"), named("file")], ids=lambda kind: kind.name)
def test_saving_keeps_to_the_time_of_the_call(kind: Kind, status: int, error: Any, tmp_path: Any) -> None:
    """Its time began with the call, not with the reading."""
    slow = drip(b"x" * 1000, first=head(status, "Content-Length: 1000"))
    with serving(slow) as server, client_of(server.url, retries=0) as client, within(0.5, at_least=0.5):
        response = kind.call(client, "_without_preload_content", _request_timeout=0.5)
        time.sleep(0.2)
        with pytest.raises(error) as caught:
            voucherify.save(response, tmp_path / "codes.csv")
        assert caught.value.status == status
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind",
    [
        replace(named("file"), arguments={"file": b"Code\n" + b"SUMMER\n" * 3_000_000}),
        replace(
            named("put"), arguments={"code": "S", "vouchers_update_request_body": {"metadata": {"a": "x" * 2**24}}}
        ),
    ],
    ids=["file", "put"],
)
@pytest.mark.parametrize("form", FORMS)
def test_server_that_does_not_read(kind: Kind, form: str) -> None:
    with serving(never_read) as server, client_of(server.url, retries=AT_ONCE) as client:
        with within(0.5, at_least=0.5), pytest.raises(ApiTimeoutException) as caught:
            finished(kind, form, client, _request_timeout=0.5)
        assert (caught.value.attempts, caught.value.may_have_reached_server) == (1, True)
        assert server.connections == 1


@every_kind
def test_connecting_takes_too_long(kind: Kind) -> None:
    """The first number of a pair is for each attempt to connect, the second one for all."""
    listener, fillers = black_hole()
    with client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", retries=AT_ONCE) as client:
        for timeout, attempts, seconds in (((0.05, 60), 3, 0.15), ((60, 0.05), 1, 0.05), (0.05, 1, 0.05)):
            with within(seconds, at_least=seconds), pytest.raises(ApiTimeoutException) as caught:
                kind.call(client, _request_timeout=timeout)
            assert (caught.value.attempts, caught.value.may_have_reached_server) == (attempts, False)
    for sock in (listener, *fillers):
        sock.close()


# -- servers that ask to wait -----------------------------------------------------------------------------------------

FAR = {
    "seconds": "Retry-After: 99999",
    "many seconds": "Retry-After: 100000000000000",
    "date": f"Retry-After: {formatdate(time.time() + 3600, usegmt=True)}",
    "year 9999": "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
    "period": f"X-Rate-Limit-Retry: {int(time.time()) + 3600}",
    "end of time": "X-Rate-Limit-Retry: 99999999999999",
    "within the cap, past the deadline": "Retry-After: 40",
}


@every_kind
def test_waits_that_are_too_long_are_not_begun(kind: Kind) -> None:
    behaviours = [answer(b"{}", 429, header) for header in FAR.values()]
    with serving(*behaviours) as server, client_of(server.url) as client, within(0):
        for number in range(1, len(FAR) + 1):
            with pytest.raises(TooManyRequestsException) as caught:
                finished(kind, FORMS[number % 3], client, _request_timeout=30)
            assert (caught.value.attempts, caught.value.may_have_reached_server) == (1, False)
            assert len(server.requests) == number


@every_kind
def test_unavailable_for_long(kind: Kind) -> None:
    headers = (FAR["seconds"], FAR["date"], "Retry-After: 90")  # the last one is past the cap, within the deadline
    behaviours = [answer(b"{}", 503, header) for header in headers]
    with serving(*behaviours) as server, client_of(server.url) as client, within(0):
        for number in (1, 2, 3):
            with pytest.raises(ServiceException) as caught:
                kind.call(client)
            assert (caught.value.attempts, len(server.requests)) == (1, number)


@pytest.mark.parametrize(("name", "form"), [*zip(("redemption", "get", "file"), FORMS, strict=True)])
def test_waits_count(name: str, form: str) -> None:
    """The wait for the rate limit is part of the call's time, and so is what follows it."""
    with serving(answer(b"{}", 429, "Retry-After: 1"), DRIPS["headers"]) as server, client_of(server.url) as client:
        with within(2, at_least=2), pytest.raises(ApiTimeoutException) as caught:
            finished(named(name), form, client, _request_timeout=2)
        assert (caught.value.attempts, len(server.requests)) == (2, 2)
        assert caught.value.may_have_reached_server


# -- any sequence -----------------------------------------------------------------------------------------------------

OUTCOMES: dict[str, tuple[Callable[[Peer], bool] | None, bool]] = {
    # behaviour (none: the answer), whether a request that must not be repeated may go out again
    "answer": (None, False),
    "429": (answer(b"", 429), True),
    "429, wait": (answer(b"", 429, "Retry-After: 1"), True),
    "429, long": (answer(b"", 429, "Retry-After: 99999"), False),
    "slow 429": (answer(b"", 429, after=0.1), True),
    "slow 503": (answer(b"", 503, after=0.1), False),
    "reset": (raw(b"", then="reset"), False),
    "cut off": (raw(full(b'{"object": 1}')[:-1]), False),
    "slow end": (drip(full(b'{"object": 1}'), 0.01), False),
    **{name: (behaviour, False) for name, behaviour in DRIPS.items()},
}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(KINDS),
    st.sampled_from(FORMS),
    st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=6),
    st.integers(0, 4),
    st.sampled_from([0.1, 0.3, 1.2]),
)
def test_any_sequence_of_delays(kind: Kind, form: str, outcomes: list[str], retries: int, timeout: float) -> None:
    """Never past the deadline, never more requests than allowed, never a second one after one that may have counted."""
    script = [OUTCOMES[name][0] or raw(kind.reply(), then="keep") for name in outcomes]
    policy = RetryPolicy(max_retries=retries, backoff=0.05)
    with warnings.catch_warnings(), serving(*script) as server, client_of(server.url, retries=policy) as client:
        warnings.simplefilter("ignore", DeprecationWarning)
        with within(timeout):
            try:
                finished(kind, form, client, _request_timeout=timeout)
            except ApiException as error:
                caught = error
            else:
                caught = None
        sent = [outcomes[min(turn, len(outcomes) - 1)] for turn in range(len(server.requests))]
    assert len(sent) <= retries + 1
    if not kind.repeatable:
        assert all(OUTCOMES[name][1] for name in sent[:-1])
    if caught is None:
        assert sent[-1] in ("answer", "slow end")
    else:
        # The last try may have had no time left to send anything.
        assert caught.attempts in (len(sent), len(sent) + 1)
        assert caught.attempts <= retries + 1
        assert (caught.status, type(caught)) in POSSIBLE
        only_limited = all("429" in name for name in sent)
        assert caught.may_have_reached_server or only_limited
        if only_limited and isinstance(caught, TooManyRequestsException):
            assert not caught.may_have_reached_server


POSSIBLE = {
    (429, TooManyRequestsException),
    (503, ServiceException),
    (0, ApiTimeoutException),
    (200, ApiTimeoutException),
    (0, ApiConnectionException),
    (200, ApiConnectionException),
    (200, UnreadableResponseException),
}
