"""The response side: from what was received to the data that a call answers, or to the right exception."""

from __future__ import annotations

import codecs
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from voucherify.api_response import ApiResponse, Deviation
from voucherify.exceptions import UnexpectedAnswerException, UnreadableResponseException, error_for

if TYPE_CHECKING:
    from voucherify.operation import Operation
    from voucherify.rest import RawResponse

_LOGGER = logging.getLogger("voucherify")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_POSITION = re.compile(r"\[\d+\]")

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
    data, deviations = _read_body(operation, raw, strict=strict)
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


def _read_body(operation: Operation[Any], raw: RawResponse, *, strict: bool) -> tuple[Any, tuple[Deviation, ...]]:
    answer = operation.answer
    if answer.kind == "nothing" or not raw.data.strip():
        return ("" if answer.kind == "text" and raw.data else None), ()
    try:
        if answer.kind == "text":
            return _text(raw), ()
        content = _utf8(raw)
        if answer.kind == "model" and answer.model is not None and not strict:
            return _read_model(answer.model, content)
        value = json.loads(content)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise _unreadable(operation, raw) from error
    if answer.model is None:
        return value, ()
    return _fit(answer.kind, answer.model, value, complete=strict)


def _read_model(name: str, content: bytes | str) -> tuple[Any, tuple[Deviation, ...]]:
    """On the fast path the text goes to pydantic as it is, once."""
    from pydantic_core import ValidationError

    from voucherify.arguments import model_class

    try:
        return model_class(name).__pydantic_validator__.validate_json(content, strict=True), ()
    except ValidationError:
        return _fit("model", name, json.loads(content), complete=False)


def _fit(kind: str, name: str, value: object, *, complete: bool) -> tuple[Any, tuple[Deviation, ...]]:
    from voucherify.arguments import model_class
    from voucherify.leniency import fit

    model = model_class(name)
    if value is None:
        return None, ()
    return fit(list[model] if kind == "list" else model, value, complete=complete)  # type: ignore[valid-type]  # known at run time


def _charset(raw: RawResponse) -> str | None:
    found = _CHARSET.search(raw.headers.get("Content-Type", ""))
    return found[1] if found else None


def _text(raw: RawResponse) -> str:
    """The body as text, by its declared charset; UTF-8 without one."""
    try:
        return raw.data.decode(_charset(raw) or "utf-8-sig")
    except LookupError:
        return raw.data.decode("utf-8-sig")


def _utf8(raw: RawResponse) -> bytes | str:
    """The body in a form that JSON parsers read: without a byte order mark, and decoded if it is not UTF-8."""
    charset = _charset(raw)
    if charset is None or charset.lower() in ("utf-8", "utf8", "us-ascii"):
        return raw.data.removeprefix(codecs.BOM_UTF8)
    return _text(raw).removeprefix("\ufeff")


def _unreadable(operation: Operation[Any], raw: RawResponse) -> UnreadableResponseException:
    return UnreadableResponseException(
        http_resp=raw, method=operation.method, path=operation.path, attempts=raw.attempts
    )


def _report(operation: Operation[Any], deviations: tuple[Deviation, ...]) -> None:
    for deviation in deviations:
        key = operation.name, _POSITION.sub("[]", deviation.path)
        if key not in _reported:
            _reported.add(key)
            _LOGGER.warning("%s: %s; kept as sent", operation.name, deviation)
