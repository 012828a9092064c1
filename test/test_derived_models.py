"""Models in the hands of callers: derived from, stored as JSON, and read again."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pydantic
import pytest
from pydantic import Field, TypeAdapter

import voucherify
from voucherify.base_model import BaseModel
from voucherify.model_schema import READING
from voucherify.operation import Answer, Operation
from voucherify.response import read_answer


class Order(voucherify.Order):
    tag: str = "web"
    labels: list[str] = Field(default_factory=list)
    items_left: Annotated[int, Field(gt=5)] = 7


class Rate(Enum):
    HALF = 0.5


class Priced(BaseModel):
    name: str
    price: float | None = None


class RawAnswer:
    status, reason, attempts = 200, "OK", 1

    def __init__(self, data: bytes) -> None:
        self.data, self.headers = data, {"Content-Type": "application/json"}


def read(model: str, data: bytes) -> Any:
    operation: Operation[Any] = Operation("Api.method", "GET", "/", (), (), Answer("model", model))
    return read_answer(operation, RawAnswer(data), strict=False)


def test_defaults_of_derived_models_are_kept():
    order = Order(amount=100)
    assert (order.tag, order.labels, order.items_left) == ("web", [], 7)
    assert order.to_dict() == {"amount": 100}  # nothing is invented on the wire
    assert Order.from_dict({"tag": "shop"}).tag == "shop"


def test_limits_of_derived_models_are_kept():
    assert Order(items_left=6).items_left == 6
    with pytest.raises(pydantic.ValidationError, match="greater than 5"):
        Order(items_left=5)
    order = Order()
    with pytest.raises(pydantic.ValidationError, match="greater than 5"):
        order.items_left = 1


@pytest.mark.parametrize("read_again", [Priced.model_validate_json, Priced.from_json])
def test_nulls_in_required_fields_survive_storage(read_again):
    stored = Priced(name=None).model_dump_json(exclude_unset=True)
    assert read_again(stored).to_dict() == {"name": None}


def test_model_validate_json_is_as_kind_as_the_constructor():
    assert voucherify.Order.model_validate_json('{"amount": 100.0}').to_dict() == {"amount": 100}
    with pytest.raises(pydantic.ValidationError, match="amount"):
        voucherify.Order.model_validate_json('{"amount": 100.5}')
    with pytest.raises(pydantic.ValidationError, match="Invalid JSON"):
        voucherify.Order.model_validate_json("{")
    with pytest.raises(pydantic.ValidationError):
        voucherify.Order.model_validate_json('{"amount": 100.0}', strict=True)


def test_models_inside_of_foreign_types():
    adapter = TypeAdapter(list[Priced])
    assert adapter.validate_json('[{"name": "a", "price": 1.5}]') == [Priced(name="a", price=1.5)]
    assert adapter.validate_python([{"name": "a", "price": Decimal("1.5")}]) == [Priced(name="a", price=1.5)]


def test_numbers_of_other_types():
    assert Priced(name="a", price=Rate.HALF).to_dict() == {"name": "a", "price": 0.5}
    assert Priced(name="a", price=Decimal("0.1")).to_dict() == {"name": "a", "price": 0.1}


@pytest.mark.parametrize("text", ["1.2345678901234567890123456", "NaN", "sNaN", "Infinity"])
def test_decimals_that_no_double_holds_are_refused_not_rounded(text):
    with pytest.raises(pydantic.ValidationError, match="price"):
        Priced(name="a", price=Decimal(text))


def test_an_answer_that_is_read_in_the_middle_of_another_leaves_that_reading_as_it_was(monkeypatch):
    """A signal handler or a finalizer may do that."""
    monkeypatch.setattr(READING, "answer", True)
    assert read("SimpleVoucher", b'{"code": "a"}').data.code == "a"
    assert READING.answer
    monkeypatch.setattr(READING, "answer", False)
    assert read("SimpleVoucher", b"[]").deviations
    assert not READING.answer


def test_an_answer_that_is_nested_too_deeply_for_the_stack_is_the_result_all_the_same():
    rule = '{"name": 1, "rules": {"1": ' * 60 + "{}" + "}}" * 60

    def deep(levels: int) -> Any:
        return read("ValidationRuleRule", rule.encode()) if not levels else deep(levels - 1)

    typed, plain = deep(0), deep(600)
    assert typed.data.rules["1"].name == 1
    assert plain.data["rules"]["1"]["name"] == 1
    assert [one.found for one in plain.deviations] == ["deep nesting"]
