"""An answer of success is a result, whatever its values are: nothing lost, nothing invented, for every kind of call."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import datetime, timezone
from typing import Any

import pytest
from deviating import (
    answer_type,
    as_json,
    changed,
    deviating,
    full_answer,
    is_typed,
    model_places,
    value_at,
    without,
)
from hostile_server import full, raw, serving
from kinds import KINDS, client_of, every_kind, named, received, use_later
from pydantic_core import ValidationError
from samples import API

from codegen import form
from voucherify import response
from voucherify.api_response import ApiResponse, Deviation
from voucherify.base_model import BaseModel
from voucherify.exceptions import ApiException, UnexpectedAnswerException
from voucherify.leniency import MOST_DEVIATIONS
from voucherify.models.vouchers_update_request_body import VouchersUpdateRequestBody

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # all operations that answer lists are
TYPED = [kind for kind in KINDS if is_typed(kind)]
typed_kind = pytest.mark.parametrize("kind", TYPED, ids=lambda kind: kind.name)
REQUEST_ID = "v-0a1b2c"
CATEGORY = {"id": "cat_1", "name": "a", "hierarchy": 1, "object": "category", "created_at": "2024-01-31T10:00:00Z"}


@pytest.fixture(autouse=True)
def nothing_reported(monkeypatch):
    monkeypatch.setattr(response, "_reported", set())


def message(body: Any) -> bytes:
    return full(json.dumps(body).encode(), 200, f"X-Request-Id: {REQUEST_ID}")


def test_most_kinds_answer_models():
    assert {kind.name for kind in KINDS} - {kind.name for kind in TYPED} == {"delete", "path values", "text", "json"}


# -- odd values -------------------------------------------------------------------------------------------------------


@typed_kind
def test_an_odd_value_is_kept_and_the_others_are_typed(kind):
    cases = list(deviating(kind))
    complete, *results = received(kind, message(full_answer(kind)), *(message(case.body) for case in cases))
    assert complete.deviations == ()
    models = model_places(full_answer(kind), complete.data)
    assert models
    for case, result in zip(cases, results, strict=True):
        assert isinstance(result, ApiResponse), (case.place, case.odd, result)
        assert [(one.path, one.found) for one in result.deviations] == [(case.place.path, case.found)], case.odd
        assert value_at(result.data, case.place.steps) == case.odd
        assert type(value_at(result.data, case.place.steps)) is type(case.odd)
        assert as_json(result.data) == case.body
        assert json.loads(result.raw_data) == case.body
        depth, steps = len(case.place.steps), case.place.steps
        expected = {where: model for where, model in models.items() if where[:depth] != steps}
        assert model_places(changed(case.body, steps, None), result.data) == expected


@typed_kind
def test_odd_values_can_be_used_later(kind):
    for result in received(kind, *(message(case.body) for case in list(deviating(kind))[::6])):
        use_later(result)
        use_later(result.data)


@typed_kind
def test_strict_responses_raise_with_status_request_id_and_body(kind):
    cases = list(deviating(kind))
    fitting, *errors = received(
        kind, message(full_answer(kind)), *(message(case.body) for case in cases), strict_responses=True
    )
    assert as_json(fitting.data) == full_answer(kind)
    for case, error in zip(cases, errors, strict=True):
        assert type(error) is UnexpectedAnswerException
        assert (error.status, error.request_id) == (200, REQUEST_ID)
        assert json.loads(error.raw_data) == json.loads(error.body) == error.data == case.body
        assert [(one.path, one.found) for one in error.deviations] == [(case.place.path, case.found)]
        assert error.may_have_reached_server
        assert case.place.path[:50] in str(error)
        use_later(error)


def test_times_beside_an_odd_value_are_times():
    at = "2024-01-31T10:00:00Z"
    body = {
        "code": 4,
        "created_at": at,
        "holder": {"id": 5},
        "categories": [{**CATEGORY, "id": 6, "created_at": at}],
    }
    (result,) = received(named("get"), message(body))
    assert [one.path for one in result.deviations] == ["code", "categories[0].id", "holder.id"]
    voucher = result.data
    for part in (voucher, voucher.categories[0]):
        assert part.created_at == datetime(2024, 1, 31, 10, tzinfo=timezone.utc)


def test_an_object_stays_a_model_where_anything_may_stand():
    kind = dataclasses.replace(
        named("get"), resource="MetadataSchemasApi", method="get_metadata_schema", arguments={"resource": "customer"}
    )
    others = {"b": "text", "c": 4, "d": ["a"], "e": None, "f": {}}
    body = {
        **dict.fromkeys(["id", "related_object", "object"], "text"),
        **dict.fromkeys(["allow_defined_only", "updated_at"]),
        "created_at": "2024-01-31T10:00:00Z",
        "properties": {"a": {"type": 6, "array": True}, **others},
    }
    (result,) = received(kind, message(body))
    assert result.deviations == (Deviation("properties.a.type", "str", "number"),)
    assert as_json(result.data) == body
    properties = result.data.properties
    assert (properties["a"].type, properties["a"].array) == (6, True)
    assert [properties[name] for name in "bcde"] == list(others.values())[:4]


# -- nulls, missing and unknown fields --------------------------------------------------------------------------------


@typed_kind
def test_null_and_missing_fields_read_none_and_are_told_apart(kind):
    whole = full_answer(kind)
    root = (0,) if isinstance(whole, list) else ()
    nested = [steps for steps in _objects(whole, ()) if steps != root][-1:]
    places = [(*steps, name) for steps in (root, *nested) for name in value_at(whole, steps)]
    nulls = received(kind, *(message(changed(whole, steps, None)) for steps in places))
    missing = received(kind, *(message(without(whole, steps)) for steps in places))
    for steps, null, absent in zip(places, nulls, missing, strict=True):
        assert as_json(null.data) == changed(whole, steps, None)
        assert as_json(absent.data) == without(whole, steps)
        assert value_at(null.data, steps) is None
        if isinstance(value_at(absent.data, steps[:-1]), BaseModel):
            assert value_at(absent.data, steps) is None


def _objects(value: Any, steps: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Where the objects stand that have fields."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [steps] if isinstance(value, dict) and value else []
    return found + [place for step, one in inner for place in _objects(one, (*steps, step))]


@pytest.mark.parametrize(
    ("discount", "found"), [({"type": None, "amount_off": 1}, "null"), ({"amount_off": 1}, "nothing")]
)
def test_what_is_required_is_missed(discount, found):
    for kind in (named("get"), named("put")):
        body = {"code": "SUMMER", "discount": discount}
        (lenient,) = received(kind, message(body))
        assert lenient.data.to_dict() == body
        assert lenient.deviations == (Deviation("discount.type", "str", found),)
        (strict,) = received(kind, message(body), strict_responses=True)
        assert strict.deviations == (Deviation("discount.type", "str", found),)


@typed_kind
def test_nulls_in_lists_stay(kind):
    whole = full_answer(kind)
    for steps, described in _lists_of_models(answer_type(kind), whole):
        body = changed(whole, steps, [None, *value_at(whole, steps)])
        (result,) = received(kind, message(body))
        assert as_json(result.data) == body
        assert [(one.expected, one.found) for one in result.deviations] == [(described, "null")]


def _lists_of_models(described: Any, whole: Any) -> list[tuple[tuple[Any, ...], str]]:
    """Lists at the top, or in a field of the top, whose items are models."""
    if isinstance(described, form.ListOf):
        return [((), described.item.name)]
    types = {field.wire: form.not_null(field.type) for field in API.all_fields(API.models[described.name])}
    return [
        ((wire,), one.item.name)
        for wire, one in types.items()
        if isinstance(one, form.ListOf) and isinstance(one.item, form.Model) and wire in whole
    ]


@typed_kind
def test_unknown_fields_and_new_values_of_enumerations_are_no_deviation(kind):
    whole = full_answer(kind)
    new = {"brand_new": {"list": [1, None, "a"]}, "to_dict": "x", "": 1, "self": [], "__class__": "y", "näme 1": 1.5}
    objects = _objects(whole, ())
    some = objects[:: len(objects) // 10 + 1]
    bodies = [changed(whole, steps, {**value_at(whole, steps), **new}) for steps in some]
    places = {case.place for case in deviating(kind) if case.place.type == "choice"}
    opened = [(place, changed(whole, place.steps, "BRAND_NEW")) for place in places]
    results = received(kind, *map(message, bodies), *(message(body) for _, body in opened))
    for body, result in zip([*bodies, *(body for _, body in opened)], results, strict=True):
        assert result.deviations == ()
        assert as_json(result.data) == body
    for (place, _), result in zip(opened, results[len(bodies) :], strict=True):
        assert value_at(result.data, place.steps) == "BRAND_NEW"
    root = results[0].data[0] if isinstance(whole, list) else results[0].data
    assert root.brand_new == new["brand_new"]
    strict = received(kind, *map(message, bodies), *(message(body) for _, body in opened), strict_responses=True)
    assert [error for error in strict if isinstance(error, ApiException)] == []


# -- the whole answer -------------------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("value", [[], [1], [[]], {}, {"a": 1}, "text", "", 4, -0.5, True, False])
def test_another_container_or_a_scalar_is_the_result(kind, value):
    (result,) = received(kind, message(value))
    described = answer_type(kind)
    if described is None:
        assert result.data is None
    elif kind.name == "text":
        assert result.data == json.dumps(value)
    else:
        assert as_json(result.data) == value
        use_later(result)
        deviates = is_typed(kind) and not isinstance(value, list if isinstance(described, form.ListOf) else dict)
        assert ("" in [one.path for one in result.deviations]) is deviates


@every_kind
def test_null_is_none(kind):
    (result,) = received(kind, message(None))
    assert result.data == ("null" if kind.name == "text" else None)
    assert result.deviations == ()


# -- the log ----------------------------------------------------------------------------------------------------------


@typed_kind
def test_deviations_are_logged_once_per_operation_and_field_without_values(kind, caplog):
    places = {case.place for case in deviating(kind) if case.place.type not in ("model", "map")}
    secret = {"SENTINEL-key": "SENTINEL-value"}
    messages = [message(changed(full_answer(kind), place.steps, secret)) for place in places]
    results = [*received(kind, *messages), *received(kind, *messages)]
    assert {one.path for result in results for one in result.deviations} == {place.path for place in places}
    fields = sorted({one.field for result in results for one in result.deviations})
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sorted(text.split(": ")[1] for text in logged) == fields
    assert {text.split(": ")[0] for text in logged} == {f"{kind.resource}.{kind.method}"}
    assert "SENTINEL" not in caplog.text


def test_keys_of_maps_and_positions_do_not_make_the_log_grow(caplog):
    rewards = {f"secret\n{number}": {"type": number} for number in range(20)}
    tier = {"name": "Gold", "points": {"from": 1, "to": 2}, "rewards": rewards}
    (result,) = received(named("list"), message([tier, tier]))
    assert [one.path for one in result.deviations[:2]] == ["[0].rewards.secret\n0.type", "[0].rewards.secret\n1.type"]
    assert len(result.deviations) == 40
    assert [record.getMessage() for record in caplog.records] == [
        "LoyaltiesApi.create_in_bulk_loyalty_tiers: [].rewards[].type: number instead of str; kept as sent"
    ]


def test_a_large_answer_of_another_shape_does_not_fill_the_memory_with_deviations(caplog):
    body = {"categories": [{**CATEGORY, "id": 4}] * 1500}
    (result,) = received(named("get"), message(body))
    assert len(result.deviations) == MOST_DEVIATIONS == 1000
    assert result.deviations[-1].path == "categories[999].id"
    assert as_json(result.data) == body
    assert len(caplog.records) == 1


# -- sent back --------------------------------------------------------------------------------------------------------


def test_an_answer_with_odd_values_can_be_changed_and_sent_back():
    """Fetch, change one field, update: what the server sent is not refused, and nothing of it is lost."""
    get, put = named("get"), named("put")
    for case in deviating(get):
        body = {**case.body, "brand_new": {"a": [1]}}
        with serving(raw(message(body), then="keep")) as server, client_of(server.url) as client:
            voucher = get.call(client)
            voucher.additional_info = "changed"
            for given in (voucher, {"additional_info": "changed", "metadata": {"before": voucher}}):
                arguments = {"code": "SUMMER", "vouchers_update_request_body": given}
                dataclasses.replace(put, arguments=arguments).call(client)
            fetched, whole, nested = server.requests
        assert (fetched.method, whole.method) == ("GET", "PUT")
        assert json.loads(whole.body) == {**body, "additional_info": "changed"}
        assert json.loads(nested.body)["metadata"]["before"] == {**body, "additional_info": "changed"}


def test_parts_of_an_answer_with_odd_values_can_be_sent_in_another_request():
    get, put = named("get"), named("put")
    body = {"discount": {"type": 4, "amount_off": "100", "new": 1}, "holder": {"id": 5}, "categories": [{"id": 4}, 5]}
    with serving(raw(message(body), then="keep")) as server, client_of(server.url) as client:
        voucher = get.call(client)
        parts = {"discount": voucher.discount, "holder": voucher.holder, "categories": voucher.categories}
        for given in (parts, VouchersUpdateRequestBody(**parts)):
            arguments = {"code": "SUMMER", "vouchers_update_request_body": given}
            dataclasses.replace(put, arguments=arguments).call(client)
        assert [json.loads(request.body) for request in server.requests[1:]] == [body, body]


def test_what_is_assigned_to_an_answer_with_odd_values_is_checked_like_elsewhere():
    (result,) = received(named("get"), message({"code": 4, "active": "yes", "discount": {"amount_off": "100"}}))
    voucher = result.data
    with pytest.raises(ValidationError, match="active"):
        voucher.active = "perhaps"
    assert voucher.active == "yes"
    voucher.active = True
    voucher.discount.amount_off = 50.0
    voucher.brand_new = [1]
    del voucher.code
    assert voucher.to_dict() == {"active": True, "discount": {"amount_off": 50}, "brand_new": [1]}
