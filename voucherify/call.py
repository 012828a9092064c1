"""One call on its way: what it asks for, how far it has come, and what each try came to."""

from __future__ import annotations

import random
import re
from time import monotonic, time
from typing import TYPE_CHECKING, Any, NamedTuple

from voucherify import body
from voucherify.deadline import parse_timeout
from voucherify.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiTimeoutException,
    ApiValueError,
    ResponseTooLargeException,
    UnreadableResponseException,
)
from voucherify.failures import explain
from voucherify.retry import RetryPolicy, asked_wait, failure_allows_retry, may_be_carried_out, status_allows_retry

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPHeaderDict

    from voucherify.attempt import Attempt
    from voucherify.configuration import Configuration
    from voucherify.request import Request

    Timeout = float | tuple[float | None, float | None] | None

_URL = re.compile(r"(https?://[^/?#]+)([^?#]*)([^#]*)")
FACTS = "voucherify_facts"
"""Attribute of an unread answer with the facts of its call, for the errors of who reads it."""
_uniform = random.SystemRandom().uniform  # not what programs seed: their clients would all come back at once


class RawResponse:
    """An answer, complete and decompressed, with any status.

    :param attempts: how often the call was tried.
    :param elapsed: seconds that the call took, all tries and waits included.
    :param may_have_reached_server: whether the server may have carried out any of the tries.
    """

    def __init__(  # noqa: PLR0913  plain data
        self,
        status: int,
        reason: str | None,
        headers: HTTPHeaderDict,
        data: bytes,
        *,
        attempts: int,
        elapsed: float,
        may_have_reached_server: bool = True,
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.data = data
        self.attempts = attempts
        self.elapsed = elapsed
        self.may_have_reached_server = may_have_reached_server


class Failure(NamedTuple):
    """A try that gave no usable answer."""

    error: ApiException
    cause: BaseException | None = None
    again: bool = False
    """Whether another try does no harm and may go better."""


class Call:
    """One call: what it asks for, and how far it has come."""

    def __init__(self, request: Request, configuration: Configuration, timeout: Timeout) -> None:
        parts = _URL.fullmatch(request.url)
        if parts is None:
            raise ApiValueError("the URL of a request must be absolute, http or https")
        self.request = request
        self.origin = parts[1]
        self.path = parts[2] or "/"
        self.query = parts[3]
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
        """Whether the server may have carried out any of the tries."""

    def wait_after(self, outcome: RawResponse | BaseHTTPResponse | Failure) -> float | None:
        """Seconds to wait before another try; `None` if this outcome is the final one."""
        asked = None
        if isinstance(outcome, Failure):
            again = outcome.again
        else:
            self.reached |= may_be_carried_out(outcome.status)
            again = status_allows_retry(outcome.status, outcome.headers, repeatable=self.request.repeatable)
            if again:
                asked = asked_wait(outcome.status, outcome.headers, time())
        if not again:
            return None
        remaining = self.deadline - monotonic()
        return self.policy.wait(self.attempts - 1, asked=asked, remaining=remaining, uniform=_uniform)

    def no_answer(self, attempt: Attempt, error: Exception) -> Failure:
        """The outcome of a try that ended with `error` before the head of an answer had come."""
        explanation = explain(error)
        self.reached |= attempt.sent
        if explanation.timed_out and attempt.sent:
            text = f"no answer within {self.timeouts.total:g} s"
        elif attempt.sent:
            text = f"no answer: {explanation.text}"
        else:
            text = f"could not connect to {self.origin}: {explanation.text}"
        again = failure_allows_retry(sent=attempt.sent, repeatable=self.request.repeatable)
        return Failure(self.failed(text, timed_out=explanation.timed_out), error, again and not explanation.permanent)

    def failed(self, text: str, *, timed_out: bool) -> ApiException:
        """An exception for a call without an answer."""
        return (ApiTimeoutException if timed_out else ApiConnectionException)(
            0,
            "Timeout" if timed_out else "Connection failed",
            message=f"{text}; " + ("it may have been carried out" if self.reached else "nothing was carried out"),
            **self.facts(),
        )

    def no_body(self, response: BaseHTTPResponse, error: body.BodyError) -> RawResponse | Failure:
        """The outcome of a try that got the head of an answer, but not the whole body."""
        self.reached |= may_be_carried_out(response.status)
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
            **self.facts(),
        )
        if error.readable is None:
            failure.body = failure.data = None
        return Failure(failure, error.__cause__, again)

    def answer(self, response: BaseHTTPResponse, data: bytes) -> RawResponse:
        """The outcome of a try that got an answer."""
        self.reached |= may_be_carried_out(response.status)
        return RawResponse(
            response.status,
            response.reason,
            response.headers,
            data,
            attempts=self.attempts,
            elapsed=monotonic() - self.started,
            may_have_reached_server=self.reached,
        )

    def facts(self) -> dict[str, Any]:
        """What an exception tells of the call itself, as its arguments."""
        return {
            "method": self.request.method,
            "path": self.request.path_template,
            "attempts": self.attempts,
            "may_have_reached_server": self.reached,
        }
