"""How probes call, and how they say what came of it."""

from __future__ import annotations

import builtins
import json
import os
import ssl
import sys
import time
from typing import TYPE_CHECKING, Any

from hostile_server import full, head, raw, serving

import voucherify

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = ""
"""Where `ca.pem`, which signed `server.pem` for localhost, lies, and where probes may write."""

KEYS = {
    "X-App-Id": "SECRET-app-id",
    "X-App-Token": "SECRET-app-token",
    "X-Client-Application-Id": "SECRET-client-id",
    "X-Client-Token": "SECRET-client-token",
    "X-Management-Id": "SECRET-management-id",
    "X-Management-Token": "SECRET-management-token",
}
SECRET = "SECRET"
EVENT = {
    "object": "event",
    "type": "cart",
    "customer": {"id": "cust_1", "object": "customer"},
    "referral": None,
    "loyalty": None,
}
EVENT_BYTES = json.dumps(EVENT).encode()
VOUCHER = {"id": "v_1", "code": "SUMMER", "object": "voucher", "type": "DISCOUNT_VOUCHER", "active": True}
VOUCHER_BYTES = json.dumps(VOUCHER).encode()


def client(host: str, keys: dict[str, str] | None = None, **settings: Any) -> voucherify.ApiClient:
    """A client with all keys; `settings` are attributes of its configuration."""
    configuration = voucherify.Configuration(host=host, api_key=dict(KEYS if keys is None else keys))
    for name, value in settings.items():
        setattr(configuration, name, value)
    return voucherify.ApiClient(configuration)


def track(client: voucherify.ApiClient, form: str = "", **options: Any) -> Any:
    """POST an event: what must not be sent twice."""
    body = voucherify.EventsCreateRequestBody.from_dict({"event": "cart", "customer": {"source_id": "customer-1"}})
    method = getattr(voucherify.EventsApi(client), "track_custom_event" + form)
    return method(events_create_request_body=body, **options)


def get(client: voucherify.ApiClient, form: str = "", code: str = "SUMMER", **options: Any) -> Any:
    """GET a voucher: what may be sent twice."""
    return getattr(voucherify.VouchersApi(client), "get_voucher" + form)(code, **options)


def delete(client: voucherify.ApiClient, code: str = "SUMMER", **options: Any) -> Any:
    """DELETE a voucher."""
    return voucherify.VouchersApi(client).delete_voucher(code, **options)


def publish(client: voucherify.ApiClient, **options: Any) -> Any:
    """GET what publishes a voucher: another call publishes another one."""
    arguments: dict[str, Any] = {"customer": {"source_id": "customer-1"}, "campaign": {"name": "Spring"}}
    return voucherify.PublicationsApi(client).create_publication1(join_once=True, **arguments, **options)


def outcome(call: Callable[[], Any], words: str = "an answer") -> str:
    """`words` if there is an answer, else the failure in words."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001  that is the question
        return failure(error)
    return "None" if answer is None else words


def failure(error: BaseException) -> str:
    """The class of an exception, whose it is, and the status it tells."""
    name = type(error).__name__
    module = type(error).__module__.partition(".")[0]
    if isinstance(error, voucherify.ApiException):
        return f"{name} with status {error.status}" if error.status else f"{name} without status"
    if module == "voucherify" or hasattr(builtins, name):
        return name
    return f"{name} of {module}"


def failed(call: Callable[[], Any]) -> Exception:
    """The exception that `call` raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("an answer")


def answered(data: bytes) -> str:
    """The outcome of a POST to a server that sends `data`."""
    with serving(raw(data)) as server:
        try:
            event = track(client(server.url, retries=False))
        except Exception as error:  # noqa: BLE001
            return failure(error)
    return "None" if event is None else f"an answer of type {event.type}"


def answered_with(body: bytes, *headers: str, media_type: str = "application/json", status: int = 200) -> str:
    """The outcome of a POST that is answered with `body`."""
    length = f"Content-Length: {len(body)}"
    return answered(head(status, f"Content-Type: {media_type}", length, *headers) + body)


def error_answer(body: bytes, status: int = 400, *headers: str) -> Exception:
    """The exception of a POST that is answered with an error."""
    with serving(raw(full(body, status, *headers))) as server:
        return failed(lambda: track(client(server.url, retries=False)))


def attribute(thing: object, path: str) -> Any:
    """`thing.a.b`; a word where it has no such attribute."""
    for name in path.split("."):
        if not hasattr(thing, name):
            return "not told"
        thing = getattr(thing, name)
    return thing


def times(number: int) -> str:
    """A number of requests, in words."""
    return {0: "not sent", 1: "sent once", 2: "sent twice"}.get(number, f"sent {number} times")


def seconds_of(call: Callable[[], Any]) -> tuple[str, float]:
    """The outcome and how long it took."""
    begun = time.monotonic()
    return outcome(call), time.monotonic() - begun


def tls() -> ssl.SSLContext:
    """A context of a server at localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{FOLDER}/server.pem")
    return context


def printed() -> str:
    """What this probe has printed so far."""
    sys.stdout.flush()
    position = os.lseek(1, 0, os.SEEK_CUR)
    return os.pread(1, position, 0).decode(errors="replace")
