"""An HTTP/1.1 server on loopback that costs as little as possible: canned answers over kept-alive connections.

Run as a module, it prints its port on one line and serves until its standard input is closed, so that it ends with the
process that started it, however that process ends.
"""

from __future__ import annotations

import json
import socket
import sys
import threading

from benchmarks.programs.payloads import ANSWERS

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def canned(payload: object) -> bytes:
    """Write the whole answer, with the headers that the API sends too."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Date: Mon, 05 Jan 2026 10:00:00 GMT\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\n"
        "X-Request-Id: v-0a1b2c3d4e5f6a7b8c\r\n"
        "X-Rate-Limit-Limit: 2000\r\n"
        "X-Rate-Limit-Remaining: 1999\r\n"
        "X-Rate-Limit-Retry: 1767607260\r\n"
        "\r\n"
    )
    return head.encode() + body


def content_length(head: bytes) -> int:
    """Length of the body in bytes that a request's head announces, 0 without one."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def serve(connection: socket.socket, answers: dict[bytes, bytes]) -> None:
    """Answer requests on one connection, one after the other, until the client closes it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                received += chunk
            head, _, rest = received.partition(b"\r\n\r\n")
            missing = content_length(head) - len(rest)
            while missing > 0:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                rest += chunk
                missing -= len(chunk)
            received = rest[len(rest) + missing :]
            request_line = head.partition(b" HTTP/")[0].partition(b"?")[0]
            connection.sendall(answers.get(request_line, NOT_FOUND))


def accept(listener: socket.socket, answers: dict[bytes, bytes]) -> None:
    """Serve every connection in a thread of its own."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, answers), daemon=True).start()


def main() -> None:
    """Serve on a free port until standard input ends."""
    answers = {f"{method} {path}".encode(): canned(payload) for (method, path), payload in ANSWERS.items()}
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listener, answers), daemon=True).start()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
