"""Calls that can be told apart, and a server that gives each its own answer.

A mark is a word such as `call-17`. Every text in the arguments of a call has it, and so has a header. The server
refuses a request whose parts have different marks, and puts the mark into the answer, where `check` looks for it.

Run as a program, this is the server, in a process of its own: it prints its URL and serves until its standard input is
closed, so that it ends with the process that started it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict

import urllib3
from hostile_server import HostileServer, full, head
from kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hostile_server import Peer, Received
    from kinds import Kind

    import voucherify

_HEADER = "X-Mark"
_MARKS = re.compile(rb"call-\d+")


def kind_of(number: int) -> Kind:
    """Calls take all kinds in turn."""
    return KINDS[number % len(KINDS)]


def call(client: voucherify.ApiClient, number: int, **options: Any) -> Any:
    """Make the call `number` and answer its `ApiResponse`."""
    kind, mark = kind_of(number), f"call-{number}"
    headers = {_HEADER: mark, **options.pop("_headers", {})}
    return kind.call(client, "_with_http_info", **_marked(kind.arguments, mark), _headers=headers, **options)


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, dict):
        return {key: _marked(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    if isinstance(value, bytes):
        return value + mark.encode()
    return f"{value} {mark}" if isinstance(value, str) else value


def check(number: int, response: Any) -> None:
    """Fail unless `response` is what the server answered to the call `number`, whole and typed."""
    kind, mark = kind_of(number), f"call-{number}"
    assert response.headers[_HEADER] == mark
    assert response.raw_data == _answer(kind, mark)
    assert response.deviations == ()
    data = response.data
    if not kind.answer:
        assert data is None
    elif kind.name == "text":
        assert data == response.raw_data.decode()
    else:
        first = data[0] if kind.name == "list" else data
        plain = first if kind.name == "json" else first.to_dict()
        assert plain["mark"] == mark
        assert isinstance(first, dict) is (kind.name == "json")


def _answer(kind: Kind, mark: str) -> bytes:
    """The kind's own answer with the mark in it."""
    if not kind.answer:
        return b""
    if kind.name == "text":
        return kind.answer + mark.encode()
    content = json.loads(kind.answer)
    (content[0] if isinstance(content, list) else content)["mark"] = mark
    return json.dumps(content).encode()


def number_of(received: Received) -> int:
    """Which call a request belongs to. Raises `AssertionError` where it has parts of another one."""
    mark = received.header(_HEADER) or ""
    number = int(mark.removeprefix("call-"))
    found = set(_MARKS.findall(received.target.encode() + received.body))
    assert found == ({mark.encode()} if kind_of(number).arguments else set()), (mark, found)
    return number


def right_answer(number: int) -> bytes:
    """What the server sends to the call `number`."""
    kind, mark = kind_of(number), f"call-{number}"
    content = _answer(kind, mark)
    if kind.name == "text":
        return head(200, "Content-Type: text/plain", f"{_HEADER}: {mark}", f"Content-Length: {len(content)}") + content
    return full(content, 200, f"{_HEADER}: {mark}")


def answer_by_mark(peer: Peer, received: Received, taken: list[int]) -> bool:
    """The behaviour of this server: the right answer, at once."""
    number = number_of(received)
    taken.append(number)
    peer.send(right_answer(number))
    return True


def serve(behave: Callable[[Peer, Received, list[int]], bool]) -> None:
    """Serve until standard input ends.

    `behave` answers a request, adds the numbers of calls that it carries out to the list that it gets, and returns
    whether the connection stays open. Requests of mixed parts get a 400, and `/counts` answers `Counts`.
    """
    taken: list[int] = []

    def behaviour(peer: Peer) -> bool:
        received = peer.request()
        peer.server.requests.clear()  # of no use here, and many
        try:
            if received.target != "/counts":
                return behave(peer, received, taken)
            counts = {
                "taken": len(taken),
                "repeated": {number: times for number, times in Counter(taken).items() if times > 1},
                "connections": peer.server.connections,
                "most_open": peer.server.most_open,
            }
            peer.send(full(json.dumps(counts).encode()))
        except (AssertionError, ValueError) as error:
            peer.send(full(json.dumps({"message": repr(error)}).encode(), 400))
        return True

    with HostileServer([behaviour]) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


class Counts(TypedDict):
    """What the server has done so far."""

    taken: int
    """Requests that were carried out."""
    repeated: dict[str, int]
    """Numbers of the calls that were carried out more than once, and how often."""
    connections: int
    most_open: int
    """Most connections at one time."""


def counts(url: str) -> Counts:
    with urllib3.PoolManager() as manager:
        found: Counts = manager.request("GET", f"{url}/counts").json()
    return found


@contextmanager
def serving_apart(module: str = __name__) -> Iterator[str]:
    """Run `module`, a server, in a process of its own, for it to take no time of the client's; answers its URL."""
    command = [sys.executable, "-m", module]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


if __name__ == "__main__":
    serve(answer_by_mark)
