"""The body of an answer: read up to a bound, and decompressed up to the same bound."""

from __future__ import annotations

import http.client
import zlib
from typing import TYPE_CHECKING

from voucherify.failures import EXPECTED, causes

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_PIECE = 262_144
"""Bytes to read at once: a page of a list. What came of a piece that breaks off is lost."""
_GZIP = zlib.MAX_WBITS + 16
_OWN = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class BodyError(Exception):
    """A body that can't be had completely."""

    def __init__(self, message: str, raw: bytes = b"", readable: bytes | None = None) -> None:
        super().__init__(message)
        self.raw = raw
        """What came, as it came."""
        self.readable = readable
        """What came, if it needs no decompression."""


class BrokenOffError(BodyError):
    """The connection failed, or the time was over, before the end."""


class TooLargeError(BodyError):
    """It is larger than allowed."""


class UndecodableError(BodyError):
    """It came completely, but is not compressed as its headers say."""


def read(response: BaseHTTPResponse, limit: int | None) -> bytes:
    """The body of `response`, decompressed; its connection can be used again.

    Raises a `BodyError` if it has more than `limit` bytes or is broken; then the connection is closed.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    pieces: list[bytes] = []
    try:
        _receive(response, coding, limit, pieces)
    except BaseException as error:
        # Whatever stopped it: what is left of this answer must not be taken for the next one.
        response.close()
        response.release_conn()
        if isinstance(error, TooLargeError) or not isinstance(error, EXPECTED):
            raise
        came = b"".join([*pieces, *_left_in(error)])
        raise BrokenOffError("cut off", came, came if coding in ("", "identity") else None) from error
    return decoded(pieces[0] if len(pieces) == 1 else b"".join(pieces), coding, limit)


def _receive(response: BaseHTTPResponse, coding: str, limit: int | None, pieces: list[bytes]) -> None:
    """Add the body to `pieces` as it comes. Compressions that are unknown here are left to urllib3."""
    foreign = coding not in _OWN and coding not in ("", "identity") and "," not in coding
    expected: int | None = getattr(response, "length_remaining", None)  # not declared in older releases of urllib3
    if limit is not None and expected is not None and expected > limit:
        raise TooLargeError(f"{expected} bytes")
    if expected is not None and expected <= _PIECE and not foreign and _is_bounded(response):
        pieces.append(response.read(decode_content=False))  # with a bound, urllib3 would copy it
        return
    size = 0
    while piece := response.read(_PIECE if limit is None else min(_PIECE, limit - size + 1), decode_content=foreign):
        pieces.append(piece)
        size += len(piece)
        if limit is not None and size > limit:
            raise TooLargeError("too many bytes")
        if size == expected and not foreign:
            break  # else there would be one more read, to find that nothing is left


def _is_bounded(response: BaseHTTPResponse) -> bool:
    """Whether `http.client` reads the length as urllib3 does: of others it reads to the end, without a bound."""
    return response.headers.get("Content-Length", "").isdecimal()


def _left_in(error: BaseException) -> list[bytes]:
    """What `http.client` had read of a body in chunks, and of the chunk that broke off, when it gave up."""
    found = [cause for cause in causes(error) if isinstance(cause, http.client.IncompleteRead)]
    return [cause.partial for cause in found if isinstance(cause.partial, bytes)]  # urllib3 has a number there


def decoded(data: bytes, coding: str, limit: int | None) -> bytes:
    """`data` without the compression `coding`, a lower-case value of the header `Content-Encoding`.

    Raises `UndecodableError` or `TooLargeError`.
    """
    if not data or coding in ("", "identity"):
        return data
    if "," in coding:  # nobody needs this, and it multiplies what a small body can grow to
        raise UndecodableError("several compressions at once", data)
    if coding not in _OWN:
        return data
    try:
        return _inflated(data, _OWN[coding], limit)
    except zlib.error as error:
        if coding == "deflate":  # by the standard with a zlib header, but in practice also without
            try:
                return _inflated(data, -zlib.MAX_WBITS, limit)
            except zlib.error:
                pass
        raise UndecodableError("broken compression", data) from error


def _inflated(data: bytes, window_bits: int, limit: int | None) -> bytes:
    """Decompress all members of `data`. What follows the last one and is none is padding, and left out."""
    output: list[bytes] = []
    size = members = 0
    stream = zlib.decompressobj(window_bits)
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        while piece:
            if stream.eof:
                stream = zlib.decompressobj(window_bits)
            try:
                found = stream.decompress(piece, 0 if limit is None else limit - size + 1)
            except zlib.error:
                if members == 0:
                    raise
                return b"".join(output)
            output.append(found)
            size += len(found)
            if limit is not None and size > limit:
                raise TooLargeError("too many bytes")
            members += stream.eof
            piece = stream.unused_data
    if not stream.eof:
        raise zlib.error("cut off")
    return b"".join(output)
