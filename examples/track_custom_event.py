"""Track a custom event, and print the typed answer.

With VOUCHERIFY_HOST, VOUCHERIFY_APP_ID and VOUCHERIFY_APP_TOKEN in the environment it talks to that host; without
them, to a stand-in for the API that it starts on loopback.
"""

from __future__ import annotations

import sys
from pprint import pprint

from loopback import configured

import voucherify
from voucherify.models.customer import Customer
from voucherify.models.events_create_request_body import EventsCreateRequestBody
from voucherify.rest import ApiException


def main() -> int:
    """Exit code 0 for a tracked event, 1 for an error of the API."""
    with configured() as configuration, voucherify.ApiClient(configuration) as api_client:
        events = voucherify.EventsApi(api_client)
        try:
            answer = events.track_custom_event(
                EventsCreateRequestBody(
                    event="cart_abandoned",
                    customer=Customer(source_id="customer-1", name="Ada Example"),
                    metadata={"items": 3, "total": 4200},
                )
            )
        except ApiException as error:
            print(f"The event was not tracked: {error}", file=sys.stderr)
            return 1
    pprint(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
