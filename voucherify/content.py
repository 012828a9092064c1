"""What the bytes of an answer say: as text, by their declared charset, and as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.IGNORECASE)
_NOT_LOOKED_UP = {
    *("", "utf_8", "utf8"),  # decoded with or without a byte order mark
    *("charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"),  # Python's own, no charsets
}

DEEPEST = 200
"""Containers within each other that are read: about as many as pydantic's parser takes.

What is nested deeper could be parsed, but then neither shown, nor copied, nor pickled. No answer of the API comes near.
"""


def charset(headers: Mapping[str, str]) -> str:
    """The declared charset in lower case; empty without one."""
    found = _CHARSET.search(headers.get("Content-Type", ""))
    return found[1].lower() if found else ""


def text(data: bytes, headers: Mapping[str, str], errors: str = "strict") -> str:
    """`data` by its declared charset; as UTF-8, with or without a byte order mark, where none or an unknown one is.

    Raises `UnicodeError` for bytes that are not in that charset, unless `errors` is `replace`.
    """
    name = charset(headers)
    if name.replace("-", "_") not in _NOT_LOOKED_UP and "\0" not in name:
        try:
            return data.decode(name, errors)
        except LookupError:  # unknown, or the name of a compression, say
            pass
    return data.decode("utf-8-sig", errors)


def json_value(text: str | bytes) -> Any:
    """The value of JSON text.

    Raises `ValueError` for what is no JSON and for whole numbers of more digits than Python converts, and
    `RecursionError` for more than `DEEPEST` containers within each other.
    """
    import json

    value = json.loads(text)
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return value
    raise RecursionError(f"more than {DEEPEST} containers within each other")


def _containers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return []
    return [inner for inner in value if isinstance(inner, (dict, list))]
