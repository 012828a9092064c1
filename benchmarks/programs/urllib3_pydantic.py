"""The floor with models: urllib3, and pydantic models written by hand with the fields of this one call.

A first call imports `pydantic.BaseModel` but builds no model: that is the least that a package with models can do.
"""

from __future__ import annotations

import json
from datetime import date, datetime  # noqa: TC003  # pydantic reads the annotations at run time
from typing import TYPE_CHECKING, Any

import urllib3
from pydantic import BaseModel

from benchmarks.programs.payloads import CUSTOMER, EVENT, EVENT_PATH
from benchmarks.programs.urllib3_json import first_event, first_vouchers, get_vouchers, post

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["first_event", "first_vouchers", "list_vouchers", "track_event", "track_event_model"]


def models() -> tuple[type[BaseModel], type[BaseModel], type[BaseModel]]:
    """Build the classes of the customer, the request and the answer."""

    class Customer(BaseModel):
        id: str | None = None
        object: str | None = None
        source_id: str | None = None
        name: str | None = None
        email: str | None = None
        phone: str | None = None
        description: str | None = None
        metadata: dict[str, Any] | None = None

    class Request(BaseModel):
        event: str
        customer: Customer
        metadata: dict[str, Any] | None = None

    class Answer(BaseModel):
        object: str
        type: str
        customer: Customer
        referral: dict[str, Any] | None = None
        loyalty: dict[str, Any] | None = None

    return Customer, Request, Answer


def track_event(host: str) -> Callable[[], object]:
    """Track an event that is a dict."""
    _, _, answer = models()
    pool = urllib3.PoolManager()
    url = host + EVENT_PATH
    return lambda: answer.model_validate_json(post(pool, url, json.dumps(EVENT).encode()))


def track_event_model(host: str) -> Callable[[], object]:
    """Build the models of an event, and track it."""
    customer, request, answer = models()
    pool = urllib3.PoolManager()
    url = host + EVENT_PATH

    def call() -> object:
        body = request(**{**EVENT, "customer": customer(**CUSTOMER)})
        return answer.model_validate_json(post(pool, url, body.model_dump_json(exclude_unset=True).encode()))

    return call


def voucher_list() -> type[BaseModel]:
    """Build the class of a page of vouchers."""

    class Category(BaseModel):
        id: str
        name: str
        hierarchy: int
        object: str
        created_at: datetime
        updated_at: datetime | None = None

    class Discount(BaseModel):
        type: str
        amount_off: int | None = None
        percent_off: float | None = None
        effect: str | None = None

    class Gift(BaseModel):
        amount: int
        balance: int
        effect: str | None = None

    class LoyaltyCard(BaseModel):
        points: int
        balance: int
        next_expiration_date: date | None = None
        next_expiration_points: int | None = None

    class Timeframe(BaseModel):
        interval: str | None = None
        duration: str | None = None

    class Asset(BaseModel):
        id: str
        url: str

    class Assets(BaseModel):
        qr: Asset | None = None
        barcode: Asset | None = None

    class Redemption(BaseModel):
        quantity: int | None = None
        redeemed_quantity: int | None = None
        object: str
        url: str

    class Publish(BaseModel):
        object: str
        count: int
        url: str

    class Voucher(BaseModel):
        id: str
        code: str
        campaign: str | None = None
        campaign_id: str | None = None
        category: str | None = None
        category_id: str | None = None
        categories: list[Category]
        type: str
        discount: Discount | None = None
        gift: Gift | None = None
        loyalty_card: LoyaltyCard | None = None
        start_date: datetime | None = None
        expiration_date: datetime | None = None
        validity_timeframe: Timeframe | None = None
        validity_day_of_week: list[int] | None = None
        active: bool
        additional_info: str | None = None
        metadata: dict[str, Any]
        assets: Assets | None = None
        is_referral_code: bool | None = None
        created_at: datetime
        updated_at: datetime | None = None
        holder_id: str | None = None
        redemption: Redemption | None = None
        publish: Publish | None = None
        object: str

    class VoucherList(BaseModel):
        object: str
        data_ref: str
        vouchers: list[Voucher]
        total: int

    return VoucherList


def list_vouchers(host: str) -> Callable[[], object]:
    """List a page of vouchers."""
    answer = voucher_list()
    fetch = get_vouchers(host)
    return lambda: answer.model_validate_json(fetch())
