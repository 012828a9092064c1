"""What the body of an error tells, whatever shape it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from voucherify import content

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NUMBER = 100


def text(data: bytes, headers: Mapping[str, str]) -> str:
    """The body as text, by its declared charset; what can't be decoded becomes a replacement character."""
    return content.text(data, headers, errors="replace")


def json_value(body: str | None) -> Any:
    """The body's JSON; `None` if it is no JSON, or can't be read as such."""
    if not body:
        return None
    try:
        return content.json_value(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def fields(data: Any) -> dict[str, Any]:
    """The object that describes the error; of a list, its first item."""
    if isinstance(data, list) and data:
        data = data[0]
    return data if isinstance(data, dict) else {}


def message(found: dict[str, Any]) -> str | None:
    """What went wrong, wherever the body says it."""
    error = found.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    return word(found.get("message")) or word(nested)


def word(value: Any) -> str | None:
    """`value` as text, if it is text or a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def number(value: Any) -> int | None:
    """`value` as a whole number, if it is one or is written as one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _LONGEST_NUMBER:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
