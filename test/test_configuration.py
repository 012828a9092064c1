"""Settings: where they come from, what they refuse, and what they show."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest

import voucherify
from voucherify import Configuration
from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.host_settings import operation_hosts

SECRETS = {
    "X-App-Id": "secret-1",
    "X-App-Token": "secret-2",
    "X-Client-Application-Id": "secret-3",
    "X-Client-Token": "secret-4",
    "X-Management-Id": "secret-5",
    "X-Management-Token": "secret-6",
}
ENVIRONMENT = {
    "VOUCHERIFY_APP_ID": "secret-1",
    "VOUCHERIFY_APP_TOKEN": "secret-2",
    "VOUCHERIFY_CLIENT_APPLICATION_ID": "secret-3",
    "VOUCHERIFY_CLIENT_TOKEN": "secret-4",
    "VOUCHERIFY_MANAGEMENT_ID": "secret-5",
    "VOUCHERIFY_MANAGEMENT_TOKEN": "secret-6",
}


class TestEnvironment:
    def test_fills_what_is_absent(self, monkeypatch):
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("VOUCHERIFY_HOST", "https://shop.example.com/")
        configuration = Configuration()
        assert configuration.api_key == SECRETS
        assert configuration.host == "https://shop.example.com"

    def test_arguments_win(self, monkeypatch):
        monkeypatch.setenv("VOUCHERIFY_APP_ID", "environment")
        monkeypatch.setenv("VOUCHERIFY_HOST", "https://environment.example.com")
        configuration = Configuration(host="https://own.example.com", api_key={"X-App-Id": "own"})
        assert configuration.api_key == {"X-App-Id": "own"}
        assert configuration.host == "https://own.example.com"

    def test_empty_variables_count_as_absent(self, monkeypatch):
        monkeypatch.setenv("VOUCHERIFY_APP_ID", "")
        monkeypatch.setenv("VOUCHERIFY_HOST", "")
        assert Configuration().api_key == {}
        assert Configuration().host == "https://api.voucherify.io"


class TestHost:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("https://api.example.com", "https://api.example.com"),
            ("https://api.example.com/", "https://api.example.com"),
            (" https://api.example.com:8443/base// ", "https://api.example.com:8443/base"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("HTTPS://API.Example.com:443/Base", "https://api.example.com:443/Base"),
            ("https://api.example.com:", "https://api.example.com"),
            ("http://[::1]", "http://[::1]"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("\thttps://api_1.example.com/a%20b;c\n", "https://api_1.example.com/a%20b;c"),
        ],
    )
    def test_is_normalised(self, given, expected):
        assert Configuration(host=given).host == expected

    @pytest.mark.parametrize(
        "given",
        [
            "api.example.com",
            "//api.example.com",
            "ftp://api.example.com",
            "https://",
            "https:///path",
            "https://user@api.example.com",
            "https://user:password@api.example.com",
            "https://api.example.com?a=b",
            "https://api.example.com/#a",
            "https://api.example.com?",
            "https://api.example.com/#",
            "https://api.example.com:port",
            "https://api.example.com:-1",
            "https://api.example.com:0",
            "https://api.example.com:99999",
            "https://[::1",
            "https://[::1::]",
            "https://[api.example.com]",
            "https://api.example.com[::1]",
            "https://api example.com",
            "https://api.example.com/a b",
            "https://api.example.com/\r\nX-Evil: 1",
            "https://api.exam\nple.com",
            "https://api.example.com\0",
            "https://api.example.com\x7f",
            "https://api.example.com\\evil.example",
            "https:\\\\api.example.com",
            "https://api.example.com%2eevil.example",
            "https://api.example.com/%zz",
            "https://api.example.com,evil.example",
            "https://żółw.example.com",
            "",
        ],
    )
    def test_or_refused(self, given):
        with pytest.raises(ApiValueError, match="`host`"):
            Configuration(host=given)

    @pytest.mark.parametrize(
        "given",
        [
            "https://user:s3cret@api.example.com",
            "user:s3cret@api.example.com",
            "https://user:s3cret/more@api.example.com",
            "https://user:1/s3cret@api.example.com",
            "https://user:s3cret?@api.example.com",
            "https://user:s3cret@api.example.com:99999",
        ],
    )
    def test_no_password_is_repeated_in_the_error(self, given):
        with pytest.raises(ApiValueError, match="must not contain a user or a password") as caught:
            Configuration(host=given)
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))

    def test_must_be_text(self):
        with pytest.raises(ApiTypeError, match="`host` must be text"):
            Configuration(host=4)

    def test_can_be_set_later(self):
        configuration = Configuration()
        configuration.host = "https://us1.api.voucherify.io/"
        assert configuration.host == "https://us1.api.voucherify.io"
        with pytest.raises(ApiValueError):
            configuration.host = "us1"

    @pytest.mark.parametrize("name", ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "LOCALHOST2"])
    def test_plain_http_to_another_machine_warns(self, name):
        with pytest.warns(UserWarning, match=f"keys travel unencrypted to {name.lower()}: use https"):
            Configuration(host=f"http://{name}")
        with pytest.warns(UserWarning, match="keys travel unencrypted"):
            Configuration().host = f"http://{name}"

    @pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "shop.localhost", "127.0.0.1", "127.8.0.1", "[::1]"])
    def test_plain_http_to_this_machine_does_not(self, name):
        assert Configuration(host=f"http://{name}:8000").host == f"http://{name.lower()}:8000"

    def test_server_variables(self):
        assert Configuration(server_variables={"cluster": "us1.api"}).host == "https://us1.api.voucherify.io"
        with pytest.raises(ApiValueError, match=r"`cluster` must be one of api, .*, not 'mars'"):
            _ = Configuration(server_variables={"cluster": "mars"}).host

    def test_host_settings(self):
        configuration = Configuration()
        (setting,) = configuration.get_host_settings()
        assert setting["url"] == "https://{cluster}.voucherify.io"
        assert setting["variables"]["cluster"]["default_value"] == "api"
        assert configuration.get_host_from_settings(None) == "https://api.voucherify.io"
        assert configuration.get_host_from_settings(0, {"cluster": "as1.api"}) == "https://as1.api.voucherify.io"
        servers = [{"url": "https://a.example.com"}, {"url": "https://b.example.com"}]
        assert configuration.get_host_from_settings(1, servers=servers) == "https://b.example.com"
        for index in (-1, 1):
            with pytest.raises(ApiValueError, match="server index"):
                configuration.get_host_from_settings(index)

    def test_host_settings_match_the_description(self):
        from pathlib import Path

        import yaml

        description = yaml.safe_load((Path(__file__).parent.parent / "openapi" / "openapi.yaml").read_text())
        (server,) = description["servers"]
        (setting,) = Configuration().get_host_settings()
        assert setting["url"] == server["url"]
        assert setting["variables"]["cluster"]["enum_values"] == server["variables"]["cluster"]["enum"]
        assert setting["variables"]["cluster"]["default_value"] == server["variables"]["cluster"]["default"]


class TestOperationHosts:
    own = ("https://download.voucherify.io", "https://us1.download.voucherify.io")

    @pytest.mark.parametrize(
        ("host", "hosts", "index"),
        [
            ("https://api.voucherify.io", own, 0),
            ("https://us1.api.voucherify.io", own, 1),
            ("https://as1.api.voucherify.io", own, 0),
            ("https://us1.download.voucherify.io", ("https://us1.download.voucherify.io",), 0),
            ("http://127.0.0.1:80", ("http://127.0.0.1:80",), 0),
        ],
    )
    def test_follow_the_region(self, host, hosts, index):
        assert operation_hosts(self.own, host) == (hosts, index)

    def test_without_own_servers(self):
        assert operation_hosts((), "https://api.voucherify.io") == (("https://api.voucherify.io",), 0)


class TestKeys:
    def test_the_caller_s_mapping_is_copied(self):
        keys = {"X-App-Id": "a"}
        configuration = Configuration(api_key=keys)
        configuration.api_key["X-App-Token"] = "b"
        assert keys == {"X-App-Id": "a"}

    def test_must_be_a_mapping(self):
        with pytest.raises(ApiTypeError, match="`api_key` must be a mapping"):
            Configuration(api_key="X-App-Id")

    def test_prefix(self):
        configuration = Configuration(api_key={"X-App-Id": " a\n"}, api_key_prefix={"X-App-Id": "Token"})
        assert configuration.get_api_key_with_prefix("X-App-Id") == "Token a"
        assert configuration.get_api_key_with_prefix("X-App-Token") is None
        assert configuration.get_api_key_with_prefix("Other", "X-App-Id") == "a"

    def test_an_empty_key_is_none(self):
        configuration = Configuration(api_key={"X-App-Id": "  "}, api_key_prefix={"X-App-Id": "Token"})
        assert configuration.get_api_key_with_prefix("X-App-Id") is None

    def test_must_be_text(self):
        with pytest.raises(ApiTypeError, match="the key `X-App-Id` must be text, not int"):
            Configuration(api_key={"X-App-Id": 4}).get_api_key_with_prefix("X-App-Id")

    def test_refresh_hook(self):
        configuration = Configuration()
        configuration.refresh_api_key_hook = lambda refreshed: refreshed.api_key.update({"X-App-Id": "fresh"})
        assert configuration.get_api_key_with_prefix("X-App-Id") == "fresh"

    def test_auth_settings(self):
        configuration = Configuration(api_key={"X-App-Id": "a"}, access_token="t")
        assert configuration.auth_settings() == {
            "X-App-Id": {"type": "api_key", "in": "header", "key": "X-App-Id", "value": "a"},
            "OAuth": {"type": "bearer", "in": "header", "key": "Authorization", "value": "Bearer t"},
        }
        assert Configuration().auth_settings() == {}

    def test_basic_auth_token(self):
        assert Configuration().get_basic_auth_token() is None
        assert Configuration(username="Aladdin", password="open sesame").get_basic_auth_token() == (
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        )


class TestDefault:
    def test_is_one_object(self):
        assert Configuration.get_default() is Configuration.get_default()

    def test_copy_is_free_to_be_changed(self):
        own = Configuration(api_key={"X-App-Id": "a"})
        Configuration.set_default(own)
        assert Configuration.get_default() is own
        duplicate = Configuration.get_default_copy()
        duplicate.api_key["X-App-Id"] = "b"
        assert own.api_key["X-App-Id"] == "a"

    def test_clients_without_a_configuration_use_it(self):
        own = Configuration()
        Configuration.set_default(own)
        assert voucherify.ApiClient().configuration is own
        assert voucherify.EventsApi().api_client is voucherify.ApiClient.get_default()
        client = voucherify.ApiClient()
        voucherify.ApiClient.set_default(client)
        assert voucherify.EventsApi().api_client is client


class TestLogging:
    @pytest.fixture(autouse=True)
    def restored_level(self):
        logger = logging.getLogger("voucherify")
        level = logger.level
        yield
        logger.setLevel(level)

    def test_debug_concerns_the_package_s_logger_alone(self):
        import http.client

        others = {name: logging.getLogger(name).level for name in ("urllib3", "root")}
        configuration = Configuration(debug=True)
        assert logging.getLogger("voucherify").level == logging.DEBUG
        assert {name: logging.getLogger(name).level for name in others} == others
        assert http.client.HTTPConnection.debuglevel == 0
        configuration.debug = False
        assert logging.getLogger("voucherify").level == logging.NOTSET

    def test_logger_file(self, tmp_path):
        configuration = Configuration(debug=True)
        configuration.logger_format = "%(levelname)s|%(message)s"
        configuration.logger_file = str(tmp_path / "log")
        logging.getLogger("voucherify").warning("hello")
        configuration.logger_format = "%(message)s"
        logging.getLogger("voucherify").warning("hello")
        configuration.logger_file = None
        logging.getLogger("voucherify").warning("not written")
        assert (tmp_path / "log").read_text() == "WARNING|hello\nhello\n"

    def test_debug_report(self):
        assert f"voucherify {voucherify.__version__}" in Configuration().to_debug_report()


class TestObject:
    def test_repr_shows_no_secret(self):
        configuration = Configuration(api_key=SECRETS, access_token="secret-7", username="u", password="secret-8")
        assert "secret" not in repr(configuration)
        assert "X-App-Id=***" in repr(configuration)
        assert "access_token=***" in repr(configuration)

    @pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
    def test_copies(self, duplicate):
        configuration = Configuration(host="https://a.example.com", api_key={"X-App-Id": "a"}, retries=3)
        again = duplicate(configuration)
        assert (again.host, again.api_key, again.retries) == ("https://a.example.com", {"X-App-Id": "a"}, 3)
        again.api_key["X-App-Id"] = "b"
        assert configuration.api_key["X-App-Id"] == "a"

    def test_pickles_with_a_log_file(self, tmp_path):
        configuration = Configuration()
        configuration.logger_file = str(tmp_path / "log")
        assert pickle.loads(pickle.dumps(configuration)).logger_file is None
        configuration.logger_file = None
