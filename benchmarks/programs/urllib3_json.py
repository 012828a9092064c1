"""The floor without models: what a call costs at least when urllib3 and json do it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3

from benchmarks.programs.payloads import (
    APPLICATION_ID,
    APPLICATION_TOKEN,
    EVENT,
    EVENT_PATH,
    VOUCHERS,
    VOUCHERS_PATH,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OK = 200
HEADERS = {
    "X-App-Id": APPLICATION_ID,
    "X-App-Token": APPLICATION_TOKEN,
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "benchmark",
}


def post(pool: urllib3.PoolManager, url: str, body: bytes) -> bytes:
    """Send one event and return the body of the answer."""
    return _body(pool.request("POST", url, body=body, headers=HEADERS))


def get_vouchers(host: str) -> Callable[[], bytes]:
    """Fetch a page of vouchers as it is."""
    pool = urllib3.PoolManager()
    url = f"{host}{VOUCHERS_PATH}?limit={VOUCHERS}"
    return lambda: _body(pool.request("GET", url, headers=HEADERS))


def _body(response: urllib3.BaseHTTPResponse) -> bytes:
    if response.status != OK:
        raise RuntimeError(f"The server answered {response.status}.")
    return response.data


def first_vouchers(host: str) -> Callable[[], object]:
    """List a page of vouchers and read the first code from the answer."""
    fetch = get_vouchers(host)
    return lambda: json.loads(fetch())["vouchers"][0]["code"]


def first_event(host: str) -> Callable[[], object]:
    """Track an event and read the customer's id from the answer."""
    call = track_event(host)
    return lambda: call()["customer"]["id"]


def track_event(host: str, connections: int = 1) -> Callable[[], dict[str, Any]]:
    """Track an event that is a dict."""
    pool = urllib3.PoolManager(maxsize=connections)
    url = host + EVENT_PATH

    def call() -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(post(pool, url, json.dumps(EVENT).encode()))
        return answer

    return call


def track_event_in_threads(host: str) -> Callable[[], dict[str, Any]]:
    """Track an event that is a dict, over a pool that has a connection for each of many threads."""
    return track_event(host, connections=100)
