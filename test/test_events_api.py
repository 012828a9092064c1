"""The published way of using the package, on a custom event, against a server on loopback."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import threading
import warnings
from datetime import date

import pytest
from conftest import APP_KEYS, EVENT, last_request
from voucherify.models.events_create_request_body_referral import EventsCreateRequestBodyReferral
from werkzeug import Response

import voucherify
from voucherify.models.customer import Customer
from voucherify.models.events_create_request_body import EventsCreateRequestBody
from voucherify.models.events_create_response_body import EventsCreateResponseBody

BODY = {
    "event": "event-name",
    "customer": {"source_id": "customer-1"},
    "referral": {"code": "voucher-code", "referrer_id": "customer-2"},
}
PUBLISHED = """
import os
import voucherify
from voucherify.models.events_create_request_body import EventsCreateRequestBody
from voucherify.models.events_create_response_body import EventsCreateResponseBody
from voucherify.rest import ApiException
from voucherify.exceptions import ApiValueError, NotFoundException
from pprint import pprint

configuration = voucherify.Configuration(
    host = os.environ["VOUCHERIFY_HOST"]
)
configuration.api_key['X-App-Id'] = os.environ["API_KEY"]
configuration.api_key_prefix['X-App-Id'] = 'Bearer'
configuration.api_key['X-App-Token'] = os.environ["API_KEY"]

with voucherify.ApiClient(configuration) as api_client:
    api_instance = voucherify.EventsApi(api_client)
    events_create_request_body = %s

    try:
        api_response = api_instance.track_custom_event(events_create_request_body=events_create_request_body)
        print("The response of EventsApi->track_custom_event:\\n")
        pprint(api_response)
    except ApiException as e:
        print("Exception when calling EventsApi->track_custom_event: %%s\\n" %% e)
"""
BODIES = {
    "dict": repr(BODY),
    "model from a dict": f"EventsCreateRequestBody.from_dict({BODY!r})",
    "model": f"EventsCreateRequestBody(**{BODY!r})",
    "nested models": (
        'EventsCreateRequestBody(event="event-name", customer=voucherify.Customer(source_id="customer-1"), '
        'referral=voucherify.EventsCreateRequestBodyReferral(code="voucher-code", referrer_id="customer-2"))'
    ),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_the_published_script(event_server, body):
    environment = {"VOUCHERIFY_HOST": event_server.url_for(""), "API_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PUBLISHED % body],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "EventsCreateResponseBody(" in done.stdout
    assert "Exception" not in done.stdout
    request = last_request(event_server)
    assert request.get_json() == BODY
    assert request.headers["X-App-Id"] == "Bearer secret"
    assert request.headers["X-App-Token"] == "secret"


class TestRequest:
    @pytest.mark.parametrize(
        "body",
        [
            BODY,
            EventsCreateRequestBody.from_dict(BODY),
            EventsCreateRequestBody(
                event="event-name",
                customer=Customer(source_id="customer-1"),
                referral=EventsCreateRequestBodyReferral(code="voucher-code", referrer_id="customer-2"),
            ),
        ],
        ids=["dict", "from_dict", "nested models"],
    )
    def test_on_the_wire(self, event_server, events, body):
        events.track_custom_event(body)
        request = last_request(event_server)
        assert (request.method, request.full_path) == ("POST", "/v1/events?")
        assert request.data == json.dumps(BODY, separators=(",", ":")).encode()
        assert {name: request.headers.get(name) for name in ("Content-Type", "Accept", "X-Voucherify-Channel")} == {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Voucherify-Channel": "Python-SDK",
        }
        assert {name: value for name, value in request.headers.items() if name.startswith("X-App")} == APP_KEYS
        assert len(event_server.log) == 1

    def test_the_body_is_optional(self, event_server, events):
        events.track_custom_event()
        request = last_request(event_server)
        assert request.data == b""
        assert "Content-Type" not in request.headers

    def test_nulls_and_unknown_fields_go_out_and_unset_ones_do_not(self, event_server, events):
        body = EventsCreateRequestBody(event="a", loyalty=None, new_field={"x": [None]})
        body.customer = Customer(birthdate=date(2000, 1, 31), address=None)
        events.track_custom_event(body)
        assert last_request(event_server).get_json() == {
            "event": "a",
            "customer": {"birthdate": "2000-01-31", "address": None},
            "loyalty": None,
            "new_field": {"x": [None]},
        }

    def test_options(self, event_server, events):
        events.track_custom_event(
            BODY,
            _request_timeout=(1, 5),
            _headers={"x-own": "1", "User-Agent": "own"},
            _content_type="application/vnd.own+json",
            _host_index=0,
            _request_auth={"type": "api_key", "in": "query", "key": "token", "value": "t"},
        )
        request = last_request(event_server)
        assert request.headers["X-Own"] == "1"
        assert request.headers["User-Agent"] == "own"
        assert request.headers["Content-Type"] == "application/vnd.own+json"
        assert dict(request.args) == {"token": "t"}
        assert "X-App-Id" not in request.headers

    def test_default_headers_and_cookie(self, event_server, configuration):
        client = voucherify.ApiClient(configuration, "X-Own", "1", cookie="session=2")
        client.user_agent = "own"
        client.set_default_header("x-voucherify-channel", "Shop")
        assert client.user_agent == "own"
        with client:
            voucherify.EventsApi(client).track_custom_event(BODY)
        headers = last_request(event_server).headers
        assert {name: headers[name] for name in ("X-Own", "Cookie", "User-Agent", "X-Voucherify-Channel")} == {
            "X-Own": "1",
            "Cookie": "session=2",
            "User-Agent": "own",
            "X-Voucherify-Channel": "Shop",
        }

    def test_a_base_path(self, httpserver):
        httpserver.expect_request("/gateway/v1/events").respond_with_json(EVENT)
        configuration = voucherify.Configuration(host=httpserver.url_for("/gateway/"), api_key=APP_KEYS)
        with voucherify.ApiClient(configuration) as client:
            assert voucherify.EventsApi(client).track_custom_event(BODY).type == "cart_abandoned"


class TestRefusals:
    """What is wrong is refused before anything is sent."""

    @pytest.fixture(autouse=True)
    def nothing_sent(self, event_server):
        yield
        assert event_server.log == []

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"event_create_request_body": {}}, TypeError, "event_create_request_body"),
            ({"_request_timeouts": 4}, TypeError, "_request_timeouts"),
            ({"events_create_request_body": "text"}, TypeError, "must be a mapping or a model, not str"),
            ({"events_create_request_body": {"event": 4}}, ValueError, r"`events_create_request_body.event`: .* not 4"),
            ({"events_create_request_body": {"metadata": {"a": b"x"}}}, TypeError, r"body.metadata.a"),
            ({"_request_timeout": "soon"}, TypeError, "timeout must be a number"),
            ({"_request_timeout": -1}, ValueError, "timeout must be positive"),
            ({"_headers": {"X": "a\r\nb"}}, ValueError, "header `X`"),
            ({"_host_index": 1}, ValueError, "`_host_index` must be 0 to 0"),
            ({"_host_index": "0"}, TypeError, "`_host_index` must be a whole number"),
            ({"_request_auth": {"in": "body", "key": "a", "value": "b"}}, ValueError, "_request_auth"),
            ({"_request_auth": {"in": "header", "key": "a", "value": None}}, TypeError, "_request_auth"),
        ],
    )
    def test_of_arguments(self, events, arguments, error, message):
        with pytest.raises(error, match=message):
            events.track_custom_event(**arguments)

    @pytest.mark.parametrize(
        ("keys", "missing"),
        [
            ({}, r"\['X-App-Id'\]` \(or VOUCHERIFY_APP_ID\) and .*\['X-App-Token'\]` \(or VOUCHERIFY_APP_TOKEN\)"),
            ({"X-App-Id": "a"}, r"needs `configuration.api_key\['X-App-Token'\]`"),
            ({"X-App-Id": "a", "X-App-Token": " "}, r"needs `configuration.api_key\['X-App-Token'\]`"),
            ({"X-Client-Application-Id": "a", "X-Client-Token": "b"}, "X-App-Id"),
        ],
    )
    def test_of_missing_keys(self, event_server, keys, missing):
        configuration = voucherify.Configuration(host=event_server.url_for(""), api_key=keys)
        with voucherify.ApiClient(configuration) as client, pytest.raises(ValueError, match=missing):
            voucherify.EventsApi(client).track_custom_event(BODY)


class TestAuthentication:
    def test_keys_may_be_set_at_any_time(self, event_server):
        configuration = voucherify.Configuration(host=event_server.url_for(""))
        with voucherify.ApiClient(configuration) as client:
            configuration.api_key.update(APP_KEYS)
            voucherify.EventsApi(client).track_custom_event(BODY)
            configuration.api_key["X-App-Id"] = "changed"
            voucherify.EventsApi(client).track_custom_event(BODY)
        assert [request.headers["X-App-Id"] for request, _ in event_server.log] == ["app-id", "changed"]

    def test_keys_may_be_headers_of_the_caller(self, event_server):
        configuration = voucherify.Configuration(host=event_server.url_for(""))
        with voucherify.ApiClient(configuration, "x-app-id", "a") as client:
            voucherify.EventsApi(client).track_custom_event(BODY, _headers={"X-App-Token": "b"})
        assert last_request(event_server).headers["X-App-Id"] == "a"

    def test_an_oauth_token_stands_in_for_the_keys(self, event_server, client):
        client.configuration.access_token = "token "
        voucherify.EventsApi(client).track_custom_event(BODY)
        headers = last_request(event_server).headers
        assert headers["Authorization"] == "Bearer token"
        assert "X-App-Id" not in headers

    def test_an_empty_token(self, client):
        client.configuration.access_token = ""
        with pytest.raises(ValueError, match="access_token"):
            voucherify.EventsApi(client).track_custom_event(BODY)


class TestAnswer:
    def test_is_typed(self, event_server, events):
        answer = events.track_custom_event(BODY)
        assert isinstance(answer, EventsCreateResponseBody)
        assert answer.customer.metadata == {"tier": "gold"}
        assert answer.to_dict() == EVENT

    def test_with_http_info(self, event_server, events):
        response = events.track_custom_event_with_http_info(BODY)
        assert isinstance(response, voucherify.ApiResponse)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.data.to_dict() == EVENT
        assert json.loads(response.raw_data) == EVENT

    def test_without_preload_content(self, event_server, events):
        import urllib3

        response = events.track_custom_event_without_preload_content(BODY)
        assert isinstance(response, urllib3.BaseHTTPResponse)
        assert response.status == 200
        assert json.loads(response.read()) == EVENT
        response.release_conn()

    def test_without_preload_content_errors_are_answers(self, httpserver, events):
        httpserver.expect_request("/v1/events").respond_with_data("no", status=404)
        response = events.track_custom_event_without_preload_content(BODY)
        assert (response.status, response.data) == (404, b"no")
        response.release_conn()

    def test_errors(self, httpserver, events):
        body = {"code": 400, "key": "invalid_payload", "message": "Invalid payload", "request_id": "v-1"}
        httpserver.expect_request("/v1/events").respond_with_json(body, status=400)
        with pytest.raises(voucherify.exceptions.BadRequestException) as caught:
            events.track_custom_event(BODY)
        error = caught.value
        assert (error.status, error.key, error.request_id) == (400, "invalid_payload", "v-1")
        assert json.loads(error.body) == body
        assert str(error) == "POST /v1/events: 400 BAD REQUEST, key invalid_payload: Invalid payload (request id v-1)"
        assert isinstance(error, voucherify.ApiException)

    def test_strict_responses(self, httpserver, client):
        httpserver.expect_request("/v1/events").respond_with_json(EVENT | {"type": 4})
        client.configuration.strict_responses = True
        with pytest.raises(voucherify.exceptions.UnexpectedAnswerException, match="type: number instead of str"):
            voucherify.EventsApi(client).track_custom_event(BODY)

    def test_an_event_is_sent_once_whatever_the_server_answers(self, httpserver, client):
        client.configuration.retries = 5
        httpserver.expect_request("/v1/events").respond_with_data("down", status=503)
        with pytest.raises(voucherify.exceptions.ServiceException):
            voucherify.EventsApi(client).track_custom_event(BODY)
        assert len(httpserver.log) == 1


class TestClient:
    def test_serves_many_threads(self, httpserver, client):
        def echo(request):
            return Response(json.dumps(EVENT | {"type": request.get_json()["event"]}), content_type="application/json")

        httpserver.expect_request("/v1/events").respond_with_handler(echo)
        wrong = []

        def work(number):
            api = voucherify.EventsApi(client)
            for turn in range(10):
                name = f"{number}-{turn}"
                answer = api.track_custom_event({"event": name, "customer": {"source_id": name}})
                if answer.type != name:
                    wrong.append((name, answer.type))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(httpserver.log) == 160

    def test_can_be_used_after_close(self, event_server, client):
        client.close()
        assert voucherify.EventsApi(client).track_custom_event(BODY).type == "cart_abandoned"

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda client: pickle.loads(pickle.dumps(client))])
    def test_copies_work_and_keep_their_headers(self, event_server, client, duplicate):
        client.user_agent = "own"
        voucherify.EventsApi(client).track_custom_event(BODY)
        with duplicate(client) as again:
            voucherify.EventsApi(again).track_custom_event(BODY)
        assert last_request(event_server).headers["User-Agent"] == "own"

    def test_repr_shows_no_secret(self, client):
        assert "app-token" not in repr(client)
        assert "X-App-Token=***" in repr(client)

    def test_closes_what_it_opened(self, event_server, configuration):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            with voucherify.ApiClient(configuration) as client:
                voucherify.EventsApi(client).track_custom_event(BODY)
