"""The package, ours or the official one: both are used in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import voucherify
from benchmarks.programs.payloads import APPLICATION_ID, APPLICATION_TOKEN, CUSTOMER, EVENT, VOUCHERS

if TYPE_CHECKING:
    from collections.abc import Callable


def api_client(host: str) -> voucherify.ApiClient:
    """Return a client with the keys."""
    configuration = voucherify.Configuration(host=host)
    configuration.api_key["X-App-Id"] = APPLICATION_ID
    configuration.api_key["X-App-Token"] = APPLICATION_TOKEN
    return voucherify.ApiClient(configuration)


def events_api(host: str) -> voucherify.EventsApi:
    """Return the resource, on a client of its own."""
    return voucherify.EventsApi(api_client(host))


def first_event(host: str) -> Callable[[], object]:
    """Track an event and read the customer's id from the typed answer."""

    def call() -> object:
        answer = events_api(host).track_custom_event(events_create_request_body=EVENT)
        return answer.customer.id if answer.customer else None

    return call


def track_event(host: str) -> Callable[[], object]:
    """Track an event that is a dict."""
    events = events_api(host)
    return lambda: events.track_custom_event(events_create_request_body=EVENT)


def track_event_in_threads(host: str) -> Callable[[], object]:
    """Track an event that is a dict, over a client that many threads share."""
    return track_event(host)


def track_event_model(host: str) -> Callable[[], object]:
    """Build the models of an event, and track it."""
    events = events_api(host)

    def call() -> object:
        customer = voucherify.Customer(**CUSTOMER)
        body = voucherify.EventsCreateRequestBody(**{**EVENT, "customer": customer})
        return events.track_custom_event(events_create_request_body=body)

    return call


def list_vouchers(host: str) -> Callable[[], object]:
    """List a page of vouchers."""
    vouchers = voucherify.VouchersApi(api_client(host))
    return lambda: vouchers.list_vouchers(limit=VOUCHERS)


def first_vouchers(host: str) -> Callable[[], object]:
    """List a page of vouchers and read the first code from the typed answer."""
    return lambda: list_vouchers(host)().vouchers[0].code


def vouchers_to_dict(host: str) -> Callable[[], object]:
    """Turn a page of vouchers, answered before, into plain data."""
    return list_vouchers(host)().to_dict


def first_everything(_host: str) -> Callable[[], object]:
    """Load every module and build every model. The official package does that when it is imported."""
    return getattr(voucherify, "preload", lambda: None)
