"""The request side: from an operation and its arguments to the request that goes out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from voucherify.arguments import checked, path_segment, percent_encoded, plain, query_pairs
from voucherify.encoding import scalar_text, to_json_bytes, utf8
from voucherify.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from voucherify.operation import CallOptions, Operation, Parameter

HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
HEADER_VALUE = r"[\t\x20-\x7e\x80-\xff]*"
"""What HTTP allows, as regular expressions: of a value, each byte as the character of its number."""
_HEADER_NAME, _HEADER_VALUE = re.compile(HEADER_NAME), re.compile(HEADER_VALUE)


class Request:
    """One request, ready to be sent. Its repr shows neither values of the caller nor keys.

    :param operation: class and method, `EventsApi.track_custom_event`.
    :param path_template: the path without its values, for logs and errors.
    :param url: absolute and percent-encoded.
    :param repeatable: whether it may be sent again after the server may have taken it.
    """

    def __init__(  # noqa: PLR0913  plain data
        self,
        *,
        operation: str,
        method: str,
        path_template: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        repeatable: bool,
    ) -> None:
        self.operation = operation
        self.method = method
        self.path_template = path_template
        self.url = url
        self.headers = headers
        self.body = body
        self.repeatable = repeatable

    def __repr__(self) -> str:
        return f"Request({self.operation}: {self.method} {self.path_template})"


class Credential:
    """One header, query parameter or cookie that authenticates a request.

    :param place: `header`, `query` or `cookie`.
    """

    __slots__ = ("name", "place", "value")

    def __init__(self, place: str, name: str, value: str) -> None:
        self.place = place
        self.name = name
        self.value = value


def build_request(
    operation: Operation[Any],
    values: tuple[object, ...],
    options: CallOptions,
    *,
    host: str,
    headers: Mapping[str, str],
    credentials: Iterable[Credential],
) -> Request:
    """Check the arguments and lay them out over path, query, headers and body.

    `headers` are the client's own. What the caller passes in `_headers` wins over them, over `credentials` and over
    arguments. Raises `ApiTypeError` or `ApiValueError`, naming the argument.
    """
    given = checked(operation, values)
    placed: dict[str, list[tuple[Parameter, object]]] = {}
    for parameter, value in given:
        placed.setdefault(parameter.location, []).append((parameter, value))

    own_headers = [*headers.items()]
    if operation.accept is not None:
        own_headers.append(("Accept", operation.accept))
    own_headers += [(p.wire, scalar_text(value, p.name)) for p, value in placed.get("header", ())]
    body, content_type = _body(operation, placed)
    content_type = options.get("_content_type") or content_type
    if content_type is not None:
        own_headers.append(("Content-Type", content_type))
    query = [pair for p, value in placed.get("query", ()) for pair in query_pairs(p.wire, plain(p, value))]
    for credential in credentials:
        if credential.place == "query":
            query.append((credential.name, credential.value))
        else:
            own_headers.append(("Cookie" if credential.place == "cookie" else credential.name, credential.value))

    return Request(
        operation=operation.name,
        method=operation.method,
        path_template=operation.path,
        url=host + _path(operation, placed.get("path", ())) + _query_text(query),
        headers=checked_headers([*own_headers, *(options.get("_headers") or {}).items()]),
        body=body,
        repeatable=operation.repeatable,
    )


def _path(operation: Operation[Any], values: Iterable[tuple[Parameter, object]]) -> str:
    path = operation.path
    for parameter, value in values:
        path = path.replace("{" + parameter.wire + "}", path_segment(value, parameter.name))
    return path


def _query_text(pairs: Iterable[tuple[str, object]]) -> str:
    text = "&".join(f"{percent_encoded(k, k)}={percent_encoded(scalar_text(v, k), k)}" for k, v in pairs)
    return f"?{text}" if text else ""


def _body(
    operation: Operation[Any], placed: Mapping[str, list[tuple[Parameter, object]]]
) -> tuple[bytes | None, str | None]:
    """Body and media type; `None` for both where there is nothing to send."""
    if "body" in placed:
        ((parameter, value),) = placed["body"]
        if parameter.kind == "text":
            return utf8(scalar_text(value, parameter.name), parameter.name), operation.content_type
        return to_json_bytes(plain(parameter, value), parameter.name), operation.content_type
    if any(parameter.location in ("form", "file") for parameter in operation.parameters):
        from voucherify.form import form_body

        return form_body(operation.content_type, placed.get("form", []), placed.get("file", []))
    return None, None


def checked_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The last of all headers of one name, whatever its case.

    Raises `ApiTypeError` for names and values that are no text, `ApiValueError` for those that HTTP does not allow
    (line ends above all).
    """
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        if not isinstance(name, str):
            raise ApiTypeError(f"the name of a header must be text, not {type(name).__name__}")
        if not isinstance(value, str):
            raise ApiTypeError(f"header `{name}` must be text, not {type(value).__name__}")
        if not is_header_name(name):
            raise ApiValueError(f"{name!r} is not allowed as the name of a header")
        if not is_plain_text(value) and not _HEADER_VALUE.fullmatch(value):
            raise ApiValueError(f"the value of header `{name}` has a character that HTTP does not allow")
        found[name.lower()] = name, value
    return dict(found.values())


@lru_cache  # there are few, the same in every call
def is_header_name(name: str) -> bool:
    """Whether a header may have this name."""
    return _HEADER_NAME.fullmatch(name) is not None


def is_plain_text(value: str) -> bool:
    """Whether `value` is printable ASCII, as nearly every value of a header is."""
    return value.isascii() and value.isprintable()
