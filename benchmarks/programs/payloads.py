"""What every contestant sends and what the server answers, so that all of them do the same work."""

from __future__ import annotations

from typing import Any

EVENT_PATH = "/v1/events"

APPLICATION_ID = "11111111-2222-3333-4444-555555555555"
APPLICATION_TOKEN = "66666666-7777-8888-9999-000000000000"

CUSTOMER: dict[str, Any] = {
    "source_id": "shopper-20413",
    "name": "Noor Haddad",
    "email": "noor.haddad@example.com",
    "phone": "+48500600700",
    "description": "Subscribed at the spring fair",
    "metadata": {"tier": "gold", "visits": 12, "newsletter": True},
}

EVENT: dict[str, Any] = {
    "event": "cart_abandoned",
    "customer": CUSTOMER,
    "metadata": {"cart_id": "cart-8841", "items": 3, "amount": 12950, "channel": "mobile"},
}

CUSTOMER_ID = "cust_Kd81LmQ0sVt4ZrWy7NpXe2Ba"

EVENT_ANSWER: dict[str, Any] = {
    "object": "event",
    "type": "cart_abandoned",
    "customer": {"id": CUSTOMER_ID, "object": "customer", **CUSTOMER},
    "referral": None,
    "loyalty": None,
}

VOUCHERS_PATH = "/v1/vouchers"
VOUCHERS = 100
"""Vouchers on the page, the most that the API answers at once."""


def voucher(number: int) -> dict[str, Any]:
    """Return a voucher with all that the API says of one: in turns a discount, a gift card and a loyalty card.

    As in the documented answers, cards have no end, and only discounts are limited to days of the week.
    """
    code = f"AUTUMN-{number:05}"
    kind = number % 3
    image = f"U2FsdGVkX1{number:03}" * 13 + "="
    return {
        "id": f"v_{number:032}",
        "code": code,
        "campaign": "Autumn 2025",
        "campaign_id": "camp_Vb5hRsMeKdQz0oJt7iXuYp31",
        "category": "Seasonal",
        "category_id": "cat_0b7c3f5e2a91d84c66",
        "categories": [
            {
                "id": "cat_0b7c3f5e2a91d84c66",
                "name": "Seasonal",
                "hierarchy": 2,
                "object": "category",
                "created_at": "2025-08-11T09:20:31.415Z",
            }
        ],
        "type": ("DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD")[kind],
        "discount": {"type": "AMOUNT", "amount_off": 1500, "effect": "APPLY_TO_ORDER"} if kind == 0 else None,
        "gift": {"amount": 10000, "balance": 7300, "effect": "APPLY_TO_ORDER"} if kind == 1 else None,
        "loyalty_card": {"points": 420, "balance": 380, "next_expiration_points": 40} if kind == 2 else None,  # noqa: PLR2004
        "start_date": "2025-09-01T00:00:00.000Z" if kind == 0 else None,
        "expiration_date": "2025-12-01T00:00:00.000Z" if kind == 0 else None,
        "validity_timeframe": None,
        "validity_day_of_week": [1, 2, 3, 4, 5] if kind == 0 else None,
        "active": True,
        "additional_info": None,
        "metadata": {"channel": "newsletter", "printed": False, "batch": number // 10},
        "assets": {
            "qr": {"id": image, "url": f"https://dl.example.com/api/v1/assets/qr/{image}"},
            "barcode": {"id": image, "url": f"https://dl.example.com/api/v1/assets/barcode/{image}"},
        },
        "is_referral_code": False,
        "created_at": "2025-08-20T12:34:56.789Z",
        "updated_at": "2025-09-02T07:08:09.101Z",
        "holder_id": CUSTOMER_ID,
        "redemption": {
            "quantity": 1,
            "redeemed_quantity": 0,
            "object": "list",
            "url": f"/v1/vouchers/{code}/redemptions?page=1&limit=10",
        },
        "publish": {"object": "list", "count": 1, "url": f"/v1/vouchers/{code}/publications?page=1&limit=10"},
        "object": "voucher",
    }


VOUCHERS_ANSWER: dict[str, Any] = {
    "object": "list",
    "data_ref": "vouchers",
    "vouchers": [voucher(number) for number in range(VOUCHERS)],
    "total": 48210,
}

ANSWERS = {("POST", EVENT_PATH): EVENT_ANSWER, ("GET", VOUCHERS_PATH): VOUCHERS_ANSWER}
"""What the server answers, by method and path. Everything else is a 404."""

EXPECTED: dict[str, Any] = {"first_event": CUSTOMER_ID, "first_vouchers": "AUTUMN-00000", "first_everything": None}
"""What a first call must return, by its name."""
