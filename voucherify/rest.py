"""Sends requests: over which connection, in which time, and how often."""

from __future__ import annotations

import logging
import os
import random
import re
from dataclasses import dataclass, field
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import urllib3
from urllib3.exceptions import ClosedPoolError, HTTPError
from urllib3.util.ssl_match_hostname import CertificateError

from voucherify import body
from voucherify.connection import Attempt
from voucherify.deadline import parse_timeout
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ApiValueError,
    OpenApiException,
    ResponseTooLargeException,
    UnreadableResponseException,
)
from voucherify.failures import EXPECTED, explain
from voucherify.pools import Pools
from voucherify.retry import RetryPolicy, asked_wait, failure_allows_retry, shows_health, status_allows_retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import BaseHTTPResponse, HTTPHeaderDict

    from voucherify.configuration import Configuration
    from voucherify.pools import Pool
    from voucherify.request import Request

    Timeout = float | tuple[float | None, float | None] | None

__all__ = ["ApiException", "RawResponse", "RestClient"]

_LOGGER = logging.getLogger("voucherify")
_URL = re.compile(r"(https?://[^/?#]+)([^#]*)")
_NO_RETRIES = urllib3.Retry(total=False)
_NO_TIMEOUT = urllib3.Timeout(connect=None, read=None)  # connections keep to the deadline by themselves


@dataclass
class RawResponse:
    """An answer, complete and decompressed, with any status."""

    status: int
    reason: str | None
    headers: HTTPHeaderDict = field(repr=False)
    data: bytes = field(repr=False)
    attempts: int
    """How often the call was tried."""
    elapsed: float
    """Seconds that the call took, all tries and waits included."""


class _Failure(NamedTuple):
    """A try that gave no usable answer."""

    error: ApiException
    cause: BaseException | None = None
    again: bool = False
    """Whether another try does no harm and may go better."""


_Answer = TypeVar("_Answer", RawResponse, "BaseHTTPResponse")


class _Call:
    """One call: what it asks for, and how far it has come."""

    def __init__(self, request: Request, configuration: Configuration, timeout: Timeout) -> None:
        parts = _URL.fullmatch(request.url)
        if parts is None:
            raise ApiValueError("the URL of a request must be absolute, http or https")
        self.request = request
        self.origin = parts[1]
        self.target = parts[2] if parts[2].startswith("/") else f"/{parts[2]}"
        self.headers = request.headers
        if "accept-encoding" not in map(str.lower, request.headers):
            self.headers = {"Accept-Encoding": "gzip, deflate", **request.headers}
        self.limit = configuration.max_response_size
        self.policy = RetryPolicy.from_setting(configuration.retries)
        self.timeouts = parse_timeout(timeout, configuration.connect_timeout, configuration.timeout)
        self.started = monotonic()
        self.deadline = self.started + self.timeouts.total
        self.attempts = 0
        self.reached = False
        """Whether any try may have reached the server."""

    def wait_after(self, outcome: RawResponse | BaseHTTPResponse | _Failure) -> float | None:
        """Seconds to wait before another try; `None` if this outcome is the final one."""
        asked = None
        if isinstance(outcome, _Failure):
            again = outcome.again
        else:
            again = status_allows_retry(outcome.status, outcome.headers, repeatable=self.request.repeatable)
            if again:
                asked = asked_wait(outcome.status, outcome.headers, time())
        if not again:
            return None
        remaining = self.deadline - monotonic()
        return self.policy.wait(self.attempts - 1, asked=asked, remaining=remaining, uniform=random.uniform)

    def no_answer(self, attempt: Attempt, error: Exception) -> _Failure:
        """The outcome of a try that ended with `error` before the head of an answer had come."""
        if isinstance(error, ValueError) and not attempt.sent and not isinstance(error, (HTTPError, CertificateError)):
            # The text of the error may hold a header, and so a key.
            raise ApiValueError(
                "the request can't be sent: a header, or a setting of proxy or TLS, is malformed"
            ) from None
        explanation = explain(error)
        self.reached |= attempt.sent
        if explanation.timed_out and attempt.sent:
            text = f"no answer within {self.timeouts.total:g} s"
        elif attempt.sent:
            text = f"no answer: {explanation.text}"
        else:
            text = f"could not connect to {self.origin}: {explanation.text}"
        again = failure_allows_retry(sent=attempt.sent, repeatable=self.request.repeatable)
        return _Failure(self.failed(text, timed_out=explanation.timed_out), error, again and not explanation.permanent)

    def failed(self, text: str, *, timed_out: bool) -> ApiException:
        """An exception for a call without an answer."""
        return (ApiTimeoutException if timed_out else ApiConnectionException)(
            0,
            "Timeout" if timed_out else "Connection failed",
            message=f"{text}; " + ("it may have been carried out" if self.reached else "nothing was sent"),
            method=self.request.method,
            path=self.request.path_template,
            attempts=self.attempts,
            may_have_reached_server=self.reached,
        )

    def no_body(self, response: BaseHTTPResponse, error: body.BodyError) -> RawResponse | _Failure:
        """The outcome of a try that got the head of an answer, but not the whole body."""
        self.reached = True
        succeeded = 200 <= response.status < 300  # noqa: PLR2004
        if not succeeded and not isinstance(error, body.TooLargeError):
            return self.answer(response, error.readable or b"")  # the status says enough
        kind: type[ApiException] = UnreadableResponseException
        again = False
        if isinstance(error, body.TooLargeError):
            kind, text = ResponseTooLargeException, f"the answer has more than {self.limit} bytes"
        elif isinstance(error, body.UndecodableError):
            text = f"the answer can't be read: {error}"
        else:
            explanation = explain(error)
            text, again = f"the answer broke off: {explanation.text}", self.request.repeatable
            if explanation.timed_out:
                kind, text = ApiTimeoutException, f"no complete answer within {self.timeouts.total:g} s"
        failure = kind(
            response.status,
            response.reason,
            headers=response.headers,
            raw_data=error.raw,
            message=text,
            method=self.request.method,
            path=self.request.path_template,
            attempts=self.attempts,
        )
        if error.readable is None:
            failure.body = failure.data = None
        return _Failure(failure, error.__cause__, again)

    def answer(self, response: BaseHTTPResponse, data: bytes) -> RawResponse:
        """The outcome of a try that got an answer."""
        self.reached = True
        headers = response.headers
        return RawResponse(response.status, response.reason, headers, data, self.attempts, monotonic() - self.started)


class RestClient:
    """Sends the requests of one client. It may be shared between threads, forked, and pickled.

    :param configuration: what concerns connections is read when the first request to a host is sent, everything else
        with every request.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._by_process: dict[int, Pools] = {}

    def __reduce__(self) -> tuple[type[RestClient], tuple[Configuration]]:
        return type(self), (self._configuration,)

    def send(self, request: Request, timeout: Timeout = None) -> RawResponse:
        """Send `request`, again if that is safe and may help, and read the answer, whatever its status.

        `timeout` is what `_request_timeout` may be. Raises `ApiConnectionException`, `ApiTimeoutException` or
        `UnreadableResponseException` if there is no complete answer, `ApiTypeError` or `ApiValueError` for a request
        or settings that can't be used.
        """
        return self._run(_Call(request, self._configuration, timeout), _receive)

    def stream(self, request: Request, timeout: Timeout = None) -> BaseHTTPResponse:
        """Send `request` like `send`, but leave the body of the answer to be read by the caller.

        Reading it keeps to the deadline too, with exceptions of urllib3. `release_conn()` gives the connection back.
        """
        return self._run(_Call(request, self._configuration, timeout), _open)

    def close(self) -> None:
        """Close all connections that are not in use, and the others when they are done. A later call opens new ones."""
        pools = self._by_process.pop(os.getpid(), None)
        if pools is not None:
            pools.close()

    def _run(self, call: _Call, once: Callable[[_Call, Pools], _Answer | _Failure]) -> _Answer:
        while True:
            call.attempts += 1
            begun = monotonic()
            pools = self._pools()
            try:
                outcome = once(call, pools)
            except ClosedPoolError:  # by `close()`, in the meantime; nothing was sent
                call.attempts -= 1
                continue
            _log(call, outcome, monotonic() - begun)
            wait = call.wait_after(outcome)
            if wait is None or not pools.budget.take():
                break
            if not isinstance(outcome, (RawResponse, _Failure)):
                outcome.close()
                outcome.release_conn()
            _LOGGER.info(
                "%s: attempt %d failed (%s), next one in %.2f s",
                call.request.operation,
                call.attempts,
                _result(outcome),
                wait,
            )
            sleep(wait)
        if isinstance(outcome, _Failure):
            raise outcome.error from outcome.cause
        if shows_health(outcome.status):
            pools.budget.give_back(call.attempts - 1)
        return outcome

    def _pools(self) -> Pools:
        """The connections of this process. After a fork these are new ones: the parent goes on using its own."""
        process = os.getpid()
        pools = self._by_process.get(process)
        if pools is None:
            new = Pools(self._configuration)
            pools = self._by_process.setdefault(process, new)  # one of all threads wins
            if pools is new:
                for other in [other for other in self._by_process if other != process]:
                    self._by_process.pop(other).abandon()
        return pools


def _receive(call: _Call, pools: Pools) -> RawResponse | _Failure:
    """One try, with the whole body."""
    pool = pools.get(call.origin, streaming=False)
    if not pool.slots.acquire(timeout=max(0, call.deadline - monotonic())):
        return _Failure(call.failed(f"no free connection within {call.timeouts.total:g} s", timed_out=True))
    try:
        response = _exchange(call, pools, pool)
        if isinstance(response, _Failure):
            return response
        try:
            return call.answer(response, body.read(response, call.limit))
        except body.BodyError as error:
            return call.no_body(response, error)
    finally:
        pool.slots.release()


def _open(call: _Call, pools: Pools) -> BaseHTTPResponse | _Failure:
    """One try, without the body."""
    return _exchange(call, pools, pools.get(call.origin, streaming=True))


def _exchange(call: _Call, pools: Pools, pool: Pool) -> BaseHTTPResponse | _Failure:
    """Send the request and read the head of the answer."""
    attempt = Attempt(call.timeouts, call.deadline, pools.sockets)
    request = call.request
    try:
        with attempt:
            return pool.connections.urlopen(
                request.method,
                pool.prefix + call.target,
                body=request.body,
                headers=call.headers,
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                timeout=_NO_TIMEOUT,
                preload_content=False,
            )
    except (ClosedPoolError, OpenApiException):
        raise
    except EXPECTED as error:
        return call.no_answer(attempt, error)


def _log(call: _Call, outcome: RawResponse | BaseHTTPResponse | _Failure, seconds: float) -> None:
    """Note one try. What may hold a key is left out: no URL, header, body, or text of an exception."""
    if not _LOGGER.isEnabledFor(logging.DEBUG):
        return
    request = call.request
    _LOGGER.debug(
        "%s: %s %s: %s after %.3f s, attempt %d",
        request.operation,
        request.method,
        request.path_template,
        _result(outcome),
        seconds,
        call.attempts,
    )


def _result(outcome: RawResponse | BaseHTTPResponse | _Failure) -> int | str | None:
    return outcome.error.status or outcome.error.reason if isinstance(outcome, _Failure) else outcome.status
