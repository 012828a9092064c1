"""What a client needs to know: the host, the keys, and how to get there."""

from __future__ import annotations

import copy
import logging
import os
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

from voucherify import host_settings
from voucherify._lazy import let_forks_wait
from voucherify.exceptions import ApiTypeError
from voucherify.version import API_VERSION, __version__

if TYPE_CHECKING:
    from typing_extensions import Self

    from voucherify.host_settings import HostSetting
    from voucherify.retry import RetryPolicy

KEY_VARIABLES = {
    "X-App-Id": "VOUCHERIFY_APP_ID",
    "X-App-Token": "VOUCHERIFY_APP_TOKEN",
    "X-Client-Application-Id": "VOUCHERIFY_CLIENT_APPLICATION_ID",
    "X-Client-Token": "VOUCHERIFY_CLIENT_TOKEN",
    "X-Management-Id": "VOUCHERIFY_MANAGEMENT_ID",
    "X-Management-Token": "VOUCHERIFY_MANAGEMENT_TOKEN",
}
"""Header of each key, and the environment variable that it is read from where none is given."""

HOST_VARIABLE = "VOUCHERIFY_HOST"

_CHOOSING = threading.Lock()
let_forks_wait()  # again, since forks hold a lock of logging's that the next line takes
_LOGGER = logging.getLogger("voucherify")
_LOGGER.addHandler(logging.NullHandler())  # what is logged is shown where the application sets up logging


class Configuration:
    """Settings of one or more clients.

    What is absent comes from the environment: the host from `VOUCHERIFY_HOST`, the keys from `VOUCHERIFY_APP_ID` and
    `VOUCHERIFY_APP_TOKEN`, `VOUCHERIFY_CLIENT_APPLICATION_ID` and `VOUCHERIFY_CLIENT_TOKEN`,
    `VOUCHERIFY_MANAGEMENT_ID` and `VOUCHERIFY_MANAGEMENT_TOKEN`. Attributes may be changed at any time; what concerns
    connections (TLS, proxy, pool) counts from the client's first call on.

    :param host: URL of the API, without a path of an endpoint. Default: `https://api.voucherify.io`.
    :param api_key: keys by the name of their header, such as `X-App-Id`. The mapping is copied.
    :param api_key_prefix: text to put before a key, separated by a space, by the name of the header.
    :param username: for `get_basic_auth_token()`; no operation of this API sends it.
    :param password: likewise.
    :param access_token: OAuth token, sent as `Authorization: Bearer` instead of the app keys.
    :param server_index: which of `get_host_settings()` to use where no host is given, from 0.
    :param server_variables: values for the variables of that server's URL: `{"cluster": "us1.api"}`.
    :param server_operation_index: not used by this API; kept for compatibility.
    :param server_operation_variables: not used by this API; kept for compatibility.
    :param ignore_operation_servers: send all operations to `host`, also those that have servers of their own.
    :param ssl_ca_cert: path of a file with the certificates to trust, instead of the system's.
    :param retries: `None` for the default policy, `False` or 0 for none, a number of further tries, or a `RetryPolicy`.
    :param debug: log each request at DEBUG level; never keys or bodies.
    :param connect_timeout: seconds for each attempt to connect.
    :param timeout: seconds for a whole call, all tries and waits included; `None` for no limit.
    :param max_response_size: refuse answers of more bytes; `None` for no limit.
    :param strict_responses: raise where an answer does not fit its model, instead of keeping its values as sent.
    """

    _default: ClassVar[Configuration | None] = None

    def __init__(
        self,
        host: str | None = None,
        api_key: Mapping[str, str] | None = None,
        api_key_prefix: Mapping[str, str] | None = None,
        username: str | None = None,
        password: str | None = None,
        access_token: str | None = None,
        server_index: int | None = None,
        server_variables: Mapping[str, str] | None = None,
        server_operation_index: Mapping[int, int] | None = None,
        server_operation_variables: Mapping[int, Mapping[str, str]] | None = None,
        ignore_operation_servers: bool = False,
        ssl_ca_cert: str | None = None,
        retries: int | bool | RetryPolicy | None = None,
        *,
        debug: bool | None = None,
        connect_timeout: float = 10.0,
        timeout: float | None = 120.0,
        max_response_size: int | None = 256 * 1024 * 1024,
        strict_responses: bool = False,
    ) -> None:
        self.server_index = 0 if server_index is None else server_index
        self.server_variables = dict(server_variables or {})
        self.server_operation_index = dict(server_operation_index or {})
        self.server_operation_variables = dict(server_operation_variables or {})
        self.ignore_operation_servers = ignore_operation_servers

        self.api_key: MutableMapping[str, str] = _copied("api_key", api_key)
        for header, variable in KEY_VARIABLES.items():
            if header not in self.api_key and os.environ.get(variable):
                self.api_key[header] = os.environ[variable]
        self.api_key_prefix: MutableMapping[str, str] = _copied("api_key_prefix", api_key_prefix)
        self.refresh_api_key_hook: Callable[[Configuration], object] | None = None
        """Called with the configuration before a key is read, so that it can put a fresh one into `api_key`."""
        self.username = username
        self.password = password
        self.access_token = access_token

        self.verify_ssl = True
        """Whether to check the server's certificate. Leave it on: keys and money travel here."""
        self.ssl_ca_cert = ssl_ca_cert
        self.cert_file: str | None = None
        """Path of a client certificate."""
        self.key_file: str | None = None
        """Path of its key."""
        self.assert_hostname: str | bool | None = None
        """Name to expect in the server's certificate instead of the host's."""
        self.tls_server_name: str | None = None
        """Name to send for SNI instead of the host's."""
        self.proxy: str | None = None
        """URL of a proxy; `None` for that of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`)."""
        self.proxy_headers: Mapping[str, str] | None = None
        self.connection_pool_maxsize = 100
        """Connections kept per host, and the most that are open at once."""
        self.socket_options: list[tuple[int, int, int | bytes]] | None = None
        self.connect_timeout = connect_timeout
        self.timeout = timeout
        self.max_response_size = max_response_size
        self.retries = retries
        self.strict_responses = strict_responses

        self.logger: dict[str, logging.Logger] = {"package_logger": _LOGGER}
        self._logger_file: str | None = None
        self._logger_file_handler: logging.Handler | None = None
        self._logger_format = "%(asctime)s %(levelname)s %(message)s"
        self._debug = False
        if debug is not None:
            self.debug = debug

        self._host: str | None = None
        if host is not None:
            self.host = host
        elif os.environ.get(HOST_VARIABLE):
            self.host = os.environ[HOST_VARIABLE]

    # -- the default -------------------------------------------------------------------------------------------------

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Use `default` for clients that are made without a configuration; `None` for a new one."""
        Configuration._default = default

    @classmethod
    def get_default(cls) -> Configuration:
        """The configuration of clients that are made without one, itself."""
        if Configuration._default is None:
            new = cls()
            with _CHOOSING:  # one of all threads wins
                Configuration._default = Configuration._default or new
        return Configuration._default

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """A copy of `get_default()`, free to be changed."""
        return copy.deepcopy(cls.get_default())

    # -- the host ----------------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """URL of the API, without a slash at its end. Setting it raises `ApiValueError` for what is no such URL."""
        return self.get_host_from_settings(self.server_index) if self._host is None else self._host

    @host.setter
    def host(self, value: str) -> None:
        self._host = host_settings.normalised(value)

    def get_host_settings(self) -> list[HostSetting]:
        """The servers of the API: URL template, description, and the variables in the URL."""
        return host_settings.servers()

    def get_host_from_settings(
        self,
        index: int | None,
        variables: Mapping[str, str] | None = None,
        servers: list[HostSetting] | None = None,
    ) -> str:
        """URL of server `index`; `variables` default to `server_variables`.

        Raises `ApiValueError` for an index or a value that the server list does not have.
        """
        variables = self.server_variables if variables is None else variables
        return host_settings.url(self.get_host_settings() if servers is None else servers, index or 0, variables)

    # -- authentication ----------------------------------------------------------------------------------------------

    def get_api_key_with_prefix(self, identifier: str, alias: str | None = None) -> str | None:
        """The key `identifier` (or `alias`), with its prefix if there is one; `None` if it is not set.

        White space around a key is dropped, since it comes from copying and is never part of one.
        """
        if self.refresh_api_key_hook is not None:
            self.refresh_api_key_hook(self)
        key = self.api_key.get(identifier, self.api_key.get(alias) if alias is not None else None)
        if key is None:
            return None
        if not isinstance(key, str):
            raise ApiTypeError(f"the key `{identifier}` must be text, not {type(key).__name__}")
        key = key.strip()
        prefix = self.api_key_prefix.get(identifier)
        return f"{prefix} {key}" if prefix and key else key or None

    def get_basic_auth_token(self) -> str | None:
        """Value of an `Authorization` header for `username` and `password`; `None` if neither is set."""
        if self.username is None and self.password is None:
            return None
        import base64

        return "Basic " + base64.b64encode(f"{self.username or ''}:{self.password or ''}".encode()).decode()

    def auth_settings(self) -> dict[str, dict[str, str | None]]:
        """The keys that are set, by header: `type`, `in`, `key` and `value`."""
        settings: dict[str, dict[str, str | None]] = {}
        for header in KEY_VARIABLES:
            if header in self.api_key:
                value = self.get_api_key_with_prefix(header)
                settings[header] = {"type": "api_key", "in": "header", "key": header, "value": value}
        if self.access_token is not None:
            settings["OAuth"] = {
                "type": "bearer",
                "in": "header",
                "key": "Authorization",
                "value": f"Bearer {self.access_token}",
            }
        return settings

    # -- logging -----------------------------------------------------------------------------------------------------

    @property
    def debug(self) -> bool:
        """Whether each request is logged, at DEBUG level, by the logger `voucherify`. No other logger is touched."""
        return self._debug

    @debug.setter
    def debug(self, value: bool) -> None:
        if value != self._debug:
            _LOGGER.setLevel(logging.DEBUG if value else logging.NOTSET)
        self._debug = value

    @property
    def logger_file(self) -> str | None:
        """Path of a file that the log is also written to; `None` for none."""
        return self._logger_file

    @logger_file.setter
    def logger_file(self, value: str | None) -> None:
        if self._logger_file_handler is not None:
            _LOGGER.removeHandler(self._logger_file_handler)
            self._logger_file_handler.close()
            self._logger_file_handler = None
        self._logger_file = value
        if value is not None:
            self._logger_file_handler = logging.FileHandler(value, encoding="utf-8", delay=True)
            self._logger_file_handler.setFormatter(logging.Formatter(self._logger_format))
            _LOGGER.addHandler(self._logger_file_handler)

    @property
    def logger_format(self) -> str:
        """Format of the lines in `logger_file`, in the style of `logging.Formatter`."""
        return self._logger_format

    @logger_format.setter
    def logger_format(self, value: str) -> None:
        self._logger_format = value
        if self._logger_file_handler is not None:
            self._logger_file_handler.setFormatter(logging.Formatter(value))

    def to_debug_report(self) -> str:
        """What to put into a bug report: versions and system, no settings."""
        import platform

        return (
            f"voucherify {__version__}, API {API_VERSION}\n"
            f"Python {platform.python_version()} ({platform.python_implementation()}) on {platform.platform()}"
        )

    # -- as an object ------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        """The host and which keys are set, never their values."""
        keys = ", ".join(f"{name}=***" for name in self.api_key)
        token = ", access_token=***" if self.access_token is not None else ""
        return f"Configuration(host={self.host!r}, api_key={{{keys}}}{token})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_logger_file_handler": None, "_logger_file": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._debug:  # the level of the logger belongs to the process
            _LOGGER.setLevel(logging.DEBUG)

    def __copy__(self) -> Self:
        """A copy whose mappings and lists are its own; hooks, loggers and policies are shared."""
        duplicate = object.__new__(type(self))
        for name, value in self.__dict__.items():
            duplicate.__dict__[name] = copy.copy(value) if isinstance(value, (dict, list)) else value
        return duplicate

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()


def _copied(name: str, value: Mapping[str, str] | None) -> dict[str, str]:
    if value is not None and not isinstance(value, Mapping):
        raise ApiTypeError(f"`{name}` must be a mapping from header names to text, not {type(value).__name__}")
    return dict(value or {})
