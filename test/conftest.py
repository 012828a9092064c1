"""What the tests share: a client, and a server on loopback that it talks to."""

from __future__ import annotations

import os

import pytest
from certificates import Certificates
from hypothesis import settings

import voucherify

APP_KEYS = {"X-App-Id": "app-id", "X-App-Token": "app-token"}
EVENT = {
    "object": "event",
    "type": "cart_abandoned",
    "customer": {"id": "cust_1", "source_id": "customer-1", "metadata": {"tier": "gold"}, "object": "customer"},
    "referral": None,
    "loyalty": None,
    "metadata": {"items": 3},
}

settings.register_profile("tests", max_examples=100, derandomize=True, database=None)  # the same in each run
settings.register_profile("fuzz", max_examples=500)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """No keys, hosts or proxies of the machine reach a test, and no defaults of one test the next."""
    for name in list(os.environ):
        if name.startswith("VOUCHERIFY_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(voucherify.Configuration, "_default", None)
    monkeypatch.setattr(voucherify.ApiClient, "_default", None)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def configuration(httpserver):
    return voucherify.Configuration(host=httpserver.url_for(""), api_key=APP_KEYS, retries=0)


@pytest.fixture
def client(configuration):
    with voucherify.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def events(client):
    return voucherify.EventsApi(client)


@pytest.fixture
def event_server(httpserver):
    """Answers every custom event with `EVENT`."""
    httpserver.expect_request("/v1/events", method="POST").respond_with_json(EVENT)
    return httpserver


def last_request(server):
    """The last request that `server` got."""
    return server.log[-1][0]
