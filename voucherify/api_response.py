"""What a call answers, beyond its data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voucherify.rate_limit import RateLimit

T = TypeVar("T")


@dataclass(frozen=True)
class Deviation:
    """One value of an answer that is not what the API describes. It was kept as it was sent."""

    path: str
    """Where it stands: `vouchers[0].discount.amount_off`; empty for the whole answer."""
    expected: str
    """What was described: `int`, `Customer`, `list`."""
    found: str
    """What was sent: `string`, `number`, `boolean`, `object`, `array`, `null`, `nothing`; or `deep nesting`, of
    more than can be looked into."""
    field: str = dataclasses.field(default="", compare=False, repr=False)
    """Where it stands, without positions in lists and keys of maps: `vouchers[].discount.amount_off`."""

    def __str__(self) -> str:
        return f"{self.path or 'the answer'}: {self.found} instead of {self.expected}"


@dataclass
class ApiResponse(Generic[T]):
    """Status, headers and data of an answer."""

    status_code: int
    """HTTP status, 200 to 299."""
    headers: Mapping[str, str] | None = None
    """Headers, whatever the case of their names."""
    data: T = None  # type: ignore[assignment]  # as published: the class may be built without data
    """The body as the operation describes it; `None` for an empty one."""
    raw_data: bytes = dataclasses.field(default=b"", repr=False)
    """The body as it was sent, decompressed."""
    attempts: int = 1
    """How often the call was tried, the try that got this answer included."""
    deviations: tuple[Deviation, ...] = ()
    """Values that are not what the API describes, kept in `data` as they were sent: the first 1,000 of them."""

    @property
    def rate_limit(self) -> RateLimit:
        """What the headers say about the rate limit."""
        from voucherify.rate_limit import RateLimit

        return RateLimit.from_headers(self.headers or {})
