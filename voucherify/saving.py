"""Answers that are too large to hold: written to a file piece by piece."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from voucherify.call import FACTS
from voucherify.exceptions import ApiConnectionException, ApiTimeoutException, error_for
from voucherify.failures import EXPECTED, explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import BaseHTTPResponse

_PIECE = 65536
_LONGEST_ERROR = 1_048_576


class _Answer(NamedTuple):
    status: int
    reason: str | None
    headers: Mapping[str, str]
    data: bytes


def save(response: BaseHTTPResponse, target: str | os.PathLike[str] | BinaryIO) -> int:
    """Write the body of `response` to `target` without holding it in memory, and answer the number of bytes.

        with open("codes.csv", "wb") as file:
            voucherify.save(exports.download_export_without_preload_content("exp_1", token="..."), file)

    `response` is what a `..._without_preload_content` method answers, unread. `target` is a path, or a file opened in
    binary mode. A path is written to only if the answer is complete: until then the file has the suffix `.part`. What
    the server says about file names counts for nothing.

    Raises the `ApiException` for a status that is not 2xx, `ApiConnectionException` or `ApiTimeoutException` for an
    answer that breaks off (the deadline is that of the call: see `_request_timeout`), and `OSError` for a file that
    cannot be written.
    """
    try:
        if not 200 <= response.status < 300:  # noqa: PLR2004
            try:
                body = next(_pieces(response, _LONGEST_ERROR), b"")
            except (ApiConnectionException, ApiTimeoutException):
                body = b""  # the status says enough
            raise error_for(_Answer(response.status, response.reason, response.headers, body), **_facts(response))
        if not isinstance(target, (str, os.PathLike)):
            return _copy(response, target)
        return _copy_to_path(response, Path(target))
    finally:
        response.close()
        response.release_conn()


def _copy_to_path(response: BaseHTTPResponse, path: Path) -> int:
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            size = _copy(response, file)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return size


def _copy(response: BaseHTTPResponse, file: BinaryIO) -> int:
    size = 0
    for piece in _pieces(response, _PIECE):
        file.write(piece)
        size += len(piece)
    return size


def _pieces(response: BaseHTTPResponse, length: int) -> Iterator[bytes]:
    while True:
        try:
            piece = response.read(length, decode_content=True)
        except EXPECTED as error:
            explanation = explain(error)
            kind = ApiTimeoutException if explanation.timed_out else ApiConnectionException
            raise kind(
                response.status,
                response.reason,
                headers=response.headers,
                message=f"the answer broke off: {explanation.text}",
                **_facts(response),
            ) from error
        if not piece:
            return
        yield piece


def _facts(response: BaseHTTPResponse) -> dict[str, Any]:
    """What the exceptions tell of the call; nothing of it is known of an answer that came otherwise."""
    return getattr(response, FACTS, {})
