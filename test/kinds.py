"""One operation of every kind: what the runtime promises, it must keep for all of them.

Tests that take `kind` run once per entry of `KINDS`.
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

import pytest
from hostile_server import head, raw, serving

import voucherify
from voucherify.configuration import KEY_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = {header: f"key-of-{header.lower()}" for header in KEY_VARIABLES}
"""A value for each of the six keys."""

FORMS = ("", "_with_http_info", "_without_preload_content")
"""What the names of a method's three forms end in."""


@dataclass(frozen=True)
class Kind:
    """One way to use the API, with arguments that any server may get."""

    name: str
    resource: str
    method: str
    http_method: str
    path: str
    """Path and query, as they go out."""
    repeatable: bool
    """Whether it may be sent again after the server may have taken it."""
    answer: bytes
    """A body that its model fits."""
    arguments: dict[str, Any] = field(default_factory=dict)

    def call(self, client: voucherify.ApiClient, form: str = "", **options: Any) -> Any:
        """Call it, in the form `_with_http_info` or `_without_preload_content` if asked for.

        `options` are options of the call, or arguments instead of its own.
        """
        method: Callable[..., Any] = getattr(getattr(voucherify, self.resource)(client), self.method + form)
        return method(**{**self.arguments, **options})

    def reply(self, *headers: str) -> bytes:
        """`answer` as a server sends it."""
        media_type = "text/plain" if self.name == "text" else "application/json"
        length = len(self.answer)
        return head(200, f"Content-Type: {media_type}", f"Content-Length: {length}", *headers) + self.answer


_VOUCHER = b'{"id": "v_1", "code": "SUMMER", "object": "voucher", "active": true, "metadata": {"tier": "gold"}}'
_CUSTOMER = {"source_id": "customer-1"}

KINDS = (
    Kind("get", "VouchersApi", "get_voucher", "GET", "/v1/vouchers/SUMMER", True, _VOUCHER, {"code": "SUMMER"}),
    Kind(
        "post",
        "EventsApi",
        "track_custom_event",
        "POST",
        "/v1/events",
        False,
        b'{"object": "event", "type": "cart", "customer": {"id": "cust_1"}, "referral": null, "loyalty": null}',
        {"events_create_request_body": {"event": "cart", "customer": _CUSTOMER}},
    ),
    Kind(
        "redemption",
        "RedemptionsApi",
        "redeem_stacked_discounts",
        "POST",
        "/v1/redemptions",
        False,
        b'{"redemptions": [{"id": "r_1", "object": "redemption", "result": "SUCCESS"}]}',
        {"redemptions_redeem_request_body": {"redeemables": [{"object": "voucher", "id": "SUMMER"}]}},
    ),
    Kind(
        "put",
        "VouchersApi",
        "update_voucher",
        "PUT",
        "/v1/vouchers/SUMMER",
        True,
        _VOUCHER,
        {"code": "SUMMER", "vouchers_update_request_body": {"metadata": {"tier": "gold"}}},
    ),
    Kind(
        "delete",
        "VouchersApi",
        "delete_voucher",
        "DELETE",
        "/v1/vouchers/SUMMER?force=true",
        True,
        b"",
        {"code": "SUMMER", "force": True},
    ),
    Kind(
        "path values",
        "VouchersApi",
        "release_validation_session",
        "DELETE",
        "/v1/vouchers/a%2Fb%20%C5%BC/sessions/%3F%23%25",
        True,
        b"",
        {"code": "a/b ż", "session_key": "?#%"},
    ),
    Kind(
        "filters",
        "RedemptionsApi",
        "list_redemptions",
        "GET",
        "/v1/redemptions?limit=2&filters%5Bresult%5D%5Bconditions%5D%5B%24in%5D%5B0%5D=SUCCESS",
        True,
        b'{"object": "list", "data_ref": "redemptions", "redemptions": [], "total": 0}',
        {"limit": 2, "filters": {"result": {"conditions": {"$in": ["SUCCESS"]}}}},
    ),
    Kind(
        "file",
        "VouchersApi",
        "import_vouchers_using_csv",
        "POST",
        "/v1/vouchers/importCSV",
        False,
        b'{"async_action_id": "aa_1"}',
        {"file": b"Code\nSUMMER\n"},
    ),
    Kind(
        "text",
        "ExportsApi",
        "download_export",
        "GET",
        "/v1/exports/exp_1?token=export-token",
        True,
        b"Code\nSUMMER\n",
        {"export_id": "exp_1", "token": "export-token"},
    ),
    Kind(
        "list",
        "LoyaltiesApi",
        "create_in_bulk_loyalty_tiers",
        "POST",
        "/v1/loyalties/camp_1/tiers",
        False,
        b'[{"id": "ltr_1", "name": "Gold", "points": {"from": 10, "to": 20}, "object": "loyalty_tier"}]',
        {
            "campaign_id": "camp_1",
            "loyalties_tiers_create_in_bulk_request_body_item": [{"name": "Gold", "points": {"from": 10, "to": 20}}],
        },
    ),
    Kind(
        "nothing",
        "ManagementApi",
        "list_projects",
        "GET",
        "/management/v1/projects",
        True,
        b'{"object": "list", "data_ref": "data", "data": [], "total": 0}',
    ),
    Kind(
        "json",
        "CampaignsApi",
        "enable_campaign",
        "POST",
        "/v1/campaigns/camp_1/enable",
        False,
        b"{}",
        {"campaign_id": "camp_1"},
    ),
    Kind(
        "client side",
        "ClientSideApi",
        "track_custom_event_client_side",
        "POST",
        "/client/v1/events",
        False,
        b'{"object": "event", "type": "cart", "customer": {"id": "cust_1"}, "referral": null, "loyalty": null}',
        {
            "origin": "https://shop.example.com",
            "client_events_create_request_body": {"event": "cart", "customer": _CUSTOMER},
        },
    ),
    Kind(
        "publishing get",
        "PublicationsApi",
        "create_publication1",
        "GET",
        "/v1/publications/create?customer%5Bsource_id%5D=customer-1&join_once=true&campaign%5Bname%5D=Spring",
        False,
        b'{"id": "pub_1", "object": "publication", "created_at": "2024-01-31T10:00:00Z", "customer_id": "cust_1",'
        b' "metadata": {}, "channel": "API", "source_id": null, "result": "SUCCESS", "vouchers_id": ["v_1"],'
        b' "customer": {"id": "cust_1", "source_id": "customer-1", "object": "customer"}}',
        {"join_once": True, "customer": _CUSTOMER, "campaign": {"name": "Spring"}},
    ),
)

_DEPRECATED = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # all operations that answer lists are

every_kind = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=kind.name, marks=_DEPRECATED if kind.name == "list" else ()) for kind in KINDS]
)


def named(name: str) -> Kind:
    """The kind of this name."""
    return next(kind for kind in KINDS if kind.name == name)


def client_of(host: str, **settings: Any) -> voucherify.ApiClient:
    """A client with all keys; `settings` are attributes of its configuration."""
    configuration = voucherify.Configuration(host=host, api_key=KEYS)
    for name, value in settings.items():
        assert hasattr(configuration, name), name
        setattr(configuration, name, value)
    return voucherify.ApiClient(configuration)


def received(kind: Kind, *messages: bytes, then: str = "keep", **settings: Any) -> list[Any]:
    """What the call makes of each of `messages`: its `ApiResponse`, or the `ApiException` that it raises.

    `then` is what the server does after each message: see `hostile_server.raw`.
    """
    results: list[Any] = []
    script = [raw(message, then=then) for message in messages]
    with serving(*script) as server, client_of(server.url, **{"retries": 0, **settings}) as client:
        for _ in messages:
            try:
                results.append(kind.call(client, "_with_http_info"))
            except voucherify.ApiException as error:
                results.append(error)
    assert len(server.requests) == len(messages)
    return results


def twins(thing: Any) -> list[Any]:
    """`thing`, copied and pickled in all ways."""
    pickles = [pickle.dumps(thing, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    pickles.append(bytes(ForkingPickler.dumps(thing)))
    return [copy.copy(thing), copy.deepcopy(thing), *map(pickle.loads, pickles)]


def use_later(thing: Any) -> None:
    """Do what callers do with a result or an error later on. None of it may raise, whatever the server sent."""
    assert thing == thing  # noqa: PLR0124  comparing is what is tested
    for text in (repr(thing), str(thing), f"{thing}"):
        text.encode()
    for twin in twins(thing):
        assert type(twin) is type(thing)
        repr(twin)
    for method in ("to_dict", "to_json", "to_str"):
        if hasattr(thing, method):
            getattr(thing, method)()


def told(error: voucherify.ApiException) -> tuple[int, bool]:
    """How often it was sent, and whether it may have been carried out."""
    return error.attempts, error.may_have_reached_server
