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

ANSWERS = {("POST", EVENT_PATH): EVENT_ANSWER}
"""What the server answers, by method and path. Everything else is a 404."""

EXPECTED: dict[str, Any] = {"first_event": CUSTOMER_ID}
"""What a first call must return, by its name."""
