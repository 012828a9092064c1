"""No key, token or password in any text: output, log, exception, repr or warning, whatever happens to the call."""

from __future__ import annotations

import contextlib
import http.client
import io
import logging
import pickle
import pprint
import traceback
import warnings
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hostile_server import answer, full, head, raw, reset_in_body, serving
from kinds import KINDS, client_of, every_kind

import voucherify
from voucherify.configuration import KEY_VARIABLES
from voucherify.exceptions import ApiException, ApiTypeError, ApiValueError
from voucherify.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from certificates import Certificates
    from hostile_server import HostileServer
    from kinds import Kind

MARK = "S3NTINEL"
"""Part of every secret, and of nothing else."""
KEYS = {header: f"{MARK}-{header}" for header in KEY_VARIABLES}
PROXY_USER = f"user:{MARK}-proxy"
FORBIDDEN = (MARK.lower(), b64encode(PROXY_USER.encode()).decode().lower())
TOKEN = f"{MARK}-bearer"
COOKIE = f"session={MARK}-cookie"

OWN: tuple[dict[str, Any], ...] = (
    {"type": "api_key", "in": "header", "key": "X-Own-Key", "value": f"{MARK}-own-header"},
    {"type": "api_key", "in": "query", "key": "own", "value": f"{MARK}-own-query"},
    {"type": "api_key", "in": "cookie", "key": "own", "value": f"{MARK}-own-cookie"},
)
"""Values of `_request_auth`."""
AUTHENTICATIONS = ((None, None), (TOKEN, None), *((None, auth) for auth in OWN))
"""OAuth token and `_request_auth`; with neither, the keys are sent."""


class Watch(logging.Handler):
    """Everything that was said, in any way."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.texts: list[str] = []
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name)
        self.texts += [self.format(record), repr(record.__dict__), repr(record.args)]

    def note(self, *things: object) -> None:
        for thing in things:
            self.texts += [str(thing), repr(thing), pprint.pformat(thing)]

    def note_error(self, error: BaseException) -> None:
        """`error` and all that led to it, also what is not shown."""
        self.texts.append("".join(traceback.format_exception(error)))
        self.texts.append(repr(pickle.dumps(error)))
        waiting, seen = [error], set()
        while waiting:
            current = waiting.pop()
            if id(current) not in seen:
                seen.add(id(current))
                self.note(current, current.args, getattr(current, "__notes__", None))
                waiting += [found for found in (current.__cause__, current.__context__) if found is not None]
                waiting += [found for found in current.args if isinstance(found, BaseException)]

    def check(self) -> None:
        assert self.texts
        for text in self.texts:
            for secret in FORBIDDEN:
                assert secret not in text.lower(), text


@pytest.fixture
def watch(capfd: pytest.CaptureFixture[str]) -> Iterator[Watch]:
    """All loggers at DEBUG, all warnings, standard output and error; checked when the test is done."""
    found = Watch()
    loggers = [logging.getLogger(name) for name in (None, "urllib3", "urllib3.connectionpool", "http.client")]
    levels = [logger.level for logger in [*loggers, logging.getLogger("voucherify")]]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(found)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield found
            found.note(*caught, *(warning.message for warning in caught))
    finally:
        loggers[0].removeHandler(found)
        for logger, level in zip([*loggers, logging.getLogger("voucherify")], levels, strict=True):
            logger.setLevel(level)
    found.texts += capfd.readouterr()
    found.check()


def secret_client(host: str, **settings: Any) -> voucherify.ApiClient:
    client = client_of(host, api_key=dict(KEYS), debug=True, **settings)
    client.configuration.password = f"{MARK}-password"
    client.cookie = COOKIE
    client.set_default_header("X-Own", f"{MARK}-default-header")
    return client


def with_secret_argument(kind: Kind) -> Kind:
    """The token of an export's download is a secret too."""
    return replace(kind, arguments={name: MARK if name == "token" else v for name, v in kind.arguments.items()})


@dataclass(frozen=True)
class Situation:
    """What happens to a call."""

    name: str
    behaviour: Callable[..., bool] | None = None
    """What the server, or the proxy, does each time; without one, nobody listens."""
    scheme: str = "http"
    tls: bool = False
    """Whether the server speaks TLS, with a certificate that nobody trusts."""
    proxied: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 10
    received: bool = True
    """Whether the server gets the request for sure, and with it all secrets that belong to it."""


_PROBLEM = b'{"code": 401, "key": "unauthorized", "message": "Wrong keys", "request_id": "v-1"}'
SITUATIONS = (
    Situation("success", answer()),
    Situation("error", answer(_PROBLEM, 401)),
    Situation("redirect", answer(b"", 302, "Location: http://localhost:1/elsewhere")),
    Situation("retries", answer(b"busy", 503)),
    Situation("rate limit", answer(_PROBLEM, 429)),
    Situation("timeout", raw(b"", then="hang"), seconds=0.1, received=False),
    Situation("reset", raw(b"", then="reset")),
    Situation("no answer", raw(b"")),
    Situation("cut off", raw(full(b"{}")[:-1])),
    Situation("no HTTP", raw(b"nonsense\r\n\r\n")),
    Situation("broken headers", raw(head(200, "Connection: close", "no header at all") + b"{}")),
    Situation("no JSON", answer(b"<html>")),
    Situation("broken gzip", answer(b"no gzip", 200, "Content-Encoding: gzip")),
    Situation("strict", answer(b'{"id": 4}'), settings={"strict_responses": True}),
    Situation("too large", answer(), settings={"max_response_size": 1}),
    Situation("refused", None, received=False),
    Situation("untrusted", answer(), "https", tls=True, received=False),
    Situation("unverified", answer(), "https", tls=True, settings={"verify_ssl": False}),
    Situation("TLS breaks off", reset_in_body, "https", received=False),
    Situation("proxy forwards", answer(), proxied=True),
    Situation("proxy refuses", answer(b"", 407), proxied=True),
    Situation("proxy refuses a tunnel", answer(b"", 407), "https", proxied=True, received=False),
    Situation("proxy is down", None, "https", proxied=True, received=False),
)


@pytest.fixture(scope="module", params=SITUATIONS, ids=lambda situation: situation.name)
def situation(
    request: pytest.FixtureRequest, certificates: Certificates
) -> Iterator[tuple[Situation, HostileServer | None]]:
    wanted = request.param
    if wanted.behaviour is None:
        yield wanted, None
        return
    with serving(wanted.behaviour, tls=certificates.context() if wanted.tls else None) as server:
        yield wanted, server


def client_in(wanted: Situation, server: HostileServer | None) -> voucherify.ApiClient:
    port = 1 if server is None else server.port
    settings = {"retries": RetryPolicy(max_retries=1, backoff=0), **wanted.settings}
    if not wanted.proxied:
        return secret_client(f"{wanted.scheme}://localhost:{port}", **settings)
    return secret_client(
        f"{wanted.scheme}://api.localhost",
        proxy=f"http://{PROXY_USER}@localhost:{port}",
        proxy_headers={"X-Proxy-Token": f"{MARK}-proxy-header"},
        **settings,
    )


def check_secrets_were_sent(kind: Kind, auth: dict[str, Any] | None, sent: str) -> None:
    """Else there would be nothing to find."""
    assert f"{MARK}-default-header" in sent
    if auth is None:
        assert COOKIE in sent
        assert TOKEN in sent or sum(key in sent for key in KEYS.values()) == 2
    else:
        assert auth["value"] in sent
    if "token" in kind.arguments:
        assert f"token={MARK}" in sent


@every_kind
def test_whatever_happens(kind: Kind, situation: tuple[Situation, HostileServer | None], watch: Watch) -> None:
    wanted, server = situation
    kind = with_secret_argument(kind)
    with client_in(wanted, server) as client:
        for token, auth in AUTHENTICATIONS:
            client.configuration.access_token = token
            try:
                watch.note(kind.call(client, "_with_http_info", _request_auth=auth, _request_timeout=wanted.seconds))
            except ApiException as error:
                watch.note_error(error)
            if server is not None and wanted.received:
                check_secrets_were_sent(kind, auth, str(server.requests[-1]))
        watch.note(client, client.configuration, client.rest_client)
    assert "voucherify" in watch.names
    if wanted.received:
        assert "urllib3.connectionpool" in watch.names


@every_kind
def test_answers_that_the_caller_reads(kind: Kind, watch: Watch) -> None:
    kind = with_secret_argument(kind)
    with serving(answer(), raw(full(b"{}")[:-1])) as server, secret_client(server.url) as client:
        for auth in OWN:
            response = kind.call(client, "_without_preload_content", _request_auth=auth)
            assert auth["value"] in str(server.requests[-1])
            watch.note(response, response.url, response.geturl(), vars(response), response.retries)
            try:
                voucherify.save(response, io.BytesIO())
            except ApiException as error:
                watch.note_error(error)


_CRLF = f"{MARK}\r\nX-Evil: 1"
_NO_UTF8 = f"{MARK}\ud800"
BAD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # settings of the configuration, options of the call
    "key": ({"api_key": dict.fromkeys(KEYS, _CRLF)}, {}),
    "key of another type": ({"api_key": dict.fromkeys(KEYS, MARK.encode())}, {}),
    "key with a character beyond Latin-1": ({"api_key": dict.fromkeys(KEYS, f"{MARK}ż")}, {}),
    "key prefix": ({"api_key_prefix": dict.fromkeys(KEYS, _CRLF)}, {}),
    "header": ({}, {"_headers": {"X-Own": _CRLF}}),
    "header of another type": ({}, {"_headers": {"X-Own": MARK.encode()}}),
    "own key": ({}, {"_request_auth": {"in": "header", "key": "X-Own", "value": _CRLF}}),
    "own cookie": ({}, {"_request_auth": {"in": "cookie", "key": "own", "value": _CRLF}}),
    "own query": ({}, {"_request_auth": {"in": "query", "key": "own", "value": _NO_UTF8}}),
    "own key of another type": ({}, {"_request_auth": {"in": "query", "key": "own", "value": [MARK]}}),
    "own key in no place": ({}, {"_request_auth": {"in": "body", "key": "own", "value": MARK}}),
    "own key that is no mapping": ({}, {"_request_auth": MARK}),
    "unknown option": ({}, {"_no_such_option": MARK}),
    "timeout": ({}, {"_request_timeout": -1}),
    "proxy": ({"proxy": f"http://{PROXY_USER}@[::1"}, {}),
    "port of the proxy": ({"proxy": f"http://{PROXY_USER}@localhost:99999"}, {}),
    "proxy of another kind": ({"proxy": f"ftp://{PROXY_USER}@localhost"}, {}),
    "header for the proxy": ({"proxy": f"http://{PROXY_USER}@localhost:1", "proxy_headers": {"X-Own": _CRLF}}, {}),
}


@every_kind
@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(kind: Kind, case: str, watch: Watch) -> None:
    settings, options = BAD[case]
    with secret_client("http://localhost:1") as client:
        for name, value in settings.items():
            setattr(client.configuration, name, value)
        with pytest.raises((ApiTypeError, ApiValueError)) as caught:
            kind.call(client, **options)
        watch.note_error(caught.value)
        watch.note(client)


@pytest.mark.parametrize("token", [_CRLF, MARK.encode()])
def test_bad_bearer_tokens(token: Any, watch: Watch) -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "get")
    with secret_client("http://localhost:1", access_token=token) as client:
        with pytest.raises((ApiTypeError, ApiValueError)) as caught:
            kind.call(client)
        watch.note_error(caught.value)


@pytest.mark.parametrize("token", [_NO_UTF8, MARK.encode()])
def test_bad_tokens_of_an_export(token: Any, watch: Watch) -> None:
    with secret_client("http://localhost:1") as client:
        with pytest.raises((ApiTypeError, ApiValueError), match="`token`") as caught:
            voucherify.ExportsApi(client).download_export("exp_1", token)
        watch.note_error(caught.value)


def test_socks_proxies(watch: Watch) -> None:
    pytest.importorskip("socks")
    (kind,) = (kind for kind in KINDS if kind.name == "get")
    with serving(reset_in_body) as server:
        for port in (1, server.port):
            proxy = f"socks5h://{PROXY_USER}@localhost:{port}"
            with secret_client("http://api.localhost", proxy=proxy, retries=0) as client:
                with pytest.raises(ApiException) as caught:
                    kind.call(client)
                watch.note_error(caught.value)


@every_kind
def test_requests(kind: Kind, watch: Watch) -> None:
    with secret_client("http://localhost:1") as client:
        built = []
        client.rest_client.send = lambda request, _timeout: built.append(request) or (_ for _ in ()).throw(KeyError)
        for auth in (None, *OWN):
            with contextlib.suppress(KeyError):
                with_secret_argument(kind).call(client, _request_auth=auth)
        assert len(built) == 4
        assert all(MARK in str(request.headers) for request in built)
        watch.note(*built)


def test_log_file(watch: Watch, tmp_path: Any) -> None:
    with serving(answer()) as server, secret_client(server.url) as client:
        client.configuration.logger_file = str(tmp_path / "log")
        for kind in KINDS:
            with_secret_argument(kind).call(client, _request_auth=OWN[1])
        client.configuration.logger_file = None
    text = (tmp_path / "log").read_text()
    assert "ExportsApi.download_export: GET /v1/exports/{export_Id}: 200" in text
    watch.note(text)


# -- what belongs to others -------------------------------------------------------------------------------------------


def test_other_users_of_urllib3_are_left_alone(watch: Watch) -> None:
    """Their log has what it always had, also while this package is in use."""
    with serving(answer()) as server, secret_client(server.url) as client, urllib3.PoolManager() as others:
        for _ in range(2):
            KINDS[0].call(client, _request_auth=OWN[1])
            assert others.request("GET", f"{server.url}/theirs?a=1").status == 200
        assert [received.target for received in server.requests[1::2]] == ["/theirs?a=1"] * 2
    assert sum('"GET /theirs?a=1 HTTP/1.1" 200' in text for text in watch.texts) >= 2
    assert sum('"GET /v1/vouchers/SUMMER HTTP/1.1" 200' in text for text in watch.texts) >= 2


@pytest.mark.parametrize("level", [logging.NOTSET, logging.DEBUG, logging.ERROR])
@pytest.mark.parametrize("debug_level", [0, 1])
def test_levels_of_other_loggers_stay(
    level: int, debug_level: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", debug_level)
    names = ("urllib3", "urllib3.connectionpool", "http.client")
    before = {name: logging.getLogger(name).level for name in names}
    own = logging.getLogger("voucherify").level
    try:
        for name in names:
            logging.getLogger(name).setLevel(level)
        with serving(answer()) as server, client_of(server.url, debug=True) as client:
            KINDS[0].call(client)
            client.configuration.debug = False
            KINDS[0].call(client)
        for name in names:
            logger = logging.getLogger(name)
            assert (logger.level, logger.filters, logger.disabled, logger.propagate) == (level, [], False, True)
    finally:
        for name in names:
            logging.getLogger(name).setLevel(before[name])
        logging.getLogger("voucherify").setLevel(own)
    assert http.client.HTTPConnection.debuglevel == debug_level
    assert ("send:" in capfd.readouterr().out) == bool(debug_level)  # it is the application that asks for this
