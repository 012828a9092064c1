"""Every operation of the description: what it sends, what it refuses, and what it makes of answers."""

from __future__ import annotations

import inspect
import json
import re
from datetime import datetime
from email import message_from_bytes
from urllib.parse import parse_qsl, unquote

import pytest
from samples import API, Sample, documented_answers, query_pairs, sample
from werkzeug import Response

import voucherify
from voucherify.configuration import KEY_VARIABLES
from voucherify.exceptions import ApiValueError, NotFoundException

METHODS = [(resource, method) for resource in API.resources for method in resource.methods]
KEYS = {header: header.lower() for header in KEY_VARIABLES}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
every_method = pytest.mark.parametrize(
    ("resource", "method"), [pytest.param(*one, id=f"{one[0].name}.{one[1].name}") for one in METHODS]
)


class Exchange:
    """What the server got, and what it answers."""

    def __init__(self, host):
        self.host = host
        self.requests = []
        self.answer = Response(b"", 200)


@pytest.fixture
def server(httpserver):
    exchange = Exchange(httpserver.url_for(""))

    def handle(request):
        request.get_data()
        exchange.requests.append(request)
        return exchange.answer

    httpserver.expect_request(re.compile(".*")).respond_with_handler(handle)
    return exchange


@pytest.fixture
def call(server):
    """Call `method` in one of its three forms."""
    configuration = voucherify.Configuration(host=server.host, api_key=KEYS, retries=0)
    with voucherify.ApiClient(configuration) as client:
        yield lambda resource, name, arguments: getattr(getattr(voucherify, resource.name)(client), name)(**arguments)


def arguments(method, *, full):
    chosen = [argument for argument in method.arguments if full or argument.required]
    header = Sample("https://shop.example.com", "https://shop.example.com")  # headers hold less than other text
    return {
        argument.name: (argument, header if argument.location == "header" else sample(argument.type, full=full))
        for argument in chosen
    }


def expected_path(method, chosen):
    path = method.path
    for argument, value in chosen.values():
        if argument.location == "path":
            path = path.replace("{" + argument.wire + "}", value.wire.replace("/", "\0"))
    return [segment.replace("\0", "/") for segment in path.split("/")]


def parts_of(request):
    message = message_from_bytes(
        b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n" + request.data
    )
    payload = message.get_payload()
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in payload}


@every_method
@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
def test_request(server, call, resource, method, full):
    chosen = arguments(method, full=full)
    call(resource, method.name, {name: value.given for name, (_, value) in chosen.items()})

    (request,) = server.requests
    assert request.method == method.http_method
    target, _, query = request.environ["REQUEST_URI"].partition("?")
    assert [unquote(segment) for segment in target.split("/")] == expected_path(method, chosen)
    by_location = {}
    for argument, value in chosen.values():
        by_location.setdefault(argument.location, []).append((argument, value))
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(
        pair
        for argument, value in by_location.get("query", ())
        for pair in query_pairs(argument.wire, value.wire, deep=False)
    )
    for argument, value in by_location.get("header", ()):
        assert request.headers[argument.wire] == value.wire
    for header, key in KEYS.items():
        assert request.headers.get(header) == (key if header in method.keys else None)
    if method.accept:
        assert request.headers["Accept"] == method.accept
    if "body" in by_location:
        ((_, value),) = by_location["body"]
        assert json.loads(request.data) == value.wire
        assert request.headers["Content-Type"] == method.content_type
    elif "file" in by_location or "form" in by_location:
        expected = {
            argument.wire: value.wire if isinstance(value.wire, bytes) else json.dumps(value.wire).strip('"').encode()
            for location in ("file", "form")
            for argument, value in by_location.get(location, ())
        }
        assert parts_of(request) == expected
    elif method.content_type != "multipart/form-data":
        assert request.data == b""
        assert "Content-Type" not in request.headers


@every_method
def test_path_values_cannot_lead_to_another_resource(server, call, resource, method):
    given = {name: value.given for name, (_, value) in arguments(method, full=False).items()}
    for argument in method.arguments:
        if argument.location == "path":
            for value in ("", ".", "..", "%2e%2E"):
                with pytest.raises(ApiValueError, match=f"`{argument.name}`"):
                    call(resource, method.name, {**given, argument.name: value})
    assert server.requests == []


@every_method
def test_missing_arguments(server, call, resource, method):
    given = {name: value.given for name, (_, value) in arguments(method, full=False).items()}
    for name in given:
        with pytest.raises(TypeError, match=name):
            call(resource, method.name, {key: value for key, value in given.items() if key != name})
    with pytest.raises(TypeError, match="no_such_argument"):
        call(resource, method.name, {**given, "no_such_argument": 1})
    assert server.requests == []


@every_method
def test_documented_answers_in_all_three_forms(server, call, resource, method):
    given = {name: value.given for name, (_, value) in arguments(method, full=False).items()}
    answers = documented_answers(method)
    if method.answer is not None:
        assert any(200 <= status < 300 for status, _, _ in answers), "the description has no example of an answer"
    for status, media_type, value in answers:
        if not 200 <= status < 300:
            continue
        text = value if media_type != "application/json" else json.dumps(value)
        server.answer = Response(text, status, content_type=media_type)
        response = call(resource, f"{method.name}_with_http_info", given)
        assert response.status_code == status
        assert response.deviations == ()
        assert same_times(plain(response.data)) == same_times(value)
        assert same_times(plain(call(resource, method.name, given))) == same_times(value)
        raw = call(resource, f"{method.name}_without_preload_content", given)
        assert raw.read() == text.encode()
        raw.release_conn()


def same_times(value):
    """`value` with all times in one form."""
    if isinstance(value, dict):
        return {key: same_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [same_times(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value


def plain(data):
    if isinstance(data, list):
        return [plain(item) for item in data]
    return json.loads(data.to_json()) if hasattr(data, "to_json") else data


@every_method
def test_errors_and_empty_answers(server, call, resource, method):
    given = {name: value.given for name, (_, value) in arguments(method, full=False).items()}
    body = {"code": 404, "key": "not_found", "message": "Not found", "request_id": "v-1"}
    server.answer = Response(json.dumps(body), 404, content_type="application/json")
    with pytest.raises(NotFoundException) as caught:
        call(resource, method.name, given)
    assert (caught.value.key, caught.value.request_id, caught.value.path) == ("not_found", "v-1", method.path)
    server.answer = Response(b"", 204)
    assert call(resource, method.name, given) is None


def test_documented_arguments_that_the_published_signature_lacks_come_by_keyword_only():
    """So that names and positions of the published arguments stay; `test_request` sends them with all the others."""
    further = [(*one, argument) for one in METHODS for argument in one[1].arguments if argument.keyword_only]
    assert {f"{resource.name}.{method.name}: {argument.name}" for resource, method, argument in further} == {
        "TemplatesApi.get_campaign_template: expand",
        "VouchersApi.list_vouchers: filters",
    }
    for resource, method, argument in further:
        function = getattr(getattr(voucherify, resource.name), method.name)
        assert argument.name not in inspect.signature(function).parameters
