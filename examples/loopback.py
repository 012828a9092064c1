"""A stand-in for the API on loopback, so that the examples run without keys."""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import voucherify
from voucherify.configuration import HOST_VARIABLE, KEY_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = (HOST_VARIABLE, KEY_VARIABLES["X-App-Id"], KEY_VARIABLES["X-App-Token"])


@contextmanager
def configured() -> Iterator[voucherify.Configuration]:
    """The environment's configuration; without any in the environment, that of a server on loopback."""
    if any(os.environ.get(name) for name in ENVIRONMENT):
        yield voucherify.Configuration()
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        host = f"http://127.0.0.1:{server.server_address[1]}"
        print(f"No keys in the environment ({', '.join(ENVIRONMENT)}): talking to a stand-in for the API at {host}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield voucherify.Configuration(host=host, api_key={"X-App-Id": "example", "X-App-Token": "example"})
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/events":
            status, answer = 200, _event(request)
        else:
            status, answer = 404, {"code": 404, "key": "not_found", "message": "Resource not found"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Keep quiet: the example's own output is what counts."""


def _event(request: dict[str, object]) -> dict[str, object]:
    """The answer of the API to a custom event of an unknown customer."""
    customer = request.get("customer")
    return {
        "object": "event",
        "type": request.get("event"),
        "customer": {"id": "cust_example", "metadata": {}, "object": "customer"}
        | (customer if isinstance(customer, dict) else {}),
        "referral": request.get("referral"),
        "loyalty": request.get("loyalty"),
        "metadata": request.get("metadata", {}),
    }
