"""From what was received to the data that a call answers, or to the right exception."""

from __future__ import annotations

import json
import logging
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from voucherify import response
from voucherify.api_response import ApiResponse, Deviation
from voucherify.exceptions import (
    ApiException,
    BadRequestException,
    NotFoundException,
    ServiceException,
    UnexpectedAnswerException,
    UnreadableResponseException,
)
from voucherify.models.events_create_response_body import EventsCreateResponseBody
from voucherify.operation import Answer, Operation
from voucherify.response import read_answer

JSON = {"Content-Type": "application/json"}
MODEL = Answer("model", "EventsCreateResponseBody")
LIST = Answer("list", "EventsCreateResponseBody")
COMPLETE = {
    "object": "event",
    "type": "a",
    "customer": {"id": "c"},
    "referral": None,
    "loyalty": None,
    "metadata": {},
}


class Raw:
    """Like `voucherify.rest.RawResponse`."""

    def __init__(self, data, status=200, headers=JSON):
        self.data = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.status, self.reason, self.headers, self.attempts = status, "Reason", HTTPHeaderDict(headers), 1
        self.may_have_reached_server = True


def read(data, answer=MODEL, *, status=200, headers=JSON, strict=False):
    operation = Operation("ThingsApi.do", "POST", "/v1/things/{code}", (), (), answer)
    return read_answer(operation, Raw(data, status, headers), strict=strict)


@pytest.fixture(autouse=True)
def nothing_reported(monkeypatch):
    monkeypatch.setattr(response, "_reported", set())


class TestData:
    def test_a_model(self):
        answer = read(COMPLETE | {"new": [1]})
        assert isinstance(answer.data, EventsCreateResponseBody)
        assert answer.data.customer.id == "c"
        assert answer.data.new == [1]
        assert answer.data.to_dict() == COMPLETE | {"new": [1]}
        assert answer.deviations == ()

    def test_a_list(self):
        answer = read([COMPLETE, {}], LIST)
        assert [type(item) for item in answer.data] == [EventsCreateResponseBody] * 2
        assert [item.to_dict() for item in answer.data] == [COMPLETE, {}]

    @pytest.mark.parametrize("value", [{"a": [None]}, [1], "text", 4, 1.5, True])
    def test_json_as_it_is(self, value):
        for answer in (Answer("json"), Answer("list")):
            assert read(value, answer).data == value

    def test_text(self):
        assert read("a,b\nż".encode(), Answer("text"), headers={"Content-Type": "text/plain"}).data == "a,b\nż"
        assert read(b"\xef\xbb\xbfa", Answer("text"), headers={}).data == "a"
        latin = {"Content-Type": 'text/csv; header=present; Charset="iso-8859-1"'}
        assert read(b"\xe9", Answer("text"), headers=latin).data == "é"

    @pytest.mark.parametrize("answer", [MODEL, LIST, Answer("json"), Answer("text"), Answer("nothing")])
    @pytest.mark.parametrize("status", [200, 202, 204])
    def test_an_empty_body_is_none(self, answer, status):
        assert read(b"", answer, status=status, headers={}).data is None

    def test_white_space_is_no_json(self):
        assert read(b" \r\n", MODEL).data is None

    def test_nothing_is_none(self):
        assert read({"a": 1}, Answer("nothing")).data is None
        assert read(b"<html>", Answer("nothing")).data is None

    @pytest.mark.parametrize("answer", [MODEL, LIST, Answer("json")])
    def test_null_is_none(self, answer):
        assert read(b"null", answer).data is None

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b'\xef\xbb\xbf{"type": "\xc3\xa9"}', "application/json"),
            ('{"type": "é"}'.encode("latin-1"), "application/json;charset=ISO-8859-1"),
            ('{"type": "é"}'.encode("utf-16"), "application/json; charset=utf-16"),
            ('{"type": "é"}'.encode(), 'application/problem+json; charset="UTF-8"'),
            ('{"type": "é"}'.encode(), "Application/JSON"),
            ('{"type": "é"}'.encode(), "application/json; charset=no-such-charset"),
            ('{"type": "é"}'.encode(), "text/plain"),
            ('{"type": "é"}'.encode(), None),
        ],
    )
    def test_media_types_and_charsets(self, body, content_type):
        answer = read(body, headers={"Content-Type": content_type} if content_type else {})
        assert answer.data.to_dict() == {"type": "é"}

    def test_numbers_beyond_doubles_and_lone_surrogates(self):
        body = b'{"metadata": {"big": 123456789012345678901234567890, "text": "\\ud800"}}'
        assert read(body).data.to_dict() == json.loads(body)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"\\ud800": null, "type": "a", "metadata": {"b": [1, {"c": null}]}}',
            b'{"new": {"\\ud800": [{"\\udfff": {}}]}, "customer": {"id": "c", "\\ud800": 1}, "referral": null}',
            b'{"metadata": {"\\ud800": 1}}',
        ],
    )
    def test_lone_surrogates_in_names(self, body):
        data = read(body).data
        assert data.to_dict() == json.loads(data.to_json()) == json.loads(body)


class TestDeviations:
    """Values of another type than described."""

    @pytest.mark.parametrize(
        ("changed", "deviation"),
        [
            ({"type": 4}, Deviation("type", "str", "number")),
            ({"type": ["a"]}, Deviation("type", "str", "array")),
            ({"customer": "c"}, Deviation("customer", "EventsCreateResponseBodyCustomer", "string")),
            ({"customer": {"id": True}}, Deviation("customer.id", "str", "boolean")),
            ({"metadata": []}, Deviation("metadata", "dict", "array")),
            ({"referral": 1.5}, Deviation("referral", "dict", "number")),
        ],
    )
    def test_values_stay_as_sent_and_the_others_are_typed(self, changed, deviation):
        sent = COMPLETE | changed
        answer = read(sent)
        assert isinstance(answer.data, EventsCreateResponseBody)
        assert answer.data.to_dict() == sent
        assert json.loads(answer.data.to_json()) == sent
        found = [(d.path, d.found) for d in answer.deviations]
        assert found == [(deviation.path, deviation.found)]
        (key,) = changed
        if key != "customer":
            assert answer.data.customer.id == "c"
            assert getattr(answer.data, key) == changed[key]

    @pytest.mark.parametrize("value", [[1], "text", 4, True])
    def test_another_top_level_type(self, value):
        answer = read(value)
        assert answer.data == value
        assert [deviation.path for deviation in answer.deviations] == [""]

    def test_an_object_for_a_list(self):
        assert read({"a": 1}, LIST).data == {"a": 1}
        assert read([COMPLETE, 4], LIST).data[1] == 4

    def test_are_logged_once_per_operation_and_field_without_their_value(self, caplog):
        for _ in range(3):
            read([COMPLETE | {"type": 4}, COMPLETE | {"type": 5678}], LIST)
        assert [record.getMessage() for record in caplog.records] == [
            "ThingsApi.do: [].type: number instead of str; kept as sent"
        ]
        assert caplog.records[0].levelno == logging.WARNING

    def test_models_with_deviations_are_models_like_others(self):
        model = read(COMPLETE | {"type": 4, "new": 1}).data
        assert pickle.loads(pickle.dumps(model)) == model
        model.type = "b"
        del model.referral
        assert model.to_dict() == {k: v for k, v in COMPLETE.items() if k != "referral"} | {"type": "b", "new": 1}
        assert model.model_fields_set == {"object", "type", "customer", "loyalty", "metadata"}

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of a busy machine
    @given(st.dictionaries(st.sampled_from([*COMPLETE, "id", "name", "new"]), json_values))
    def test_whatever_is_sent_comes_back(self, sent: dict[str, Any]):
        for body in (sent, {**sent, "customer": sent}):
            data = read(body).data
            assert json.loads(json.dumps(data.to_dict(), default=str)) == body
            assert json.loads(data.to_json()) == body


class TestStrictResponses:
    def test_a_complete_answer_is_fine(self):
        assert read(COMPLETE | {"new": 1}, strict=True).data.to_dict() == COMPLETE | {"new": 1}

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (COMPLETE | {"type": 4}, "type: number instead of str"),
            (COMPLETE | {"type": None}, "type: null instead of str"),
            ({k: v for k, v in COMPLETE.items() if k != "type"}, "type: nothing instead of str"),
            ([COMPLETE], "the answer: array instead of EventsCreateResponseBody"),
        ],
    )
    def test_deviations_raise(self, body, message):
        with pytest.raises(UnexpectedAnswerException, match=message) as caught:
            read(body, headers=JSON, strict=True)
        assert caught.value.status == 200
        assert json.loads(caught.value.body) == body
        assert len(caught.value.deviations) == 1
        assert isinstance(caught.value, ApiException)


class TestUnreadable:
    @pytest.mark.parametrize(
        "body",
        [
            b"<html>gateway</html>",
            b'{"type": "cut o',
            b'{"type": "\xff"}',
            b"{'type': 1}",
            b"\xff\xfe",
            b"[" * 200_000,
            b'{"a":' * 200_000,
        ],
    )
    @pytest.mark.parametrize("answer", [MODEL, LIST, Answer("json")])
    def test_raises_with_the_real_status(self, body, answer):
        with pytest.raises(UnreadableResponseException) as caught:
            read(body, answer, status=201)
        assert caught.value.status == 201
        assert caught.value.raw_data == body
        assert caught.value.__cause__ is not None

    def test_text_that_is_no_text(self):
        with pytest.raises(UnreadableResponseException):
            read(b"\xff", Answer("text"))

    def test_not_a_number_is_readable(self):
        assert read(b'{"metadata": {"a": NaN}}').data.metadata["a"] != 0


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error"),
        [(400, BadRequestException), (404, NotFoundException), (503, ServiceException), (302, ApiException)],
    )
    def test_one_class_per_status(self, status, error):
        body = {"code": status, "key": "some_key", "message": "Some message", "details": "d", "request_id": "v-1"}
        with pytest.raises(error) as caught:
            read(body, status=status)
        raised = caught.value
        assert type(raised) is error
        assert (raised.status, raised.key, raised.request_id) == (status, "some_key", "v-1")
        assert (raised.method, raised.path) == ("POST", "/v1/things/{code}")

    def test_a_body_that_is_no_json(self):
        with pytest.raises(ServiceException) as caught:
            read(b"<html>", status=502)
        assert caught.value.body == "<html>"


class TestApiResponse:
    def test_published_form(self):
        answer = ApiResponse(status_code=200, headers={"a": "b"}, data=1, raw_data=b"1")
        assert (answer.status_code, answer.headers, answer.data, answer.raw_data) == (200, {"a": "b"}, 1, b"1")
        assert answer.attempts == 1

    def test_rate_limit(self):
        headers = {"X-Rate-Limit-Limit": "100", "x-rate-limit-remaining": "7", "X-Rate-Limit-Retry": "1706695200"}
        limit = read(COMPLETE, headers=headers).rate_limit
        assert (limit.limit, limit.remaining) == (100, 7)
        assert limit.retry_at == datetime(2024, 1, 31, 10, tzinfo=timezone.utc)

    def test_pickles(self):
        answer = read(COMPLETE | {"type": 4})
        again = pickle.loads(pickle.dumps(answer))
        assert again.data == answer.data
        assert again.headers["content-type"] == "application/json"
        assert again.deviations == answer.deviations
