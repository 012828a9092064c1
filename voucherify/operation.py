"""What one endpoint takes and answers, as data.

The generated modules in `voucherify.api` hold one `Operation` per endpoint; the runtime reads it to check arguments,
to build the request and to read the answer. Models are named, not imported, so that an operation costs nothing until
it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

Location = Literal["path", "query", "header", "form", "file", "body"]
"""Where a value travels. `form` and `file` are the parts of a multipart or form-encoded body; `body` is a whole one."""

Kind = Literal["text", "integer", "number", "boolean", "datetime", "date", "list", "object", "any"]
"""What a value is before it is written to the wire. Anything may go into `any`."""

AnswerKind = Literal["model", "list", "json", "text", "nothing"]
"""What a 2xx body is read as: one model, a list of them, JSON as it is, text, or nothing at all."""


class CallOptions(TypedDict, total=False):
    """Options that every method takes as keywords, beside its own arguments.

    All of them concern this one call and win over the configuration.
    """

    _request_timeout: float | tuple[float, float] | None
    """Deadline of the whole call in seconds, all tries and waits included; a pair is (connect, whole call)."""
    _request_auth: Mapping[str, Any] | None
    """One credential instead of the configured ones: `type`, `in` (header, query or cookie), `key`, `value`.

    White space around the value is dropped."""
    _content_type: str | None
    """Value of the `Content-Type` header."""
    _headers: Mapping[str, str] | None
    """Headers to add, or to send instead of the package's own."""
    _host_index: int | None
    """Which of the operation's own servers to use, from 0."""


@dataclass(frozen=True)
class Parameter:
    """One argument of an operation."""

    name: str
    """Name of the Python argument."""
    wire: str
    """Name on the wire; empty for a whole body."""
    location: Location
    kind: Kind = "any"
    required: bool = False
    model: str | None = None
    """Class in `voucherify.models` that the value (with kind `list`: each item) is read as: bodies, deep objects."""


@dataclass(frozen=True)
class Answer:
    """What a 2xx answer carries."""

    kind: AnswerKind
    model: str | None = None
    """Class in `voucherify.models`, for kind `model` and for kind `list` where the items are models."""


@dataclass(frozen=True)
class Operation(Generic[T]):
    """One endpoint. `T` is the type of `ApiResponse.data`."""

    name: str
    """Class and method, `EventsApi.track_custom_event`."""
    method: str
    path: str
    """Path template with the wire names of the path parameters in braces."""
    parameters: tuple[Parameter, ...]
    """In the order of the method's signature; after these, any that only come as keywords."""
    keys: tuple[str, ...]
    """Headers that authenticate the call, all sent together."""
    answer: Answer
    bearer: bool = False
    """Whether an OAuth access token may stand in for `keys`."""
    content_type: str | None = None
    """Media type of the request body."""
    accept: str | None = None
    """Media type that the endpoint answers with."""
    repeatable: bool = False
    """Whether sending it twice does no more than sending it once, so that a broken call may be tried again."""
    servers: tuple[str, ...] = ()
    """URLs that serve this operation instead of the configured host."""
