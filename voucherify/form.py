"""Bodies made of parts: multipart, for files, and form-encoded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Union

from voucherify.encoding import scalar_text, utf8
from voucherify.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from voucherify.operation import Parameter

FileContent = Union[str, "os.PathLike[str]", bytes, "tuple[str, bytes]", BinaryIO]
"""A file to send: its path, its content, (name, content), or the file itself, opened in binary mode."""


def form_body(
    content_type: str | None,
    fields: list[tuple[Parameter, object]],
    files: list[tuple[Parameter, object]],
) -> tuple[bytes, str]:
    """The body and its media type, boundary included.

    Raises `ApiTypeError` for what is no file, `ApiValueError` for a file that cannot be read.
    """
    texts = [(parameter.wire, utf8(scalar_text(value, parameter.name), parameter.name)) for parameter, value in fields]
    if content_type == "application/x-www-form-urlencoded":
        from urllib.parse import urlencode

        return urlencode(texts).encode(), content_type
    from urllib3.fields import RequestField
    from urllib3.filepost import encode_multipart_formdata

    parts = []
    for parameter, value in files:
        name, content = _file(value, parameter.name)
        part = RequestField(parameter.wire, content, filename=name)
        part.make_multipart(content_type="text/csv")
        parts.append(part)
    return encode_multipart_formdata([*parts, *(RequestField.from_tuples(*text) for text in texts)])


def _file(value: object, name: str) -> tuple[str, bytes]:
    """File name and content."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):  # noqa: PLR2004
        file_name, content = value
    elif isinstance(value, (str, os.PathLike)):
        file_name, content = os.fspath(value), _read_path(value, name)
    else:
        read = getattr(value, "read", None)
        file_name, content = (getattr(value, "name", ""), read()) if callable(read) else ("", value)
    if not isinstance(content, (bytes, bytearray)):
        raise ApiTypeError(
            f"`{name}` must be a path, bytes, (name, bytes) or a file opened in binary mode,"
            f" not {type(content).__name__}"
        )
    file_name = Path(file_name).name if isinstance(file_name, str) else ""
    utf8(file_name, name)
    return file_name or f"{name}.csv", bytes(content)


def _read_path(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise ApiValueError(f"`{name}` names a file that cannot be read: {error}") from error
