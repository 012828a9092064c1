"""One call, from arguments to result."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from voucherify.authentication import credentials
from voucherify.configuration import Configuration
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.host_settings import operation_hosts
from voucherify.operation import CallOptions
from voucherify.request import Request, build_request
from voucherify.response import read_answer
from voucherify.rest import RestClient
from voucherify.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self
    from urllib3 import BaseHTTPResponse

    from voucherify.api_response import ApiResponse
    from voucherify.operation import Operation

T = TypeVar("T")

_CHOOSING = threading.Lock()
_OPTIONS = frozenset(CallOptions.__annotations__)


class ApiClient:
    """Sends the calls of the classes in `voucherify.api`.

    One client serves any number of threads, survives `fork`, and can be pickled. `close()`, or leaving a `with`
    block, closes its connections; a later call opens new ones.

    :param configuration: settings; `Configuration.get_default()` without one.
    :param header_name: name of a header to send with every call.
    :param header_value: its value.
    :param cookie: value of a `Cookie` header to send with every call.
    """

    _default: ClassVar[ApiClient | None] = None

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
    ) -> None:
        self.configuration = Configuration.get_default() if configuration is None else configuration
        self.rest_client = RestClient(self.configuration)
        self.default_headers = {
            "X-Voucherify-Channel": "Python-SDK",
            "User-Agent": f"voucherify-python/{__version__}",
        }
        self.cookie = cookie
        if header_name is not None:
            self.set_default_header(header_name, header_value if header_value is not None else "")

    @classmethod
    def get_default(cls) -> ApiClient:
        """The client of resources that are made without one."""
        if ApiClient._default is None:
            new = cls()
            with _CHOOSING:  # one of all threads wins
                ApiClient._default = ApiClient._default or new
        return ApiClient._default

    @classmethod
    def set_default(cls, default: ApiClient | None) -> None:
        """Use `default` for resources that are made without a client; `None` for a new one."""
        ApiClient._default = default

    @property
    def user_agent(self) -> str:
        """The `User-Agent` header."""
        return self.default_headers["User-Agent"]

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.default_headers["User-Agent"] = value

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send this header with every call, instead of one of the same name in any case."""
        for name in [name for name in self.default_headers if name.lower() == header_name.lower()]:
            del self.default_headers[name]
        self.default_headers[header_name] = header_value

    def call(self, operation: Operation[T], options: CallOptions, values: tuple[object, ...]) -> ApiResponse[T]:
        """Carry out `operation` and read its answer. Raises `ApiException` for what goes wrong on the way."""
        request = self._request(operation, options, values)
        raw = self.rest_client.send(request, options.get("_request_timeout"))
        return read_answer(operation, raw, strict=self.configuration.strict_responses)

    def stream(self, operation: Operation[Any], options: CallOptions, values: tuple[object, ...]) -> BaseHTTPResponse:
        """Carry out `operation` and answer urllib3's response, unread, whatever its status.

        The caller reads it and then calls its `release_conn()`.
        """
        return self.rest_client.stream(self._request(operation, options, values), options.get("_request_timeout"))

    def _request(self, operation: Operation[Any], options: CallOptions, values: tuple[object, ...]) -> Request:
        if len(values) < len(operation.parameters) or not _OPTIONS.issuperset(options):
            values += _keyword_only(operation, options, len(values))
        headers = self.default_headers if self.cookie is None else {**self.default_headers, "Cookie": self.cookie}
        given = [*headers, *(options.get("_headers") or ())]
        return build_request(
            operation,
            values,
            options,
            host=self._host(operation, options.get("_host_index")),
            headers=headers,
            credentials=credentials(operation, self.configuration, options.get("_request_auth"), given),
        )

    def _host(self, operation: Operation[Any], index: int | None) -> str:
        own = () if self.configuration.ignore_operation_servers else operation.servers
        hosts, default = operation_hosts(own, self.configuration.host)
        if index is None:
            return hosts[default]
        if isinstance(index, bool) or not isinstance(index, int):
            raise ApiTypeError(f"`_host_index` must be a whole number, not {type(index).__name__}")
        if not 0 <= index < len(hosts):
            raise ApiValueError(f"`_host_index` must be 0 to {len(hosts) - 1} for {operation.name}(), not {index}")
        return hosts[index]

    def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        self.rest_client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ApiClient({self.configuration!r})"


def _keyword_only(operation: Operation[Any], options: CallOptions, positional: int) -> tuple[object, ...]:
    """The arguments that the signature does not have: they come among the options. Raises for what is neither."""
    names = [parameter.name for parameter in operation.parameters[positional:]]
    unknown = options.keys() - _OPTIONS - set(names)
    if unknown:
        listed = ", ".join(f"`{name}`" for name in sorted(unknown))
        raise ApiTypeError(f"{operation.name}() got unexpected keyword arguments: {listed}")
    return tuple(cast("Mapping[str, object]", options).get(name) for name in names)
