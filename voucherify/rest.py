"""Sends requests: over which connection, in which time, and how often."""

from __future__ import annotations

import logging
import os
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypeVar

import urllib3
from urllib3.exceptions import ClosedPoolError

from voucherify import body
from voucherify.attempt import Attempt
from voucherify.call import FACTS, Call, Failure, RawResponse
from voucherify.exceptions import ApiException, ApiValueError, OpenApiException
from voucherify.failures import EXPECTED, is_misuse
from voucherify.pools import Pools
from voucherify.retry import RetryBudget, shows_health

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import BaseHTTPResponse

    from voucherify.call import Timeout
    from voucherify.configuration import Configuration
    from voucherify.pools import Pool
    from voucherify.request import Request

__all__ = ["ApiException", "RawResponse", "RestClient"]

_LOGGER = logging.getLogger("voucherify")
_NO_RETRIES = urllib3.Retry(total=False)
_NO_TIMEOUT = urllib3.Timeout(connect=None, read=None)  # connections keep to the deadline by themselves

_Answer = TypeVar("_Answer", RawResponse, "BaseHTTPResponse")


class RestClient:
    """Sends the requests of one client. It may be shared between threads, forked, and pickled.

    :param configuration: what concerns connections is read when the first request to a host is sent, everything else
        with every request.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._by_process: dict[int, Pools] = {}
        self._budgets: dict[int, RetryBudget] = {}
        """By process: at a fork, a lock may be held. `close` leaves them: the service gets no better by it."""

    def __reduce__(self) -> tuple[type[RestClient], tuple[Configuration]]:
        return type(self), (self._configuration,)

    def send(self, request: Request, timeout: Timeout = None) -> RawResponse:
        """Send `request`, again if that is safe and may help, and read the answer, whatever its status.

        `timeout` is what `_request_timeout` may be. Raises `ApiConnectionException`, `ApiTimeoutException` or
        `UnreadableResponseException` if there is no complete answer, `ApiTypeError` or `ApiValueError` for a request
        or settings that can't be used.
        """
        return self._run(Call(request, self._configuration, timeout), _receive)

    def stream(self, request: Request, timeout: Timeout = None) -> BaseHTTPResponse:
        """Send `request` like `send`, but leave the body of the answer to be read by the caller.

        Reading it keeps to the deadline too, with exceptions of urllib3. `release_conn()` gives the connection back.
        """
        call = Call(request, self._configuration, timeout)
        response = self._run(call, _open)
        setattr(response, FACTS, call.facts())
        return response

    def close(self) -> None:
        """Close all connections that are not in use, and the others when they are done. A later call opens new ones."""
        pools = self._by_process.pop(os.getpid(), None)
        if pools is not None:
            pools.close()

    def _run(self, call: Call, once: Callable[[Call, Pools], _Answer | Failure]) -> _Answer:
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
            if wait is None:
                break
            if not pools.budget.take():
                _LOGGER.info(
                    "%s: attempt %d failed (%s); not tried again: too many calls fail",
                    call.request.operation,
                    call.attempts,
                    _result(outcome),
                )
                break
            if not isinstance(outcome, (RawResponse, Failure)):
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
        if isinstance(outcome, Failure):
            raise outcome.error from outcome.cause
        if shows_health(outcome.status):
            pools.budget.give_back(call.attempts - 1)
        return outcome

    def _pools(self) -> Pools:
        """The connections of this process. After a fork these are new ones: the parent goes on using its own."""
        process = os.getpid()
        pools = self._by_process.get(process)
        if pools is None:
            new = Pools(self._configuration, self._budgets.setdefault(process, RetryBudget()))
            pools = self._by_process.setdefault(process, new)  # one of all threads wins
            if pools is new:
                for other in set(self._by_process) - {process}:
                    self._by_process.pop(other).abandon()
        return pools


def _receive(call: Call, pools: Pools) -> RawResponse | Failure:
    """One try, with the whole body."""
    pool = pools.get(call.origin, streaming=False)
    if not pool.slots.acquire(timeout=max(0, call.deadline - monotonic())):
        return Failure(call.failed(f"no free connection within {call.timeouts.total:g} s", timed_out=True))
    try:
        response = _exchange(call, pools, pool)
        if isinstance(response, Failure):
            return response
        try:
            return call.answer(response, body.read(response, call.limit))
        except body.BodyError as error:
            return call.no_body(response, error)
    finally:
        pool.slots.release()


def _open(call: Call, pools: Pools) -> BaseHTTPResponse | Failure:
    """One try, without the body."""
    return _exchange(call, pools, pools.get(call.origin, streaming=True))


def _exchange(call: Call, pools: Pools, pool: Pool) -> BaseHTTPResponse | Failure:
    """Send the request and read the head of the answer."""
    attempt = Attempt(call.timeouts, call.deadline, pools.sockets, call.query)
    request = call.request
    try:
        with attempt:
            return pool.connections.urlopen(
                request.method,
                pool.prefix + call.path,
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
        if attempt.sent or not is_misuse(error):
            return call.no_answer(attempt, error)
    # Raised where `error` can't become its context: the text of that may hold a header, and so a key.
    raise ApiValueError("the request can't be sent: a header, or a setting of proxy or TLS, is malformed")


def _log(call: Call, outcome: RawResponse | BaseHTTPResponse | Failure, seconds: float) -> None:
    """Note one try. What may hold a key is left out: no URL, header, body, or text of an exception."""
    if not _LOGGER.isEnabledFor(logging.DEBUG):
        return
    request = call.request
    _LOGGER.debug(
        "%s: %s %s: %s after %.3f s, attempt %d, request id %.100r",
        request.operation,
        request.method,
        request.path_template,
        _result(outcome),
        seconds,
        call.attempts,
        (outcome.error if isinstance(outcome, Failure) else outcome).headers.get("X-Request-Id"),
    )


def _result(outcome: RawResponse | BaseHTTPResponse | Failure) -> int | str | None:
    return outcome.error.status or outcome.error.reason if isinstance(outcome, Failure) else outcome.status
