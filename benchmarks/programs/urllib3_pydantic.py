"""The floor with models: urllib3, and pydantic models written by hand with the fields of this one call.

The first event imports `pydantic.BaseModel` but builds no model: that is the least that a package with models can do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3
from pydantic import BaseModel

from benchmarks.programs.payloads import CUSTOMER, EVENT, EVENT_PATH
from benchmarks.programs.urllib3_json import first_event, post

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["first_event", "track_event", "track_event_model"]


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
