"""Who gets what: no other host, no proxy, no other resource, no other header, no other file than the caller means."""

from __future__ import annotations

from email import message_from_bytes
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from hostile_server import answer, full, raw, serving, tunnel
from kinds import KEYS, KINDS, client_of, every_kind

import voucherify
from voucherify.exceptions import ApiException, ApiTypeError, ApiValueError, NotFoundException

if TYPE_CHECKING:
    from pathlib import Path

    from certificates import Certificates
    from kinds import Kind

(FILE,) = (kind for kind in KINDS if kind.name == "file")
(EXPORT,) = (kind for kind in KINDS if kind.name == "text")


def call_with(kind: Kind, client: voucherify.ApiClient, **changed: Any) -> Any:
    return getattr(getattr(voucherify, kind.resource)(client), kind.method)(**{**kind.arguments, **changed})


# -- other hosts ------------------------------------------------------------------------------------------------------


@every_kind
def test_redirects_are_not_followed(kind: Kind) -> None:
    with serving(answer()) as elsewhere:
        headers = [
            (status, f"Location: {target}")
            for status in (301, 302, 303, 307, 308)
            for target in (elsewhere.url + kind.path, f"//localhost:{elsewhere.port}/", kind.path, "/other")
        ]
        script = [answer(b"", status, header) for status, header in headers]
        with serving(*script) as server, client_of(server.url, retries=2) as client:
            for status, header in headers:
                with pytest.raises(ApiException) as caught:
                    kind.call(client)
                assert caught.value.status == status
                assert f"Location: {caught.value.headers['location']}" == header
            sent = [(received.method, received.target) for received in server.requests]
            assert sent == [(kind.http_method, kind.path)] * len(headers)
        assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_of_unread_answers_are_not_followed(status: int, tmp_path: Path) -> None:
    with (
        serving(answer()) as elsewhere,
        serving(answer(b"", status, f"Location: {elsewhere.url}/other.csv")) as server,
        client_of(server.url) as client,
    ):
        response = EXPORT.call(client, "_without_preload_content")
        assert response.status == status
        with pytest.raises(ApiException):
            voucherify.save(response, tmp_path / "codes.csv")
        assert (len(server.requests), elsewhere.connections) == (1, 0)
    assert list(tmp_path.iterdir()) == []


@every_kind
def test_a_proxy_gets_only_what_a_proxy_needs(kind: Kind, certificates: Certificates) -> None:
    with serving(answer(kind.answer), tls=certificates.context()) as server, serving(tunnel) as proxy:
        settings: dict[str, Any] = {
            "proxy": f"http://user:password@localhost:{proxy.port}",
            "proxy_headers": {"X-Proxy": "for the proxy"},
            "ssl_ca_cert": certificates.file,
        }
        with client_of(server.url, **settings) as client:
            client.cookie = "session=1"
            kind.call(client)
            kind.call(client, _request_auth={"in": "query", "key": "token", "value": "own"})
        (connect,) = proxy.requests
        assert connect.method == "CONNECT"
        assert {name.lower() for name, _ in connect.headers} <= {"host", "proxy-authorization", "x-proxy"}
        assert (connect.header("X-Proxy"), connect.header("Proxy-Authorization")) == (
            "for the proxy",
            "Basic dXNlcjpwYXNzd29yZA==",
        )
        assert connect.body == b""
        for received in server.requests:
            assert received.header("Cookie") == "session=1"
            assert (received.header("X-Proxy"), received.header("Proxy-Authorization")) == (None, None)
        assert any(key in str(server.requests[0]) for key in KEYS.values())
        assert server.requests[1].target.endswith("token=own")


# -- other headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r", "\n", "\0", "\r\n", "\r\n "])
@every_kind
def test_no_header_is_smuggled_in(kind: Kind, end: str) -> None:
    value = f"a{end}X-Evil: 1"
    options: list[dict[str, Any]] = [
        {"_headers": {"X-Own": value}},
        {"_headers": {value: "b"}},
        {"_request_auth": {"in": "header", "key": "X-Own", "value": value}},
        {"_request_auth": {"in": "header", "key": value, "value": "b"}},
        {"_request_auth": {"in": "cookie", "key": "own", "value": value}},
        {"_content_type": value} if kind.name == "post" else {"_headers": {"Content-Type": value}},
    ]
    with serving(answer(kind.answer)) as server:
        for option in options:
            with client_of(server.url) as client, pytest.raises(ApiValueError, match="header"):
                kind.call(client, **option)
        for prepare in (
            lambda client: client.set_default_header("X-Own", value),
            lambda client: client.set_default_header(value, "b"),
            lambda client: setattr(client, "cookie", value),
            lambda client: setattr(client, "user_agent", value),
            lambda client: client.configuration.api_key.update(dict.fromkeys(KEYS, value)),
            lambda client: client.configuration.api_key_prefix.update(dict.fromkeys(KEYS, value)),
        ):
            with client_of(server.url) as client:
                prepare(client)
                with pytest.raises(ApiValueError, match="header"):
                    kind.call(client)
        if "origin" in kind.arguments:
            with client_of(server.url) as client, pytest.raises(ApiValueError, match="`origin`"):
                call_with(kind, client, origin=value)
        for headers in ({"X-Proxy": value}, {value: "b"}):
            settings: dict[str, Any] = {"proxy": f"http://localhost:{server.port}", "proxy_headers": headers}
            with (
                client_of("http://api.localhost", **settings) as client,
                pytest.raises(ApiValueError, match="header"),
            ):
                kind.call(client)
        assert server.connections == 0


@pytest.mark.parametrize("end", ["\r", "\n", "\0", "\r\n"])
def test_no_header_is_smuggled_in_by_an_oauth_token(end: str) -> None:
    with serving(answer()) as server, client_of(server.url, access_token=f"a{end}X-Evil: 1") as client:
        with pytest.raises(ApiValueError, match="`Authorization`"):
            KINDS[0].call(client)
        assert server.connections == 0


@pytest.mark.parametrize(
    "name",
    [
        'a"\r\nX-Evil: 1\r\n\r\n.csv',
        "a\rX-Evil: 1",
        "a\nX-Evil: 1",
        'a"; name="other',
        "a\"; filename*=UTF-8''other.csv; x=\"",
        "a\\",
        "a; filename=other.csv",
        "\r\n--",
        "ż.csv",
    ],
)
def test_no_header_is_smuggled_in_by_the_name_of_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name.replace("/", "")
    path.write_bytes(b"Code\n")
    with serving(answer(FILE.answer)) as server, client_of(server.url) as client, path.open("rb") as file:
        vouchers = voucherify.VouchersApi(client)
        for given in ((name, b"Code\n"), path, str(path), file):
            vouchers.import_vouchers_using_csv(given)
    for received in server.requests:
        content_type = received.header("Content-Type")
        message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + received.body)
        (part,) = message.get_payload()
        assert sorted(part.keys()) == ["Content-Disposition", "Content-Type"]
        assert part.get_param("name", header="Content-Disposition") == "file"
        assert [key for key, _ in part.get_params(header="Content-Disposition")] == ["form-data", "name", "filename"]
        assert part.get_payload(decode=True) == b"Code\n"


def test_names_of_files_without_utf8_are_refused() -> None:
    with serving(answer(FILE.answer)) as server, client_of(server.url) as client:
        with pytest.raises(ApiValueError, match="`file` has a character"):
            voucherify.VouchersApi(client).import_vouchers_using_csv(("a\udcff.csv", b"Code\n"))
        assert server.connections == 0


# -- other resources --------------------------------------------------------------------------------------------------

PATH_ARGUMENTS = {"code", "session_key", "export_id", "campaign_id"}
with_path_values = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            id=kind.name,
            marks=pytest.mark.filterwarnings("ignore::DeprecationWarning") if kind.name == "list" else (),
        )
        for kind in KINDS
        if kind.arguments.keys() & PATH_ARGUMENTS
    ],
)


def test_most_kinds_have_path_values() -> None:
    assert sum(bool(kind.arguments.keys() & PATH_ARGUMENTS) for kind in KINDS) == 7


@with_path_values
def test_path_values_that_would_climb_are_refused(kind: Kind) -> None:
    with serving(answer(kind.answer)) as server, client_of(server.url) as client:
        for name in kind.arguments.keys() & PATH_ARGUMENTS:
            for value in ("", ".", "..", "%2e", "%2E", "%2e%2e", "%2E%2e", ".%2e", "%2E."):
                with pytest.raises(ApiValueError, match=f"`{name}`"):
                    call_with(kind, client, **{name: value})
        assert server.connections == 0


@with_path_values
def test_all_other_path_values_stay_one_segment(kind: Kind) -> None:
    """What another server makes of dots behind an encoded slash, or of what was encoded twice, is no `..` here."""
    values = [
        *(
            "%252e",
            "%252e%252e",
            "%252E%252e%252f",
            "..;",
            "..;x=1",
            ";",
            "...",
            ". .",
            " ..",
            "..\t",
            "..\0",
            "..\r\n",
        ),
        *("../x", "a/../b", "/..", "../..", "..\\x", "a\\..\\b", "\\..", "%2e%2e%2fx", "..%2f", "..%5c", "..%00"),
        *("?x=1", "#x", "..?", "..#", "//evil.example", "http://evil.example/", "@evil.example", "ż", "．．"),
    ]
    template = urlsplit(kind.path).path
    with serving(answer(kind.answer)) as server, client_of(server.url) as client:
        for name in sorted(kind.arguments.keys() & PATH_ARGUMENTS):
            for value in values:
                call_with(kind, client, **{name: value})
                path, _, query = server.requests[-1].target.partition("?")
                assert query == urlsplit(kind.path).query
                changed = [
                    (unquote(after), unquote(before))
                    for after, before in zip(path.split("/"), template.split("/"), strict=True)
                    if after != before
                ]
                assert changed == [(value, kind.arguments[name])]
                assert "\\" not in path
                assert ";" not in path


# -- other keys -------------------------------------------------------------------------------------------------------


@every_kind
def test_white_space_around_keys_is_dropped(kind: Kind) -> None:
    padded = {name: f" \t{key}\r\n\u00a0" for name, key in KEYS.items()}
    with serving(answer(kind.answer)) as server, client_of(server.url, api_key=padded) as client:
        kind.call(client)
        for place in ("header", "query", "cookie"):
            kind.call(client, _request_auth={"in": place, "key": "X-Own", "value": "\town \n"})
        first, *others = server.requests
        sent = {name: value for name, value in first.headers if name in KEYS}
        assert len(sent) == 2
        assert sent == {name: KEYS[name] for name in sent}
        assert others[0].header("X-Own") == "own"
        assert others[1].target.endswith("X-Own=own")
        assert others[2].header("Cookie") == "own"


@every_kind
@pytest.mark.parametrize("empty", ["", " ", "\r\n", "\t\u00a0"])
def test_empty_keys_are_refused(kind: Kind, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(kind.answer)) as server:
        with client_of(server.url, api_key=dict.fromkeys(KEYS, empty)) as client:
            with pytest.raises(ApiValueError, match=r"needs `configuration.api_key\['X-"):
                kind.call(client)
            for place in ("header", "query", "cookie"):
                with pytest.raises(ApiValueError, match=r"`_request_auth\['value'\]` is empty"):
                    kind.call(client, _request_auth={"in": place, "key": "X-Own", "value": empty})
        for variable in voucherify.configuration.KEY_VARIABLES.values():
            monkeypatch.setenv(variable, empty)
        client = voucherify.ApiClient(voucherify.Configuration(host=server.url))
        with pytest.raises(ApiValueError, match=r"needs `configuration.api_key\['X-"):
            kind.call(client)
        assert server.connections == 0


@pytest.mark.parametrize("empty", ["", " \r\n"])
def test_empty_oauth_tokens_are_refused(empty: str) -> None:
    with serving(answer()) as server, client_of(server.url, access_token=empty) as client:
        with pytest.raises(ApiValueError, match="`access_token` is empty"):
            KINDS[0].call(client)
        client.configuration.access_token = b"token"  # type: ignore[assignment]
        with pytest.raises(ApiTypeError, match="`access_token` must be text, not bytes"):
            KINDS[0].call(client)
        client.configuration.access_token = " token\n"
        KINDS[0].call(client)
        (received,) = server.requests
        assert received.header("Authorization") == "Bearer token"
        assert received.header("X-App-Token") is None


def test_own_keys_must_be_a_mapping() -> None:
    with client_of("http://localhost:1") as client, pytest.raises(ApiTypeError, match="`_request_auth` must be a map"):
        KINDS[0].call(client, _request_auth="key")


# -- other files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        'Content-Disposition: attachment; filename="../evil.csv"',
        'Content-Disposition: attachment; filename="/tmp/evil.csv"',
        "Content-Disposition: attachment; filename*=UTF-8''..%2Fevil.csv",
        'Content-Disposition: inline; filename="..\\evil.csv"',
        "Content-Location: ../evil.csv",
        "Location: ../evil.csv",
    ],
)
def test_the_server_does_not_say_where_a_file_goes(
    header: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, folder = tmp_path / "here", tmp_path / "folder"
    here.mkdir()
    folder.mkdir()
    monkeypatch.chdir(here)
    with serving(answer(b"Code\n", 200, header)) as server, client_of(server.url) as client:
        assert voucherify.save(EXPORT.call(client, "_without_preload_content"), folder / "mine.csv") == 5
        assert EXPORT.call(client) == "Code\n"
        with pytest.raises(OSError, match="folder"):  # not "a file of that name in this folder"
            voucherify.save(EXPORT.call(client, "_without_preload_content"), folder)
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == [
        "folder",
        "folder/mine.csv",
        "here",
    ]


def test_a_refused_download_writes_nothing(tmp_path: Path) -> None:
    refusal = raw(full(b'{"code": 404}', 404, 'Content-Disposition: attachment; filename="evil.csv"'))
    with serving(refusal) as server, client_of(server.url) as client, pytest.raises(NotFoundException):
        voucherify.save(EXPORT.call(client, "_without_preload_content"), tmp_path / "mine.csv")
    assert list(tmp_path.iterdir()) == []
