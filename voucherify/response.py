"""The response side: from what was received to the data that a call answers, or to the right exception."""

from __future__ import annotations

import codecs
import json
import logging
from typing import TYPE_CHECKING, Any

from voucherify.api_response import ApiResponse, Deviation
from voucherify.arguments import model_class
from voucherify.content import DEEPEST, charset, json_value, text
from voucherify.exceptions import UnexpectedAnswerException, UnreadableResponseException, error_for

if TYPE_CHECKING:
    from voucherify.operation import Operation
    from voucherify.rest import RawResponse

_LOGGER = logging.getLogger("voucherify")

_reported: set[tuple[str, str]] = set()
"""Operation and field of each deviation that was logged: once is enough in a process."""


def read_answer(operation: Operation[Any], raw: RawResponse, *, strict: bool) -> ApiResponse[Any]:
    """What the call answers.

    Raises the `ApiException` for the status unless it is 2xx; `UnreadableResponseException` for a body that is not
    what its media type promises; with `strict`, `UnexpectedAnswerException` for one that does not fit the model.
    """
    if not 200 <= raw.status < 300:  # noqa: PLR2004
        raise error_for(
            raw,
            method=operation.method,
            path=operation.path,
            attempts=raw.attempts,
            may_have_reached_server=raw.may_have_reached_server,
        )
    data, deviations = _read_body(operation, raw)
    if deviations:
        _report(operation, deviations)
        if strict:
            raise UnexpectedAnswerException(
                http_resp=raw,
                method=operation.method,
                path=operation.path,
                attempts=raw.attempts,
                deviations=deviations,
            )
    return ApiResponse(raw.status, raw.headers, data, raw.data, raw.attempts, deviations)


def _read_body(operation: Operation[Any], raw: RawResponse) -> tuple[Any, tuple[Deviation, ...]]:
    answer = operation.answer
    if answer.kind == "nothing" or not raw.data.strip():
        return ("" if answer.kind == "text" and raw.data else None), ()
    try:
        if answer.kind == "text":
            return text(raw.data, raw.headers), ()
        content = _json_text(raw)
        if answer.kind == "model" and answer.model is not None:
            from voucherify.model_schema import read_fitting

            fitting = read_fitting(model_class(answer.model), content)
            if fitting is not None:
                return fitting, ()
        value = json_value(content)
        if answer.model is None or value is None:
            return value, ()
        return _fit(answer.kind, answer.model, value)
    except (ValueError, RecursionError) as error:
        raise _unreadable(operation, raw, error) from error


def _fit(kind: str, name: str, value: object) -> tuple[Any, tuple[Deviation, ...]]:
    from voucherify.leniency import fit

    model = model_class(name)
    try:
        return fit(list[model] if kind == "list" else model, value)  # type: ignore[valid-type]  # known at run time
    except RecursionError:  # little is left of the stack; the value itself can be had
        return value, (Deviation("", name, "deep nesting"),)


def _json_text(raw: RawResponse) -> bytes | str:
    """The body in a form that JSON parsers read: without a byte order mark, and decoded if it is not UTF-8."""
    if charset(raw.headers) in ("", "utf-8", "utf8", "us-ascii"):
        return raw.data.removeprefix(codecs.BOM_UTF8)
    return text(raw.data, raw.headers).removeprefix("\ufeff")


def _unreadable(operation: Operation[Any], raw: RawResponse, error: Exception) -> UnreadableResponseException:
    if isinstance(error, RecursionError):
        why = f"it has more than {DEEPEST} containers within each other"
    elif isinstance(error, UnicodeError):
        why = "its bytes are not in its charset"
    elif isinstance(error, json.JSONDecodeError):
        why = "it is no JSON"
    else:
        why = "it has a number of too many digits"
    return UnreadableResponseException(
        http_resp=raw,
        method=operation.method,
        path=operation.path,
        attempts=raw.attempts,
        message=f"the answer can't be read: {why}",
    )


def _report(operation: Operation[Any], deviations: tuple[Deviation, ...]) -> None:
    for deviation in deviations:
        key = operation.name, deviation.field
        if key not in _reported:
            _reported.add(key)
            _LOGGER.warning(
                "%s: %s: %s instead of %s; kept as sent",
                operation.name,
                deviation.field or "the answer",
                deviation.found,
                deviation.expected,
            )
