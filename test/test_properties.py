"""Properties of a whole call, over a real connection: what is given arrives, what is sent comes back."""

from __future__ import annotations

import json

import pytest
from conftest import last_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug import Response

from voucherify.exceptions import ApiException
from voucherify.models.events_create_request_body import EventsCreateRequestBody
from voucherify.models.events_create_response_body import EventsCreateResponseBody

numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
over_http = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=50
)


@pytest.fixture
def echo(httpserver):
    """Answers with the body that it got; `echo.content` is what it answers instead, if set."""

    def answer(request):
        content = httpserver.content if httpserver.content is not None else request.data
        return Response(content, content_type="application/json")

    httpserver.content = None
    httpserver.expect_request("/v1/events").respond_with_handler(answer)
    return httpserver


@over_http
@given(metadata=st.dictionaries(st.text(), json_values, max_size=4), unknown=json_values)
def test_any_json_arrives_as_given_and_comes_back_complete(echo, events, metadata, unknown):
    body = {"event": "a", "customer": {"source_id": "b", "metadata": metadata}, "metadata": metadata, "new": unknown}
    for given_body in (body, EventsCreateRequestBody.from_dict(body)):
        answer = events.track_custom_event(given_body)
        assert json.loads(last_request(echo).data) == body
        assert answer.to_dict() == body
        assert json.loads(answer.to_json()) == body


@over_http
@given(body=json_values)
def test_any_json_answer_is_a_result(echo, events, body):
    echo.content = json.dumps(body)
    response = events.track_custom_event_with_http_info({})
    data = response.data
    assert (data.to_dict() if isinstance(data, EventsCreateResponseBody) else data) == body
    assert json.loads(response.raw_data) == body


@over_http
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_result_or_an_api_exception(echo, events, content):
    echo.content = content
    error = None
    try:
        events.track_custom_event({})
    except ApiException as raised:
        error = raised
    assert error is None or (error.status, error.raw_data) == (200, content)
