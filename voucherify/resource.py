"""The base of the generated classes in `voucherify.api`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from voucherify.api_client import ApiClient

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from voucherify.api_response import ApiResponse
    from voucherify.operation import CallOptions, Operation

T = TypeVar("T")


class Resource:
    """One resource of the API. Without a client it uses `ApiClient.get_default()`."""

    def __init__(self, api_client: ApiClient | None = None) -> None:
        self.api_client = ApiClient.get_default() if api_client is None else api_client

    def _call(self, operation: Operation[T], options: CallOptions, *values: object) -> ApiResponse[T]:
        return self.api_client.call(operation, options, values)

    def _stream(self, operation: Operation[T], options: CallOptions, *values: object) -> BaseHTTPResponse:
        return self.api_client.stream(operation, options, values)
