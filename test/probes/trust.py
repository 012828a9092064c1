"""Who gets to see the keys, and what leads where."""

from __future__ import annotations

import http.client
import io
import logging
import os
import socket
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from hostile_server import answer, head, raw, serving, tunnel

import voucherify
from probes import calls, probe
from probes.calls import EVENT_BYTES, KEYS, SECRET, VOUCHER_BYTES, client, delete, failed, failure, get, outcome, track

if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING_SENT = "ValueError, nothing was sent"
NO_CONTENT = raw(b"HTTP/1.1 204 No Content\r\n\r\n")


@probe("where keys are to be seen with `debug=True`", right="nowhere")
def _() -> str:
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.DEBUG, force=True)
    with serving(answer(EVENT_BYTES)) as server:
        for secret in ({"api_key": dict(KEYS)}, {"access_token": SECRET}):
            sender = voucherify.ApiClient(voucherify.Configuration(host=server.url, debug=True, **secret))
            track(sender)
    places = [place for place, text in (("stdout", calls.printed()), ("the log", log.getvalue())) if SECRET in text]
    return f"on {' and in '.join(places)}" if places else "nowhere"


@probe("`http.client` and the loggers of others, with `debug=True`", right="left alone")
def _() -> str:
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    voucherify.Configuration(debug=True)
    changed = {
        "http.client.debuglevel": http.client.HTTPConnection.debuglevel != 0,
        "the level of urllib3's logger": logging.getLogger("urllib3").level != logging.ERROR,
    }
    return "left alone" if not any(changed.values()) else f"changes {' and '.join(n for n, c in changed.items() if c)}"


@probe("repr() of configuration and client", right="shows no key")
def _() -> str:
    sender = client("https://api.voucherify.io")
    text = repr(sender) + repr(sender.configuration) + repr(voucherify.EventsApi(sender))
    return "shows keys" if SECRET in text else "shows no key"


@probe("a key with a line break inside, in the traceback of the error", right="not shown")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as server:
        sender = client(server.url, {**KEYS, "X-App-Token": f"{SECRET}\r\nX-Injected: 1"})
        error = failed(lambda: track(sender))
        if server.requests:
            return "sent"
    return f"shown by {failure(error)}" if SECRET in "".join(traceback.format_exception(error)) else "not shown"


@probe("the password of a proxy that is down, in the error and the log", right="not shown")
def _() -> str:
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.DEBUG, force=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    sender = client("http://localhost:1", proxy=f"http://user:{SECRET}@127.0.0.1:{port}", retries=False)
    error = failed(lambda: track(sender))
    text = "".join(traceback.format_exception(error)) + log.getvalue()
    return "shown" if SECRET in text else "not shown"


def redirected(status: int, call: Callable[..., Any]) -> str:
    """What another host sees of a call that is redirected to it."""
    body = VOUCHER_BYTES if call is get else EVENT_BYTES
    with serving(answer(body)) as other:
        with serving(answer(b"{}", status, f"Location: {other.url.replace('localhost', '127.0.0.1')}/x")) as server:
            result = outcome(lambda: call(client(server.url)))
        if not other.requests:
            return f"{result}, the other host sees nothing"
        seen = [name for name in KEYS if other.requests[0].header(name)]
        return f"{result}, the other host sees a {other.requests[0].method} with {', '.join(seen) or 'no keys'}"


@probe("302 to another host, GET", right="ApiException with status 302, the other host sees nothing")
def _() -> str:
    return redirected(302, get)


@probe("307 to another host, POST", right="ApiException with status 307, the other host sees nothing")
def _() -> str:
    return redirected(307, track)


@probe("what a proxy sees of a call over TLS", right="CONNECT without keys")
def _() -> str:
    with serving(answer(EVENT_BYTES), tls=calls.tls()) as server, serving(tunnel) as proxy:
        settings = {"proxy": proxy.url, "ssl_ca_cert": f"{calls.FOLDER}/ca.pem"}
        result = outcome(lambda: track(client(server.url, **settings)))
        if result != "an answer" or not proxy.requests:
            return f"{result}, {len(proxy.requests)} requests"
        keys = [name for name, value in proxy.requests[0].headers if SECRET in value]
        return f"{proxy.requests[0].method} with{' ' + ', '.join(keys) if keys else 'out keys'}"


@probe("`HTTP_PROXY` in the environment", right="the proxy is used")
def _() -> str:
    with serving(answer(EVENT_BYTES)) as proxy:
        os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = proxy.url
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome(lambda: track(client("http://api.voucherify.invalid", retries=False)))
        return "the proxy is used" if proxy.requests else "ignored"


@probe("a certificate of an unknown authority, by default", right="not trusted")
def _() -> str:
    with serving(answer(EVENT_BYTES), tls=calls.tls()) as server:
        result = outcome(lambda: track(client(server.url, retries=False)))
    return "trusted" if result == "an answer" else "not trusted"


def refusal(call: Callable[[], Any]) -> str:
    """The outcome, with one word for all that is a ValueError."""
    try:
        call()
    except ValueError:
        return "ValueError"
    except Exception as error:  # noqa: BLE001
        return failure(error)
    return "an answer"


def called(call: Callable[[voucherify.ApiClient], Any], keys: dict[str, str] | None = None) -> str:
    """What arrives at the server."""
    with serving(NO_CONTENT) as server:
        result = refusal(lambda: call(client(server.url, keys, retries=False)))
        if not server.requests:
            return f"{result}, nothing was sent"
        return f"{server.requests[0].method} {server.requests[0].target}"


@probe("path value `..`, DELETE", right=NOTHING_SENT)
def _() -> str:
    return called(lambda sender: delete(sender, ".."))


@probe("path value `%2e%2e/x`, GET", right="GET /v1/vouchers/%252e%252e%2Fx")
def _() -> str:
    return called(lambda sender: get(sender, code="%2e%2e/x"))


@probe("an empty path value, DELETE", right=NOTHING_SENT)
def _() -> str:
    return called(lambda sender: delete(sender, ""))


def header_sent(call: Callable[[voucherify.ApiClient], Any], name: str, keys: dict[str, str] | None = None) -> str:
    """The value of a header at the server."""
    with serving(answer(EVENT_BYTES)) as server:
        result = refusal(lambda: call(client(server.url, keys, retries=False)))
        if not server.requests:
            return f"{result}, nothing was sent"
        value = server.requests[0].header(name)
        return f"sent without {name}" if value is None else f"sent with {name} {value!r}"


@probe("a line break in a header's value", right=NOTHING_SENT)
def _() -> str:
    return header_sent(lambda sender: track(sender, _headers={"X-Note": "a\r\nX-Injected: 1"}), "X-Injected")


@probe("a line break in a header's name", right=NOTHING_SENT)
def _() -> str:
    return header_sent(lambda sender: track(sender, _headers={"X-Note: a\r\nX-Injected": "1"}), "X-Injected")


@probe("NUL in a header's value", right=NOTHING_SENT)
def _() -> str:
    return header_sent(lambda sender: track(sender, _headers={"X-Note": "a\0b"}), "X-Note")


@probe("a key with a line break at its end", right="sent with X-App-Token 'SECRET-app-token'")
def _() -> str:
    return header_sent(track, "X-App-Token", {**KEYS, "X-App-Token": f"{KEYS['X-App-Token']}\n"})


@probe("an empty key", right=NOTHING_SENT)
def _() -> str:
    return header_sent(track, "X-App-Token", {**KEYS, "X-App-Token": ""})


@probe("a key that is missing", right=NOTHING_SENT)
def _() -> str:
    return header_sent(track, "X-App-Token", {"X-App-Id": KEYS["X-App-Id"]})


def host(change: Callable[[str], str]) -> str:
    """What comes of a call to a host with a URL of this form."""
    with serving(answer(VOUCHER_BYTES)) as server:
        try:
            sender = client(change(server.url))
        except ValueError:
            return "ValueError at construction"
        result = outcome(lambda: get(sender, _request_timeout=5))
        return f"{result} to {server.requests[0].target}" if server.requests else f"{result}, nothing was sent"


REFUSED = "ValueError at construction"
FORMS: dict[str, tuple[Callable[[str], str], str]] = {
    "a slash at the end": (lambda url: f"{url}/", "an answer to /v1/vouchers/SUMMER"),
    "a query": (lambda url: f"{url}?x=1", REFUSED),
    "a fragment": (lambda url: f"{url}#x", REFUSED),
    "user-info": (lambda url: url.replace("//", "//user:password@"), REFUSED),
    "another scheme": (lambda url: url.replace("http", "ftp"), REFUSED),
    "no scheme": (lambda url: url.replace("http://", ""), REFUSED),
}
for form, (change, right) in FORMS.items():
    probe(f"a host with {form}", right=right)(lambda change=change: host(change))


@probe("plain http to another machine", right="warns")
def _() -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        voucherify.Configuration(host="http://api.example.com")
    return "warns" if caught else "silent"


@probe("a file name that the server sends with an export", right="the text, no file")
def _() -> str:
    written: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[1], str) and not arguments[1].startswith("r"):
            written.append(str(arguments[0]))

    headers = (
        "Content-Type: text/csv",
        "Content-Disposition: attachment; filename=../../evil.csv",
        "Content-Length: 5",
    )
    with serving(raw(head(200, *headers) + b"Code\n")) as server:
        exports = voucherify.ExportsApi(client(server.url))
        sys.addaudithook(watch)
        try:
            text = exports.download_export("exp_1", token="t")
        except Exception as error:  # noqa: BLE001
            text = failure(error)
    return f"{'the text' if text == 'Code' + chr(10) else text}, {'a file' if written else 'no file'}"
