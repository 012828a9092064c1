"""What the server says about its rate limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class RateLimit:
    """The rate limit as the headers of one answer tell it; `None` for what they don't tell."""

    limit: int | None = None
    """Calls allowed in the current period (`X-Rate-Limit-Limit`)."""
    remaining: int | None = None
    """Calls left in it (`X-Rate-Limit-Remaining`)."""
    retry_at: datetime | None = None
    """When the next period begins (`X-Rate-Limit-Retry`), in UTC."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimit:
        """Read the headers of an answer. The mapping must find names in any case. Nonsense counts as absent."""
        return cls(
            _count(headers.get("X-Rate-Limit-Limit")),
            _count(headers.get("X-Rate-Limit-Remaining")),
            _moment(headers.get("X-Rate-Limit-Retry")),
        )


def _count(text: str | None) -> int | None:
    """A whole number of at most 18 digits."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None  # noqa: PLR2004


def _moment(text: str | None) -> datetime | None:
    seconds = _count(text)
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):  # a year that no calendar has
        return None
