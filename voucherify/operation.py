"""What one endpoint takes and answers, as data.

The generated modules in `voucherify.api` hold one `Operation` per endpoint; the runtime reads it to check arguments,
to build the request and to read the answer. Models are named, not imported, so that an operation costs nothing until
it is called.
"""

from __future__ import annotations

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


# These, and what is made of them on the way of a call, are no dataclasses: those take a first call too long to make.


class Parameter:
    """One argument of an operation.

    :param name: name of the Python argument.
    :param wire: name on the wire; empty for a whole body.
    :param model: class in `voucherify.models` that the value (with kind `list`: each item) is read as: bodies, deep
        objects.
    """

    __slots__ = ("kind", "location", "model", "name", "required", "wire")

    def __init__(
        self,
        name: str,
        wire: str,
        location: Location,
        kind: Kind = "any",
        *,
        required: bool = False,
        model: str | None = None,
    ) -> None:
        self.name = name
        self.wire = wire
        self.location = location
        self.kind = kind
        self.required = required
        self.model = model


class Answer:
    """What a 2xx answer carries.

    :param model: class in `voucherify.models`, for kind `model` and for kind `list` where the items are models.
    """

    __slots__ = ("kind", "model")

    def __init__(self, kind: AnswerKind, model: str | None = None) -> None:
        self.kind = kind
        self.model = model


class Operation(Generic[T]):
    """One endpoint. `T` is the type of `ApiResponse.data`.

    :param name: class and method, `EventsApi.track_custom_event`.
    :param path: path template with the wire names of the path parameters in braces.
    :param parameters: in the order of the method's signature; after these, any that only come as keywords.
    :param keys: headers that authenticate the call, all sent together.
    :param bearer: whether an OAuth access token may stand in for `keys`.
    :param content_type: media type of the request body.
    :param accept: media type that the endpoint answers with.
    :param repeatable: whether sending it twice does no more than sending it once, so that a broken call may be tried
        again.
    :param servers: URLs that serve this operation instead of the configured host.
    """

    def __init__(  # noqa: PLR0913  plain data
        self,
        name: str,
        method: str,
        path: str,
        parameters: tuple[Parameter, ...],
        keys: tuple[str, ...],
        answer: Answer,
        *,
        bearer: bool = False,
        content_type: str | None = None,
        accept: str | None = None,
        repeatable: bool = False,
        servers: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.parameters = parameters
        self.keys = keys
        self.answer = answer
        self.bearer = bearer
        self.content_type = content_type
        self.accept = accept
        self.repeatable = repeatable
        self.servers = servers
