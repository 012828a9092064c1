"""The connections of one client in one process, by host: TLS, proxies, and what happens to them at a fork."""

from __future__ import annotations

import functools
import os
import queue
import ssl
import threading
from base64 import b64encode
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote
from weakref import WeakSet

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import LocationValueError
from urllib3.util import parse_url

from voucherify.connection import TimedTls, timed_class
from voucherify.exceptions import ApiValueError
from voucherify.request import checked_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.util import Url

    from voucherify.configuration import Configuration
    from voucherify.retry import RetryBudget

_MOST_HOSTS = 1000
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


class Slots:
    """A semaphore, without the Python code of `threading.Semaphore` that all threads would wait for."""

    def __init__(self, number: int) -> None:
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(number):
            self._free.put(None)
        self.release = functools.partial(self._free.put, None)

    def acquire(self, timeout: float | None = None) -> bool:
        """Take a slot, within `timeout` seconds if that is given. False if none gets free."""
        try:
            self._free.get(timeout=timeout)
        except queue.Empty:
            return False
        return True


class Pool:
    """The connections to one host."""

    def __init__(self, connections: urllib3.HTTPConnectionPool, slots: int, prefix: str) -> None:
        self.connections = connections
        connections.ConnectionCls = cast("Any", timed_class(cast("Any", connections.ConnectionCls)))
        self.slots = Slots(slots)
        """Taken by a call for as long as it uses a connection. urllib3's own way to wait for a connection loses one
        for good whenever an answer is not given back."""
        self.prefix = prefix
        """What to put before a path: the host, for proxies that forward; mostly nothing."""


class Pools:
    """The connections of one client in one process. Cheap to make: connections come with the first call."""

    def __init__(self, configuration: Configuration, budget: RetryBudget) -> None:
        self.budget = budget
        self.sockets: WeakSet[Any] = WeakSet()
        """All sockets that were opened, so that a forked child can let go of them."""
        self._configuration = configuration
        self._pools: dict[tuple[str, bool], Pool] = {}
        self._managers: dict[tuple[str | None, bool], urllib3.PoolManager] = {}
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        _ALL.add(self)

    def get(self, origin: str, *, streaming: bool) -> Pool:
        """The connections to `origin` (scheme, host and port of a URL).

        Answers that callers read by themselves have connections of their own: nobody knows how long they keep them.
        """
        pool = self._pools.get((origin, streaming))
        if pool is None:
            with self._lock:
                pool = self._pools.get((origin, streaming))
                if pool is None:
                    pool = self._pools[origin, streaming] = self._open(origin, streaming=streaming)
        return pool

    def _open(self, origin: str, *, streaming: bool) -> Pool:
        url = _parsed(origin)
        if url is None:
            raise ApiValueError("the host of a request is malformed")
        if url.scheme not in ("http", "https") or not url.host or url.auth is not None:
            raise ApiValueError("the URL of a request must be http or https, with a host and without a user")
        configuration = self._configuration
        proxy = configuration.proxy or _proxy_of_environment(url.scheme, url.netloc or "")
        manager = self._managers.get((proxy, streaming))
        if manager is None:
            manager = self._managers[proxy, streaming] = self._manager(proxy)
        options: dict[str, Any] = {}
        if url.scheme == "https":
            options = {
                "ssl_context": self._tls(client_certificate=True),
                "assert_hostname": None if configuration.assert_hostname is True else configuration.assert_hostname,
                "server_hostname": configuration.tls_server_name,
            }
        elif manager.proxy is not None and manager.proxy.scheme == "https":
            options = {"ssl_context": self._tls(client_certificate=False)}
        connections = manager.connection_from_host(url.host, url.port, url.scheme, pool_kwargs=options)
        forwarding = manager.proxy is not None and url.scheme == "http"
        return Pool(connections, _slots(configuration), origin if forwarding else "")

    def _manager(self, proxy: str | None) -> urllib3.PoolManager:
        configuration = self._configuration
        options: dict[str, Any] = {"maxsize": _slots(configuration), "num_pools": _MOST_HOSTS}
        if configuration.socket_options is not None:
            defaults: Any = HTTPConnection.default_socket_options  # declared with a bare Final in some releases
            options["socket_options"] = [*defaults, *configuration.socket_options]
        if proxy is None:
            return urllib3.PoolManager(**options)
        url = _proxy_url(proxy)
        if url.scheme not in ("http", "https"):
            return _socks_manager(url, options)
        if url.scheme == "https":
            options["proxy_ssl_context"] = self._tls(client_certificate=False)
        headers = _proxy_headers(url, configuration.proxy_headers)
        return urllib3.ProxyManager(url._replace(auth=None).url, proxy_headers=headers, **options)

    def _tls(self, *, client_certificate: bool) -> ssl.SSLContext:
        """How to speak TLS to servers, or, without a client certificate, to proxies."""
        if client_certificate not in self._contexts:
            context = tls_context(self._configuration, client_certificate=client_certificate)
            if not client_certificate:
                context.sslsocket_class = TimedTls
            self._contexts[client_certificate] = context
        return self._contexts[client_certificate]

    def close(self) -> None:
        """Close what is not in use. Connections in use are closed when their call is done."""
        for pool in list(self._pools.values()):
            pool.connections.close()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's connections without a word to the server.

        Other threads of the parent may have held any lock at the fork, so that none is touched here.
        """
        for sock in list(self.sockets):
            descriptor = getattr(sock, "socket", sock).detach()  # of TLS within TLS, the outer one
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        for pool in self._pools.values():
            waiting = pool.connections.pool
            if waiting is not None:
                queue.LifoQueue.__init__(waiting, 0)  # with new locks: urllib3 empties it at exit


def _abandon_all() -> None:
    """In a forked child, at once: it may never use the client, but it would keep connections open and empty pools."""
    for pools in list(_ALL):
        pools.abandon()


_ALL: WeakSet[Pools] = WeakSet()

if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_abandon_all)


def _slots(configuration: Configuration) -> int:
    """How many connections to a host there may be."""
    slots = configuration.connection_pool_maxsize
    if isinstance(slots, bool) or not isinstance(slots, int) or slots < 1:
        raise ApiValueError("`connection_pool_maxsize` must be a whole number above 0")
    return slots


def tls_context(configuration: Configuration, *, client_certificate: bool) -> ssl.SSLContext:
    """How to check servers, and what to show them. Raises `ApiValueError` for files that can't be used."""
    try:
        context = ssl.create_default_context(**_authorities(configuration.ssl_ca_cert))
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if client_certificate and configuration.cert_file is not None:
            context.load_cert_chain(configuration.cert_file, configuration.key_file, _no_password)
    except ApiValueError:
        raise
    except (OSError, ValueError) as error:
        raise ApiValueError("`ssl_ca_cert`, `cert_file` or `key_file` can't be used") from error
    return context


def _authorities(setting: Any) -> dict[str, Any]:
    """Which certificates to trust: those in a file or folder, or those that `setting` itself consists of."""
    if setting is None:
        return {}
    if isinstance(setting, bytes):
        return {"cadata": setting.decode("ascii") if b"-----BEGIN" in setting else setting}
    if isinstance(setting, str) and "-----BEGIN" in setting:
        return {"cadata": setting}
    from pathlib import Path

    return {"capath": setting} if Path(setting).is_dir() else {"cafile": setting}


def _no_password() -> str:
    """Without this, OpenSSL would ask for it on the terminal."""
    raise ApiValueError("`key_file` is protected by a password: give it without one")


def _socks_manager(url: Url, options: dict[str, Any]) -> urllib3.PoolManager:
    if find_spec("socks") is None:  # asked first, since urllib3 warns before it fails
        raise ApiValueError("a SOCKS proxy needs the package PySocks: pip install PySocks")
    from urllib3.contrib.socks import SOCKSProxyManager

    user, password = _user(url)
    return SOCKSProxyManager(url._replace(auth=None).url, user, password, **options)


def _proxy_url(text: str) -> Url:
    """Parse the URL of a proxy. The exception does not show it: it may hold a password."""
    url = _parsed(text if "://" in text else f"http://{text}")
    if url is None:
        raise ApiValueError("the URL of the proxy is malformed")
    if not url.host or url.scheme not in ("http", "https", "socks5h", "socks5", "socks4a", "socks4"):
        raise ApiValueError("the proxy must be a URL with http, https, socks5h, socks5, socks4a or socks4, and a host")
    return url


def _parsed(text: str) -> Url | None:
    """`text` as a URL; `None` if it is none. An exception would have the text, and a password, in its context."""
    try:
        return parse_url(text)
    except LocationValueError:
        return None


def _proxy_headers(url: Url, given: Mapping[str, str] | None) -> dict[str, str]:
    """What to send to the proxy, and to nobody else: `given`, and the user and password of its URL."""
    headers = checked_headers((given or {}).items())
    if url.auth is not None and not any(name.lower() == "proxy-authorization" for name in headers):
        token = b64encode(":".join(part or "" for part in _user(url)).encode()).decode()
        headers["Proxy-Authorization"] = f"Basic {token}"
    return headers


def _user(url: Url) -> tuple[str | None, str | None]:
    """User and password in a URL."""
    if url.auth is None:
        return None, None
    user, colon, password = url.auth.partition(":")
    return unquote(user), unquote(password) if colon else None


def _proxy_of_environment(scheme: str, host: str) -> str | None:
    """The proxy that environment variables name for this host."""
    if not any(value and name.lower() in _PROXY_VARIABLES for name, value in os.environ.items()):
        return None
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all")
