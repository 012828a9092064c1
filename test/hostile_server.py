"""A server on loopback that does to each request what a script says, byte by byte.

A script is a list of behaviours. Each request (each connection, for its first request) takes the next one, and the
last one serves all that follow. A behaviour is a function that gets the `Peer` and returns whether the connection
stays open.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


@dataclass
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    """Number of the connection, from 0."""

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class HungUpError(Exception):
    """The client closed the connection, or the server is being stopped."""


@dataclass
class Peer:
    """The server's end of one connection."""

    server: HostileServer
    sock: socket.socket
    number: int
    buffer: bytes = b""

    def receive(self) -> bytes:
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise HungUpError from error
        if not data:
            raise HungUpError
        return data

    def request(self) -> Received:
        """Read one request and note it."""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.receive()
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        content = bytearray(rest)
        while len(content) < length:
            content += self.receive()
        self.buffer = bytes(content[length:])
        received = Received(method, target, headers, bytes(content[:length]), self.number)
        self.server.requests.append(received)
        return received

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise HungUpError from error

    def reset(self) -> bool:
        """Close so that the client's system reports "connection reset"."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        return False

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than until the server is stopped."""
        if self.server.stopping.wait(seconds):
            raise HungUpError


@dataclass
class HostileServer:
    """Use it as a context manager."""

    script: list[Callable[[Peer], bool]]
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    now_open: set[int] = field(default_factory=set)
    most_open: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = 0
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://localhost:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()
        for sock in self._socks:
            sock.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number, self.connections = self.connections, self.connections + 1
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        if self.tls is not None:
            try:
                sock = self.tls.wrap_socket(sock, server_side=True)
            except OSError:  # the client does not like the certificate
                sock.close()
                return
        with self._lock:
            self._socks.append(sock)
            self.now_open.add(number)
            self.most_open = max(self.most_open, len(self.now_open))
        peer = Peer(self, sock, number)
        try:
            while not self.stopping.is_set() and self._behaviour()(peer) and self._another(peer):
                pass
        except HungUpError:
            pass
        finally:
            self.now_open.discard(number)
            sock.close()

    def _behaviour(self) -> Callable[[Peer], bool]:
        with self._lock:
            turn, self._turn = self._turn, self._turn + 1
        return self.script[min(turn, len(self.script) - 1)]

    def _another(self, peer: Peer) -> bool:
        """Wait until more comes over the connection, a request or its end."""
        while not peer.buffer and not self.stopping.is_set():
            if select.select([peer.sock], [], [], 0.05)[0]:
                peer.buffer += peer.receive()
        return bool(peer.buffer)


def head(status: int = 200, *headers: str, reason: str = "Reason") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *headers, "", ""]).encode("latin-1")


def full(body: bytes = b"{}", status: int = 200, *headers: str) -> bytes:
    """A complete answer."""
    return head(status, "Content-Type: application/json", f"Content-Length: {len(body)}", *headers) + body


def answer(body: bytes = b"{}", status: int = 200, *headers: str, after: float = 0) -> Callable[[Peer], bool]:
    """Read the request, answer properly, keep the connection."""

    def behave(peer: Peer) -> bool:
        peer.request()
        peer.wait(after) if after else None
        peer.send(full(body, status, *headers))
        return True

    return behave


def raw(data: bytes, *, then: str = "close") -> Callable[[Peer], bool]:
    """Read the request, send `data`, and then `close`, `reset`, `hang`, or `keep` the connection."""

    def behave(peer: Peer) -> bool:
        peer.request()
        if data:
            peer.send(data)
        if then == "reset":
            time.sleep(0.05)  # else the client's system throws away what was sent
            return peer.reset()
        if then == "hang":
            peer.wait(30)
        return then == "keep"

    return behave


def reset_at_once(peer: Peer) -> bool:
    """Reset as soon as something comes, without reading it."""
    while not select.select([peer.sock], [], [], 0.05)[0]:
        peer.wait(0)
    return peer.reset()


def reset_in_body(peer: Peer) -> bool:
    """Read a little of the request and reset."""
    peer.receive()
    return peer.reset()


def never_read(peer: Peer) -> bool:
    peer.wait(30)
    return False


def drip(data: bytes, every: float = 0.05, *, first: bytes = b"") -> Callable[[Peer], bool]:
    """Read the request, send `first` at once and `data` a byte at a time."""

    def behave(peer: Peer) -> bool:
        peer.request()
        if first:
            peer.send(first)
        for position in range(len(data)):
            peer.send(data[position : position + 1])
            peer.wait(every)
        return True

    return behave


def relay(first: socket.socket, second: socket.socket, stopping: threading.Event) -> None:
    """Pass on what comes, both ways, until one side closes."""
    other = {first: second, second: first}
    with contextlib.suppress(OSError):
        while not stopping.is_set():
            for ready in select.select([first, second], [], [], 0.05)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)


def tunnel(peer: Peer) -> bool:
    """Be a proxy: answer CONNECT and pass on everything."""
    host, _, port = peer.request().target.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        relay(peer.sock, upstream, peer.server.stopping)
    return False


@contextlib.contextmanager
def serving(*script: Callable[[Peer], bool], tls: ssl.SSLContext | None = None) -> Iterator[HostileServer]:
    with HostileServer(list(script), tls) as server:
        yield server


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def black_hole() -> tuple[socket.socket, list[socket.socket]]:
    """A listener whose queue is full, so that the system answers no further connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    time.sleep(0.05)
    return listener, fillers


BROKEN: dict[str, Callable[[Peer], bool]] = {
    "reset before the request is read": reset_at_once,
    "reset while the request is read": reset_in_body,
    "reset after the request": raw(b"", then="reset"),
    "closed without an answer": raw(b""),
    "bad status line": raw(b"SSH-2.0-OpenSSH\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le", then="reset"),
    "truncated answer": raw(head(200, "Content-Type: application/json", "Content-Length: 100") + b'{"object"'),
    "truncated chunk": raw(head(200, "Transfer-Encoding: chunked") + b'ff\r\n{"object"'),
}
"""Ways to fail after which nobody knows whether the request was carried out."""
