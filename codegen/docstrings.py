"""Docstrings: what they say, and how they are laid out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from codegen.form import ListOf, Model, not_null
from codegen.words import sentence, summary_and_rest

if TYPE_CHECKING:
    from codegen.form import Api, Argument, Method, Type

_WIDTH = 120
_INDENT = "    "

EXCEPTIONS = {
    "400": "BadRequestException",
    "401": "UnauthorizedException",
    "402": "PaymentRequiredException",
    "403": "ForbiddenException",
    "404": "NotFoundException",
    "409": "ConflictException",
    "413": "PayloadTooLargeException",
    "422": "UnprocessableEntityException",
    "423": "LockedException",
    "429": "TooManyRequestsException",
}
"""Status and class in `voucherify.exceptions`."""


def docstring(text: str, level: int) -> str:
    """`text` as a string literal for a block that is indented `level` times."""
    indent = _INDENT * level
    opening = 'r"""' if "\\" in text else '"""'
    first, *rest = text.split("\n")
    lines = _wrapped(first, _WIDTH - len(indent), opening)
    lines += [line for paragraph in rest for line in _wrapped(paragraph, _WIDTH - len(indent))]
    if len(lines) == 1 and len(indent) + len(lines[0]) + 3 <= _WIDTH and not text.endswith('"'):
        return f'{lines[0]}"""'
    return "\n".join([lines[0], *(f"{indent}{line}" if line else "" for line in lines[1:]), f'{indent}"""'])


def _wrapped(paragraph: str, width: int, opening: str = "") -> list[str]:
    """One line of text as several; what follows an indented line is indented further."""
    indent = paragraph[: len(paragraph) - len(paragraph.lstrip())]
    further = indent + _INDENT if indent else ""
    text = f"{opening}{paragraph}"
    return textwrap.wrap(text, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False) or [""]


def with_summary(text: str) -> str:
    """A description as docstrings have it: the first sentence on a line of its own."""
    return "\n\n".join(summary_and_rest(text))


def method_text(method: Method, api: Api) -> str:
    """All that the docstring of a method says."""
    parts = [sentence(method.summary), method.text]
    if method.successor:
        parts.append(f"Deprecated. {sentence(method.successor)}")
    if method.arguments:
        parts.append("\n".join(["Args:", *(f"{_INDENT}{one.name}: {_argument_text(one)}" for one in method.arguments)]))
    parts.append(f"Returns:\n{_INDENT}{sentence(method.answer_text)}")
    parts.append("\n".join(["Raises:", *_errors(method)]))
    parts.append(" ".join(notes(method, api)))
    if method.source_url:
        parts.append(f"Documented at {method.source_url}.")
    return "\n\n".join(parts)


def notes(method: Method, api: Api) -> list[str]:
    """What a caller should know beyond arguments and answer: repeating, background work, paging."""
    found = [
        "Safe to repeat: it is sent again when the connection breaks or the server is busy."
        if method.repeatable
        else "Not repeated by itself: it is never sent again once the server may have taken it."
    ]
    fields = _answer_fields(method.answer, api)
    arguments = {argument.name for argument in method.arguments}
    if "async_action_id" in fields:
        certain = fields == {"async_action_id"}
        found.append(
            f"{'The' if certain else 'If the answer has an `async_action_id`, the'} work goes on in the background:"
            " `AsyncActionsApi.get_async_action`, given the `async_action_id`, tells when it is done and what failed."
        )
    if {"starting_after_id", "limit"} <= arguments and {"has_more", "more_starting_after"} <= fields:
        found.append("Pages: while `has_more` is true, call again with `more_starting_after` as `starting_after_id`.")
    elif {"page", "limit"} <= arguments:
        found.append("Pages: count `page` up from 1 until a page comes back empty.")
    return found


def _answer_fields(answer: Type | None, api: Api) -> set[str]:
    inner = None if answer is None else not_null(answer)
    inner = inner.item if isinstance(inner, ListOf) else inner
    return {one.name for one in api.all_fields(api.models[inner.name])} if isinstance(inner, Model) else set()


def _argument_text(argument: Argument) -> str:
    if argument.required or argument.location == "body":  # the API may need a body that the signature lets go
        return sentence(argument.text)
    return f"{sentence(argument.text)} Optional{', by keyword only' if argument.keyword_only else ''}."


def _errors(method: Method) -> list[str]:
    described = [answer for answer in method.answers if not answer.status.startswith("2")]
    named = [
        f"{_INDENT}{EXCEPTIONS[answer.status]}: {answer.status}. {sentence(answer.text)}"
        for answer in described
        if answer.status in EXCEPTIONS
    ]
    return [*named, f"{_INDENT}ApiException: Any other failure."]
