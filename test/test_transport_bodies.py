"""Answers and their bodies: how they are framed, how they are compressed, how large they may be."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib

import pytest
from hostile_server import answer, full, head, raw, serving
from transport_calls import BODY, client, get, post

from voucherify.exceptions import ResponseTooLargeException, UnreadableResponseException

# -- framings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 299, 301, 302, 303, 307, 308, 304, 400, 404, 418, 500, 999])
def test_any_status_is_an_answer(status: int) -> None:
    body = b"" if status == 304 else BODY
    with serving(answer(body, status, "Location: /elsewhere")) as server, client(retries=0) as sender:
        for _ in range(2):
            found = sender.send(get(server.url))
            assert (found.status, found.data) == (status, body)
    assert len(server.requests) == 2
    assert server.connections == 1


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x;a=b\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return head(200, "Transfer-Encoding: chunked") + framed


@pytest.mark.parametrize(
    ("data", "reused"),
    [
        (full(BODY), True),
        (head(204), True),
        (head(200, "Content-Length: 0"), True),
        (chunked(BODY[:5], BODY[5:]), True),
        (chunked(), True),
        (head(200) + BODY, False),
        (head(200, "Connection: close", f"Content-Length: {len(BODY)}") + BODY, False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + full(BODY), True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 19\r\n\r\n" + BODY, False),
    ],
)
def test_framings(data: bytes, reused: bool) -> None:
    with serving(raw(data, then="keep" if reused else "close")) as server, client(retries=0) as sender:
        found = [sender.send(post(server.url)).data for _ in range(3)]
    assert found in ([BODY] * 3, [b""] * 3)
    assert (found[0] == b"") is (BODY not in data and BODY[5:] not in data)
    assert server.connections == (1 if reused else 3)


def test_what_follows_an_answer_is_never_the_next_one() -> None:
    forged = full(b'{"forged": true}')
    with serving(raw(full(BODY) + forged, then="keep"), answer(b"2")) as server, client() as sender:
        assert sender.send(post(server.url)).data == BODY
        assert sender.send(post(server.url)).data == b"2"


# -- compressions -----------------------------------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the time would be part of the test's name


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", zipped(BODY)),
        ("GZip", zipped(BODY)),
        ("x-gzip", zipped(BODY)),
        ("gzip", zipped(BODY[:7]) + zipped(BODY[7:])),
        ("gzip", zipped(BODY) + b"\0" * 512),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
        ("", BODY),
        ("unheard-of", BODY),
    ],
)
@pytest.mark.parametrize("framing", ["length", "chunks", "end"])
def test_compressions(coding: str, data: bytes, framing: str) -> None:
    header = f"Content-Encoding: {coding}"
    if framing == "chunks":
        message = head(200, header, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    else:
        message = head(200, header, *([f"Content-Length: {len(data)}"] if framing == "length" else [])) + data
    with serving(raw(message)) as server, client(max_response_size=len(BODY) + 600) as sender:
        assert sender.send(post(server.url)).data == BODY


def test_empty_body_needs_no_compression() -> None:
    with serving(answer(b"", 200, "Content-Encoding: gzip")) as server, client() as sender:
        assert sender.send(get(server.url)).data == b""


def test_large_compressed_body() -> None:
    body = b"".join(b'{"n": %d}' % number for number in range(200_000))
    packed = zipped(body)
    assert len(packed) > 3 * 65536
    with serving(answer(packed, 200, "Content-Encoding: gzip")) as server, client(max_response_size=None) as sender:
        assert sender.send(get(server.url)).data == body


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", BODY),
        ("gzip", zipped(BODY)[:-5]),
        ("gzip", zipped(BODY)[:12] + b"\xff" * 20),
        ("gzip", zipped(BODY) + zipped(BODY)[:-9]),
        ("gzip", zipped(os.urandom(300_000))[:-1000] + b"\xff" * 1000),
        ("deflate", b"\xff\xff\xff"),
        ("deflate", zlib.compress(BODY)[:-5]),
        ("gzip, gzip", zipped(zipped(BODY))),
    ],
)
def test_broken_compressions(coding: str, data: bytes) -> None:
    with serving(answer(data, 201, f"Content-Encoding: {coding}")) as server, client() as sender:
        with pytest.raises(UnreadableResponseException) as caught:
            sender.send(get(server.url))
        assert len(server.requests) == 1
        assert (caught.value.status, caught.value.raw_data, caught.value.body) == (201, data, None)
        assert caught.value.may_have_reached_server
        assert caught.value.headers["Content-Encoding"] == coding
        assert "broken" in str(caught.value) or "compressions" in str(caught.value)


def test_broken_compression_does_not_hide_an_error() -> None:
    with serving(answer(b"junk", 404, "Content-Encoding: gzip")) as server, client() as sender:
        found = sender.send(get(server.url))
    assert (found.status, found.data) == (404, b"")


# -- how large --------------------------------------------------------------------------------------------------------


BOMB = zipped(b"\0" * 50_000_000)


@pytest.mark.parametrize(
    ("message", "then"),
    [
        (head(200, "Content-Length: 99999999999"), "hang"),
        (head(200) + b"x" * 1001, "hang"),
        (head(200, "Transfer-Encoding: chunked") + b"fffffff\r\n" + b"x" * 5000, "hang"),
        (chunked(b"x" * 500, b"x" * 501), "hang"),
        (head(200, "Content-Length: 5, 5") + b"x" * 100_000, "hang"),  # which http.client reads to the end
        (head(200, "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB, "hang"),
        (full(zipped(b"x" * 1001), 200, "Content-Encoding: gzip"), "keep"),
        (full(zlib.compress(b"x" * 1001), 200, "Content-Encoding: deflate"), "keep"),
        (full(zipped(b"x" * 600) + zipped(b"x" * 600), 200, "Content-Encoding: gzip"), "keep"),
    ],
)
def test_answers_that_are_too_large(message: bytes, then: str) -> None:
    with serving(raw(message, then=then), answer()) as server, client(max_response_size=1000, timeout=5) as sender:
        with pytest.raises(ResponseTooLargeException, match="more than 1000 bytes") as caught:
            sender.send(get(server.url))
        assert caught.value.status == 200
        assert len(caught.value.raw_data or b"") < 100_000
        still_open = [sock for sock in sender._pools().sockets if sock.fileno() >= 0]
        assert len(still_open) == (0 if then == "hang" else 1)
        assert sender.send(get(server.url)).data == b"{}"
        assert len(server.requests) == 2


def test_bombs_do_not_go_off() -> None:
    with serving(answer(BOMB, 200, "Content-Encoding: gzip")) as server, client(max_response_size=len(BOMB)) as sender:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeException):
                sender.send(get(server.url))
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


def test_the_bound_is_allowed() -> None:
    with serving(answer(b"x" * 1000), raw(head(200) + b"x" * 1000)) as server, client(max_response_size=1000) as sender:
        assert len(sender.send(get(server.url)).data) == 1000
        assert len(sender.send(get(server.url)).data) == 1000
