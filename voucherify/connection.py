"""Connections of urllib3 that keep to a deadline, whatever the server does.

A socket's own timeout counts anew for each byte that arrives. Here it is set, before each piece that is written or
read, to the time that is left of the call.
"""

from __future__ import annotations

import socket
import ssl
import threading
from concurrent import futures
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import SKIP_HEADER

from voucherify.attempt import current
from voucherify.request import is_header_name, is_plain_text
from voucherify.timed_response import TimedResponse

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

    from urllib3 import HTTPResponse

    from voucherify.attempt import Attempt

_PIECE = 16384
"""Bytes per write: one TLS record, since each write has its own timeout there."""
_LONGEST_IDLE = 50.0
"""Seconds after which a connection is not used again. Load balancers drop theirs after a minute, some without a word,
and what is sent at that moment gets lost."""
_FAIR_SHARE = 2.0
"""Seconds that each address of a host gets for connecting, if there are as many."""

T = TypeVar("T")
Address = tuple[int, int, int, tuple[Any, ...]]
"""Family, type and protocol of a socket, and what to connect it to."""


class _Timed(HTTPConnection):
    """What all connections have in common; `_timed_class` puts it before a class of urllib3."""

    response_class = TimedResponse
    _connecting = False
    _used = 0.0
    _holding = False
    _held = b""
    _reader: io.RawIOBase | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again."""
        if self._reader is not None and not self._reader.closed:
            return False  # given back with an answer that was not read to its end: the next one could not be read
        return monotonic() - self._used < _LONGEST_IDLE and super().is_connected

    def connect(self) -> None:
        attempt = current()
        attempt.until = min(attempt.deadline, monotonic() + attempt.timeouts.connect)
        self.timeout = attempt.seconds()
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False
            attempt.until = attempt.deadline
            if attempt.reader is not None:  # of a proxy's answer, which some versions of http.client leave open
                attempt.reader.close()
        attempt.sockets.add(self.sock)

    def _new_conn(self) -> socket.socket:
        attempt = current()
        # PySocks looks up names without a limit, and counts the time anew for each byte of the proxy.
        sock = _in_time(super()._new_conn, attempt.seconds(), socket.socket.close)
        attempt.sockets.add(sock)
        sock.settimeout(attempt.seconds())  # for the TLS handshake
        return sock

    def request(self, method: str, url: str, body: Any = None, *args: Any, **keywords: Any) -> None:
        """Send a request; its head and a small body together, since they come one after the other."""
        self._used = monotonic()
        self._held = b""
        self._holding = isinstance(body, bytes) and 0 < len(body) <= _PIECE
        super().request(method, url, body, *args, **keywords)

    def putrequest(self, method: str, url: str, *args: Any, **keywords: Any) -> None:
        super().putrequest(method, url + current().query, *args, **keywords)

    def putheader(self, header: Any, *values: Any) -> None:
        """Add a header. What is plain text goes past the checks of urllib3 and `http.client`, which take a while."""
        value = values[0] if len(values) == 1 else None
        if isinstance(value, str) and is_plain_text(value) and value != SKIP_HEADER and is_header_name(header):
            self._output((header + ": " + value).encode("ascii"))  # type: ignore[attr-defined]  # of http.client
        else:
            super().putheader(header, *values)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        response = super().getresponse()
        self._reader = current().reader
        return response

    def send(self, data: Any) -> None:
        attempt = current()
        if self.sock is None:
            self.connect()
        if not self._connecting:  # what goes to a proxy to open a tunnel is not the request
            if self._holding:
                self._holding, self._held = False, data
                return
            if self._held:
                self._held, data = b"", self._held + data
        sock = cast("socket.socket", self.sock)
        for piece in _pieces(data):
            sock.settimeout(attempt.seconds())
            attempt.sent |= not self._connecting
            super().send(piece)


class _Direct(_Timed):
    """Connecting without SOCKS: all addresses of the host share the time."""

    def _new_conn(self) -> socket.socket:
        attempt = current()
        try:
            addresses = _resolved(self._dns_host, self.port, attempt.seconds())
            sock = self._connected(addresses, attempt)
            sock.settimeout(attempt.seconds())  # for the TLS handshake
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, cast("socket.gaierror", error)) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "connecting took too long") from error
        except OSError as error:
            raise NewConnectionError(self, "connecting failed") from error
        attempt.sockets.add(sock)
        return sock

    def _connected(self, addresses: list[Address], attempt: Attempt) -> socket.socket:
        """A socket that is connected to the first address that answers."""
        failure = OSError("the host has no address")
        for index, (family, kind, protocol, address) in enumerate(addresses):
            left = attempt.seconds()
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(min(left, max(left / (len(addresses) - index), _FAIR_SHARE)))
                sock.connect(address)
            except BaseException as error:
                sock.close()
                if not isinstance(error, OSError):
                    raise
                failure = error
            else:
                return sock
        raise failure


def _pieces(data: Any) -> Iterator[Any]:
    if not isinstance(data, bytes) or len(data) <= _PIECE:
        yield data
        return
    view = memoryview(data)
    for start in range(0, len(data), _PIECE):
        yield view[start : start + _PIECE]


def _resolved(host: str, port: int | None, seconds: float) -> list[Address]:
    """The addresses of `host`. Raises `TimeoutError` if looking them up takes longer than `seconds`."""
    host = host.strip("[]")
    try:
        return _looked_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass  # a name
    return _in_time(lambda: _looked_up(host, port, 0), seconds, list.clear)


def _looked_up(host: str, port: int | None, flags: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags)
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]


def _in_time(work: Callable[[], T], seconds: float, discard: Callable[[T], object]) -> T:
    """What `work` answers, if that can't be interrupted. Raises `TimeoutError` after `seconds`.

    A thread waits for it. When time is up it is left behind, and its answer goes to `discard`.
    """
    answer: futures.Future[T] = futures.Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            answer.set_exception(error)

    try:
        threading.Thread(target=run, name="voucherify-connecting", daemon=True).start()
    except RuntimeError:  # no thread to be had, for instance while the interpreter ends
        run()
    if not futures.wait([answer], seconds).done:
        answer.add_done_callback(lambda late: late.exception() or discard(late.result()))
        raise TimeoutError("connecting took too long")
    return answer.result()


class TimedTls(ssl.SSLSocket):
    """TLS to a proxy. Where it carries TLS to a host, urllib3 reads until it can go on, however often that takes.

    The time set here is that of all pieces until another is set, not of each.
    """

    _until: float | None = None

    def settimeout(self, value: float | None) -> None:
        """Let all that follows end in `value` seconds."""
        self._until = None if value is None else monotonic() + value
        super().settimeout(value)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read one piece in the time that is left."""
        if self._until is not None:
            left = self._until - monotonic()
            if left <= 0:
                raise TimeoutError("the time of the call is over")
            super().settimeout(left)
        return super().recv(buflen, flags)


@lru_cache
def timed_class(base: type[HTTPConnection]) -> type[HTTPConnection]:
    """`base`, a connection class of urllib3, with deadlines."""
    mixin = _Timed if base.__module__.endswith(".socks") else _Direct
    return type(f"Timed{base.__name__}", (mixin, base), {})
