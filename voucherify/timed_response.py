"""Answers of `http.client` that are read in time, and their heads in one go."""

from __future__ import annotations

import http.client
import io
import re
from typing import TYPE_CHECKING, Any, cast

from voucherify.attempt import current
from voucherify.request import HEADER_NAME, HEADER_VALUE

if TYPE_CHECKING:
    import socket

    from _typeshed import WriteableBuffer

    from voucherify.attempt import Attempt

_PROCESSING, _LAST_INTERIM = 102, 199
"""Statuses of interim answers, but for 100 and 101."""
_MOST_HEADERS = 100
"""As in `http.client`."""
_WITHOUT_BODY = (204, 304)
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})

_HEAD = re.compile(
    rf"HTTP/1\.1 ([2-5][0-9][0-9]) ({HEADER_VALUE})\r\n((?:{HEADER_NAME}:{HEADER_VALUE}\r\n)*)\r\n".encode("ascii")
)
_HEADER = re.compile(r"([^:]+):[\t ]*(.*)\r\n")
_LENGTH = re.compile("[0-9]{1,18}")


def _framing(headers: list[tuple[str, str]]) -> tuple[bool, int | None] | None:
    """Whether the body comes in chunks, and else its length; `None` if the headers leave a doubt or end the connection.

    Several at once, and all that is not as usual, are left to `http.client`, and so to `body`.
    """
    given = [(key, value) for name, value in headers if (key := name.lower()) in _FRAMING]
    framing = dict(given)
    if len(framing) != len(given) or framing.pop("connection", "keep-alive").lower() != "keep-alive":
        return None
    if framing == {"transfer-encoding": "chunked"}:
        return True, None
    length = framing.pop("content-length", "")
    return (False, int(length)) if not framing and _LENGTH.fullmatch(length) else None


class _TimedReader(io.RawIOBase):
    """What the server sends, read in time."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._socket = sock
        self._raw = cast("io.RawIOBase", sock.makefile("rb", buffering=0))
        self._attempt = attempt
        self.ended = False
        """Whether the server has closed the connection, and that was read."""

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._socket.settimeout(self._attempt.seconds())
        count = self._socket.recv_into(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        super().close()
        self._raw.close()


class _TimedSource:
    """What `http.client` takes for a socket to read an answer from."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self.reader = attempt.reader = _TimedReader(sock, attempt)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.reader)


class _Headers(http.client.HTTPMessage):
    """Headers that need no more parsing."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            self.set_raw(name, value)

    def items(self) -> list[tuple[str, str]]:
        return list(self.raw_items())


class TimedResponse(http.client.HTTPResponse):
    """An answer that is read in the time of the attempt that it was asked for in, also later on."""

    def __init__(self, sock: socket.socket, *args: Any, **keywords: Any) -> None:
        source = _TimedSource(sock, current())
        super().__init__(cast("socket.socket", source), *args, **keywords)
        self._reader = source.reader

    def begin(self) -> None:
        """Read the head.

        `http.client` takes one that breaks off for complete, and so, often, for an empty answer. And it reads headers
        with the parser for mail, which takes a fifth of the time of a call: it gets to see unusual heads only.
        """
        if self._read_usual_head():
            return
        super().begin()
        if self._reader.ended:
            raise http.client.IncompleteRead(b"")

    def _read_usual_head(self) -> bool:
        """Read the head if it is here at once, well-formed, and plain about where the body ends. Else read nothing."""
        head = _HEAD.match(self.fp.peek())
        if head is None or self._method == "HEAD" or self.debuglevel > 0:  # type: ignore[attr-defined]
            return False
        status = int(head[1])
        pairs: list[tuple[str, str]] = _HEADER.findall(head[3].decode("latin-1"))
        framing = _framing(pairs)
        if framing is None or status in _WITHOUT_BODY or len(pairs) > _MOST_HEADERS:
            return False
        self.fp.read(head.end())
        self.version = 11
        self.code = self.status = status
        self.reason = head[2].decode("latin-1").strip()
        self.headers = self.msg = _Headers(pairs)
        self.chunked, self.length = framing
        self.chunk_left = None
        self.will_close = False
        return True

    def _read_status(self) -> tuple[str, int, str]:
        """Read past all that is said before the answer; `http.client` itself only knows 100."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not _PROCESSING <= status <= _LAST_INTERIM:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def _read_next_chunk_size(self) -> int:
        """`http.client` takes -1, which means to it all that the server will ever send."""
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:
            raise ValueError("a negative size")
        return size
