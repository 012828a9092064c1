"""Sentences that follow from the description."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codegen.description import Node

_STOP_WORDS = {"a", "an", "the", "of", "this", "that", "these", "its", "is", "are", "and", "in", "for", "s"}


def limits(node: Node) -> Iterator[str]:
    """What a schema allows, beyond its type, one sentence at a time."""
    yield from _range(node, "minLength", "maxLength", "character")
    yield from _range(node, "minItems", "maxItems", "item")
    yield from _range(node, "minProperties", "maxProperties", "key")
    yield from _range(node, "minimum", "maximum", "")
    for keyword, words in (
        ("exclusiveMinimum", "More than {}."),
        ("exclusiveMaximum", "Less than {}."),
        ("multipleOf", "A multiple of {}."),
        ("pattern", "Matches `{}`."),
    ):
        if keyword in node:
            yield words.format(node[keyword].value)
    if node.flag("uniqueItems"):
        yield "No item twice."
    items = node.get("items")
    if items is not None and isinstance(items.value, dict):
        yield from (f"Each item: {sentence[0].lower()}{sentence[1:]}" for sentence in limits(items))
    default = node.get("default")
    if default is not None and default.value is not None:
        yield f"Without it, the server takes `{json.dumps(default.value, ensure_ascii=False)}`."


def _range(node: Node, low: str, high: str, unit: str) -> Iterator[str]:
    least, most = _value(node, low), _value(node, high)
    if unit and least == 0:
        least = None
    if least is not None and most is not None:
        yield f"{_counted(least, unit)}." if least == most else f"{least} to {_counted(most, unit)}."
    elif least is not None:
        yield f"At least {_counted(least, unit)}."
    elif most is not None:
        yield f"At most {_counted(most, unit)}."


def _value(node: Node, keyword: str) -> Any:
    found = node.get(keyword)
    return None if found is None else found.value


def _counted(count: Any, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}" if unit else str(count)


def with_limits(text: str, found: Iterable[str]) -> str:
    """A description, and after it the limits that it does not state by itself."""
    return " ".join([sentence(text), *(limit for limit in found if not _states(text, limit))])


def _states(text: str, limit: str) -> bool:
    """Whether a text has the numbers of a limit in the same words, as `Page size, 1 to 100` has `1 to 100`."""
    core = re.sub(r"( (character|item|key)s?)?\.$", "", limit)
    return re.search(rf"(?<!\w){re.escape(core)}(?!\w)", text, re.IGNORECASE) is not None


def repeats_name(text: str, name: str) -> bool:
    """Whether a description says nothing that the name does not say: `Id of the customer` for `customer_id`."""
    said = set(re.findall(r"[a-z0-9]+", text.lower())) - _STOP_WORDS
    return said <= set(re.findall(r"[a-z0-9]+", name.lower().replace("_", " ")))


def sentence(text: str) -> str:
    """`text` with a full stop at its end."""
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def summary_and_rest(text: str) -> list[str]:
    """The first sentence of a text, and the others if there are any."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`])", text, maxsplit=1)


def one_line(text: str) -> str:
    """`text` without line ends."""
    return " ".join(text.split())


def table_cell(text: str) -> str:
    """`text` for a table in Markdown."""
    return one_line(text).replace("|", "\\|")


def environment_variable(header: str) -> str:
    """The variable that holds a key: `X-App-Id` -> `VOUCHERIFY_APP_ID`."""
    return f"VOUCHERIFY_{header.removeprefix('X-').replace('-', '_').upper()}"
