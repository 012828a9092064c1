"""When a call is tried again, and after how long.

Decisions only: nothing here sends, sleeps or reads a clock.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voucherify.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOO_MANY_REQUESTS = 429
_TRANSIENT = frozenset({408, 500, 502, 503, 504})
_SECONDS = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)
_MOST_DOUBLINGS = 60


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and after how long, a call is tried again.

    The wait before each further try is random between 0 and a bound that doubles from try to try, so that many
    clients don't come back at the same moment. What the server asks for (`Retry-After`, `X-Rate-Limit-Retry`) is
    waited for. No wait passes the deadline of the call.
    """

    max_retries: int = 2
    """Tries after the first one; 0 for none."""
    backoff: float = 0.5
    """Bound of the first wait, in seconds."""
    max_backoff: float = 8.0
    """Highest bound of a wait, in seconds."""
    max_retry_after: float = 60.0
    """Longest wait to accept from the server, in seconds. If it asks for a longer one, the call fails at once."""

    def __post_init__(self) -> None:
        if isinstance(self.max_retries, bool) or not isinstance(self.max_retries, int):
            raise ApiTypeError(f"`max_retries` must be a whole number, not {type(self.max_retries).__name__}")
        if self.max_retries < 0:
            raise ApiValueError(f"`max_retries` must not be negative: {self.max_retries}")
        for name in ("backoff", "max_backoff", "max_retry_after"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ApiTypeError(f"`{name}` must be a number of seconds, not {type(value).__name__}")
            if not 0 <= value < float("inf"):
                raise ApiValueError(f"`{name}` must be 0 or more and finite: {value}")

    @classmethod
    def from_setting(cls, value: Any) -> RetryPolicy:
        """The policy that a value of `Configuration.retries` stands for.

        `None` is the default policy, `False` and 0 are none, a number is that many further tries. Of a `Retry` object
        of urllib3 only its `total` counts. Raises `ApiTypeError` or `ApiValueError` for anything else.
        """
        if value is None:
            return _DEFAULT
        if isinstance(value, RetryPolicy):
            return value
        if value is False:
            return _NEVER
        if isinstance(value, int) and value is not True:
            if value < 0:
                raise ApiValueError(f"`retries` must not be negative: {value}")
            return cls(max_retries=value)
        total = getattr(value, "total", value)
        if total is value or total is True:
            raise ApiTypeError(f"`retries` must be None, False, a whole number or a RetryPolicy, not {value!r}")
        return cls.from_setting(total)

    def wait(
        self, retries: int, *, asked: float | None, remaining: float, uniform: Callable[[float, float], float]
    ) -> float | None:
        """Seconds to wait before the next try; `None` if there must be none.

        `retries` is how many there were already, `asked` what the server asked for, `remaining` the time until the
        call's deadline, and `uniform` draws a random number between two bounds.
        """
        if retries >= self.max_retries:
            return None
        if asked is None:
            bound = min(self.max_backoff, self.backoff * 2 ** min(retries, _MOST_DOUBLINGS))
            seconds = uniform(0, bound)
        elif asked <= self.max_retry_after:
            # Everyone is told the same moment, so that some spread is needed here too.
            seconds = asked + uniform(0, min(self.max_backoff, self.backoff))
        else:
            return None
        return seconds if seconds < remaining else None


_DEFAULT = RetryPolicy()
_NEVER = RetryPolicy(max_retries=0)


def status_allows_retry(status: int, headers: Mapping[str, str], *, repeatable: bool) -> bool:
    """Whether a request that got this answer may be sent again.

    A 429 was not carried out, so that any request may; but waiting does not help against the limit of a month.
    """
    if status == _TOO_MANY_REQUESTS:
        return headers.get("X-Rate-Limit-Type", "").strip().lower() != "api_calls_cycle"
    return repeatable and status in _TRANSIENT


def may_be_carried_out(status: int) -> bool:
    """Whether a request that got this answer may have been carried out."""
    return status != _TOO_MANY_REQUESTS


def failure_allows_retry(*, sent: bool, repeatable: bool) -> bool:
    """Whether a request that got no answer may be sent again: if nothing of it was sent, or if it does no harm."""
    return repeatable or not sent


def shows_health(status: int) -> bool:
    """Whether this answer comes from a service that is well, so that retries are affordable."""
    return status < 500 and status not in (408, _TOO_MANY_REQUESTS)  # noqa: PLR2004


def asked_wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait from `now` (seconds since the epoch); `None` if it does not say.

    `Retry-After` comes first, in seconds or as an HTTP date. The begin of the next rate-limit period counts for a 429.
    """
    asked = _retry_after(headers.get("Retry-After", "").strip(), now)
    if asked is None and status == _TOO_MANY_REQUESTS:
        moment = headers.get("X-Rate-Limit-Retry", "").strip()
        asked = float(moment) - now if _SECONDS.fullmatch(moment) else None
    return asked if asked is not None and asked >= 0 else None


def _retry_after(text: str, now: float) -> float | None:
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return float(text)
    from datetime import timezone
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:  # a form without a zone: all dates of HTTP are UTC
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp() - now
    except (TypeError, ValueError, OverflowError, OSError):
        return None


class RetryBudget:
    """What the retries of one client may cost together, so that many calls don't hammer a service that is down.

    Each retry takes tokens, and each call that gets an answer gives some back: all that its own retries took, or one
    if it had none. When the tokens are used up, calls fail at their first error until others succeed.

    :param capacity: tokens at the start, and at most.
    :param cost: tokens that one retry takes.
    """

    def __init__(self, capacity: int = 500, cost: int = 5) -> None:
        self._capacity = capacity
        self._cost = cost
        self._tokens = capacity
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Pay for one retry. False if there is not enough left; then there must be none."""
        with self._lock:
            if self._tokens < self._cost:
                return False
            self._tokens -= self._cost
            return True

    def give_back(self, retries: int) -> None:
        """Note a call that got an answer after `retries` retries."""
        if self._tokens >= self._capacity:
            return  # the common case needs no lock
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + max(1, retries * self._cost))
