"""Heads of answers that are read in one go must say the same as they do to `http.client`."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucherify.attempt import Attempt
from voucherify.deadline import Timeouts
from voucherify.timed_response import TimedResponse

BODY = b"12345"
USUAL = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "zero": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "chunks": b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n",
    "keep-alive": b"HTTP/1.1 404 Not Found\r\nCONNECTION: Keep-Alive\r\ncontent-length:5\r\n\r\n",
    "no reason": b"HTTP/1.1 500 \r\nContent-Length: 5\r\n\r\n",
    "spaces": b"HTTP/1.1 200  very well \r\nA: \t x y \t\r\nContent-Length: \t5\r\n\r\n",
    "empty value": b"HTTP/1.1 200 OK\r\nA:\r\nB: \r\nContent-Length: 5\r\n\r\n",
    "colons": b"HTTP/1.1 200 OK\r\nDate: 10:00:00\r\nLocation: http://a/?b:c\r\nContent-Length: 5\r\n\r\n",
    "several": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 5\r\n\r\n",
    "latin-1": b"HTTP/1.1 200 fran\xe7ais\r\nA: \xe4\xa0\x85\r\nContent-Length: 5\r\n\r\n",
}
UNUSUAL = {
    "other version": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
    "no headers": b"HTTP/1.1 200 OK\r\n\r\n",
    "no space": b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\n",
    "length and chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
    "capital": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n",
    "other coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "plus": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
    "underscore": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
    "space after": b"HTTP/1.1 200 OK\r\nContent-Length: 5 \r\n\r\n",
    "digits of another kind": b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
    "long length": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"1" * 19 + b"\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "status 999": b"HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\n",
    "lines end with LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\n",
    "CR inside": b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 5\r\n\r\n",
    "NUL inside": b"HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 5\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
    "no name": b"HTTP/1.1 200 OK\r\n: 5\r\nContent-Length: 5\r\n\r\n",
    "many": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + b"A: b\r\n" * 100 + b"\r\n",
    "larger than what is read at once": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: " + b"b" * 9000 + b"\r\n\r\n",
}


def told(head: bytes, kind: type[http.client.HTTPResponse], method: str = "GET") -> dict[str, Any]:
    """What `kind` makes of an answer with this head."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(head + BODY)
        theirs.shutdown(socket.SHUT_WR)
        with Attempt(Timeouts(5, 5), time.monotonic() + 5, WeakSet()):
            response = kind(ours, method=method)
            try:
                response.begin()
            except (http.client.HTTPException, ValueError) as error:
                return {"error": type(error)}
            found = {name: getattr(response, name) for name in ("version", "status", "code", "reason", "will_close")}
            found |= {name: getattr(response, name) for name in ("chunked", "chunk_left", "length")}
            found |= {"headers": response.headers.items(), "Content-Length": response.getheader("content-length")}
            found |= {
                "defects": [type(defect) for defect in response.msg.defects],
                "payload": response.msg.get_payload() or None,
            }
            if not found["chunked"]:
                found.pop("chunk_left")  # http.client leaves it as it was
            found["rest"] = response.fp.read() if response.fp else None
            response.close()
            return found


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Heads that `http.client` has parsed."""
    found: list[object] = []
    original = http.client.parse_headers

    def parse_headers(*arguments: Any, **keywords: Any) -> http.client.HTTPMessage:
        found.append(arguments)
        return original(*arguments, **keywords)

    monkeypatch.setattr(http.client, "parse_headers", parse_headers)
    return found


@pytest.mark.parametrize("head", USUAL.values(), ids=USUAL)
def test_usual_heads_say_the_same_without_the_parser_for_mail(head: bytes, parsed: list[object]) -> None:
    found = told(head, TimedResponse)
    assert not parsed
    assert found == told(head, http.client.HTTPResponse)
    assert found["rest"] == BODY
    assert parsed


@pytest.mark.parametrize("head", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_heads_are_left_to_http_client(head: bytes, parsed: list[object]) -> None:
    found = told(head, TimedResponse)
    assert parsed or "error" in found
    assert found == told(head, http.client.HTTPResponse)


def test_an_answer_to_head_has_no_body_whatever_its_head_says() -> None:
    found = told(USUAL["length"], TimedResponse, "HEAD")
    assert found["length"] == 0
    assert found == told(USUAL["length"], http.client.HTTPResponse, "HEAD")


LINES = b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"
OTHERS = (
    b"HTTP/1.1 ",
    b"302",
    b" ",
    b"\r\n",
    b"\n",
    b"\r",
    b":",
    b": ",
    b"\t",
    b"Connection: keep-alive",
    b"close",
    b"\xff",
)
PARTS = st.sampled_from([*LINES, *OTHERS])


@given(st.lists(PARTS, max_size=12), st.booleans())
def test_any_head_says_the_same(parts: list[bytes], starts: bool) -> None:
    """Whole heads, that is: where one breaks off, `http.client` finds an answer that has not been sent."""
    head = (b"HTTP/1.1 200 OK\r\n" if starts else b"") + b"".join(parts) + b"\r\n\r\n"
    assert told(head, TimedResponse) == told(head, http.client.HTTPResponse)
