"""Everything that this package raises: one tree under `OpenApiException`.

`ApiException` and its subclasses tell that a call failed: one class per status that is worth a branch of its own, one
for failed connections, one for timeouts, and one for bodies that cannot be read. The other classes tell that the
package was used wrongly; they are also `TypeError`, `ValueError`, `AttributeError` or `KeyError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from voucherify import error_body
from voucherify.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from voucherify.api_response import Deviation
    from voucherify.rate_limit import RateLimit

_LONGEST_MESSAGE = 300
_LONGEST_WORD = 100


class OpenApiException(Exception):
    """Anything that this package raises."""


class ApiTypeError(OpenApiException, TypeError):
    """A value of the wrong type. Nothing was sent."""

    def __init__(
        self,
        msg: str,
        path_to_item: Sequence[str | int] | None = None,
        valid_classes: tuple[type, ...] | None = None,
        key_type: bool | None = None,
    ) -> None:
        super().__init__(_placed(msg, path_to_item))
        self.path_to_item = path_to_item
        self.valid_classes = valid_classes
        self.key_type = key_type


class ApiValueError(OpenApiException, ValueError):
    """A value that is not allowed. Nothing was sent."""

    def __init__(self, msg: str, path_to_item: Sequence[str | int] | None = None) -> None:
        super().__init__(_placed(msg, path_to_item))
        self.path_to_item = path_to_item


class ApiAttributeError(OpenApiException, AttributeError):
    """An attribute that does not exist."""

    def __init__(self, msg: str, path_to_item: Sequence[str | int] | None = None) -> None:
        super().__init__(_placed(msg, path_to_item))
        self.path_to_item = path_to_item


class ApiKeyError(OpenApiException, KeyError):
    """A key that does not exist."""

    def __init__(self, msg: str, path_to_item: Sequence[str | int] | None = None) -> None:
        super().__init__(_placed(msg, path_to_item))
        self.path_to_item = path_to_item

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would put quotes around it


def _placed(message: str, path: Sequence[str | int] | None) -> str:
    return message + " at " + "".join(f"[{step!r}]" for step in path) if path else message


class ApiException(OpenApiException):
    """A call that failed.

    `str()` is one short paragraph without headers or bodies, fit for a log. All attributes survive pickling.

    :param status: HTTP status of the answer, 0 if none came.
    :param reason: what the status is called, or why there is no answer.
    :param http_resp: the answer: an object with `status`, `reason`, `headers` and `data` (bytes). It fills what is
        not given otherwise.
    :param body: text of the answer.
    :param data: the body's JSON; parsed from `body` if it is not given.
    :param raw_data: the body as bytes.
    :param headers: headers of the answer.
    :param method: HTTP method of the request.
    :param path: path of the request, with the names of its parameters instead of their values.
    :param attempts: how often the call was tried.
    :param message: what happened, where the body does not tell it.
    :param may_have_reached_server: whether the server may have carried out the call; by default, whether it answered.
    """

    status: int | None
    """HTTP status; 0 where no answer came."""
    reason: str | None
    """What the status is called, or why there is no answer."""
    headers: Headers
    """Headers of the answer, found in any case; empty where no answer came."""
    body: str | None
    """The answer's text, decoded by its declared charset."""
    raw_data: bytes | None
    """The answer's bytes."""
    data: Any
    """The answer's JSON; `None` if it is no JSON."""
    method: str | None
    path: str | None
    """Path template: `/v1/vouchers/{code}`."""
    attempts: int
    """How often the call was tried."""
    may_have_reached_server: bool
    """Whether the server may have carried out the call. If not, it is safe to send it again: no connection came about,
    or the rate limit (429) kept the server from it."""
    code: int | None
    """The API's number for the kind of error, mostly the status."""
    key: str | None
    """The API's name for the kind of error: the thing to branch on."""
    message: str | None
    """What went wrong, in words that a project may have customised."""
    details: Any
    """More about it: mostly text."""
    request_id: str | None
    """The API's number of this request: the thing to tell the support."""
    resource_id: str | None
    resource_type: str | None

    def __init__(  # noqa: PLR0913  the first five are published
        self,
        status: int | None = None,
        reason: str | None = None,
        http_resp: Any = None,
        *,
        body: str | None = None,
        data: Any = None,
        raw_data: bytes | None = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        method: str | None = None,
        path: str | None = None,
        attempts: int = 0,
        message: str | None = None,
        may_have_reached_server: bool | None = None,
    ) -> None:
        if http_resp is not None:
            status = http_resp.status if status is None else status
            reason = http_resp.reason if reason is None else reason
            raw_data = http_resp.data if raw_data is None else raw_data
            headers = _headers_of(http_resp) if headers is None else headers
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = Headers(headers or ())
        self.raw_data = raw_data
        self.body = error_body.text(raw_data, self.headers) if body is None and isinstance(raw_data, bytes) else body
        self.data = error_body.json_value(self.body) if data is None else data
        self.method = method
        self.path = path
        self.attempts = attempts
        self.may_have_reached_server = bool(status) if may_have_reached_server is None else may_have_reached_server

        fields = error_body.fields(self.data)
        self.request_id = error_body.word(fields.get("request_id")) or self.headers.get("X-Request-Id")
        if status is not None and 200 <= status < 300:  # noqa: PLR2004
            fields = {}  # in an answer of success these names mean other things
        self.code = error_body.number(fields.get("code", fields.get("statusCode")))
        self.key = error_body.word(fields.get("key"))
        self.message = message if message is not None else error_body.message(fields)
        self.details = fields.get("details")
        self.resource_id = error_body.word(fields.get("resource_id"))
        self.resource_type = error_body.word(fields.get("resource_type"))

    @classmethod
    def from_response(cls, *, http_resp: Any, body: str | None, data: Any) -> NoReturn:
        """Raise the class for the status of `http_resp`."""
        raise _class_for(http_resp.status)(http_resp=http_resp, body=body, data=data)

    @property
    def rate_limit(self) -> RateLimit:
        """What the headers say about the rate limit."""
        from voucherify.rate_limit import RateLimit

        return RateLimit.from_headers(self.headers)

    def __str__(self) -> str:
        call = f"{self.method or ''} {self.path or ''}".strip()
        outcome = " ".join(str(part) for part in (self.status or None, _line(self.reason, _LONGEST_WORD)) if part)
        if self.key is not None:
            outcome = f"{outcome}, key {_line(self.key, _LONGEST_WORD)}"
        message = _line(self.message, _LONGEST_MESSAGE)
        notes = []
        if self.request_id is not None:
            notes.append(f"request id {_line(self.request_id, _LONGEST_WORD)}")
        if self.attempts > 1:
            notes.append(f"{self.attempts} attempts")
        text = ": ".join(part for part in (call, outcome, message) if part)
        return f"{text} ({', '.join(notes)})" if notes else text

    def __repr__(self) -> str:
        names = ("status", "reason", "method", "path", "key", "message", "request_id", "attempts")
        values = ((name, getattr(self, name)) for name in names)
        parts = [f"{name}={_shown(name, value)}" for name, value in values if value is not None]
        return f"{type(self).__name__}({', '.join(parts)})"


class BadRequestException(ApiException):
    """400: the request is malformed or not allowed in the current state."""


class UnauthorizedException(ApiException):
    """401: the keys are missing or wrong."""


class PaymentRequiredException(ApiException):
    """402: the project's plan does not include this, or it is used up."""


class ForbiddenException(ApiException):
    """403: the keys don't allow this."""


class NotFoundException(ApiException):
    """404: there is no such resource."""


class ConflictException(ApiException):
    """409: the resource exists already, or was changed at the same time."""


class PayloadTooLargeException(ApiException):
    """413: the request's body is too large."""


class UnprocessableEntityException(ApiException):
    """422: the request is well-formed, but makes no sense."""


class LockedException(ApiException):
    """423: the resource is in use by another call."""


class TooManyRequestsException(ApiException):
    """429: the rate limit is used up. `rate_limit.retry_at` tells when the next period begins."""


class ServiceException(ApiException):
    """5xx: the service failed."""


class ApiConnectionException(ApiException):
    """No answer, since the connection failed: refused, unknown host, TLS, reset, or no HTTP.

    `may_have_reached_server` tells whether the request may have been carried out nevertheless.
    """


class ApiTimeoutException(ApiException):
    """No complete answer within the time allowed.

    `may_have_reached_server` tells whether the request may have been carried out nevertheless. `status` is that of
    the answer if its head came in time.
    """


class UnreadableResponseException(ApiException):
    """An answer whose body is broken: cut off, wrongly compressed, or not what its media type promises.

    `status` and `raw_data` are what came. If the status is 2xx, the server has carried out the call.
    """


class ResponseTooLargeException(UnreadableResponseException):
    """An answer that is larger than `Configuration.max_response_size`. If the status is 2xx, the call succeeded."""


class UnexpectedAnswerException(ApiException):
    """An answer of success that is not what the API describes, with `Configuration(strict_responses=True)`.

    The server has carried out the call. `deviations` says what is unexpected.
    """

    def __init__(self, *args: Any, deviations: Iterable[Deviation] = (), **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.deviations = found = tuple(deviations)
        if self.message is None and found:
            self.message = f"unexpected answer: {found[0]}" + (f" and {len(found) - 1} more" if len(found) > 1 else "")


_CLASSES: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    402: PaymentRequiredException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    413: PayloadTooLargeException,
    422: UnprocessableEntityException,
    423: LockedException,
    429: TooManyRequestsException,
}


def _class_for(status: int) -> type[ApiException]:
    return _CLASSES.get(status, ServiceException if 500 <= status <= 599 else ApiException)  # noqa: PLR2004


def error_for(
    http_resp: Any,
    *,
    method: str | None = None,
    path: str | None = None,
    attempts: int = 1,
    may_have_reached_server: bool | None = None,
) -> ApiException:
    """The exception for an answer with a status that is not 2xx. `path` is the path template."""
    return _class_for(http_resp.status)(
        http_resp=http_resp,
        method=method,
        path=path,
        attempts=attempts,
        may_have_reached_server=may_have_reached_server,
    )


def _headers_of(http_resp: Any) -> Any:
    headers = getattr(http_resp, "headers", None)
    return http_resp.getheaders() if headers is None and hasattr(http_resp, "getheaders") else headers


def _shown(name: str, value: Any) -> str:
    longest = _LONGEST_MESSAGE if name == "message" else _LONGEST_WORD
    return repr(_line(value, longest) if isinstance(value, str) else value)


def _line(text: str | None, longest: int) -> str:
    """`text` on one line, without control characters, cut to `longest` characters."""
    if not text:
        return ""
    line = "".join(character if character.isprintable() else " " for character in text[: 2 * longest])
    line = " ".join(line.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
