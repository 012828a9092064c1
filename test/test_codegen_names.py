"""Names and words of what is generated."""

from __future__ import annotations

import pytest

from codegen import names
from codegen.words import with_limits
from voucherify._lazy import snake_case

NAMES = [
    (names.method_name, "track-custom-event", "track_custom_event"),
    (names.method_name, "get-member-1", "get_member1"),
    (names.method_name, "import-SKUs-using-csv", "import_skus_using_csv"),
    (names.method_name, "adjustCardPoints", "adjust_card_points"),
    (names.argument_name, "campaignId", "campaign_id"),
    (names.argument_name, "export_Id", "export_id"),
    (names.argument_name, "created_at[before]", "created_at_before"),
    (names.argument_name, "from", "var_from"),
    (names.field_name, "$in", "var_in"),
    (names.field_name, "$starts_with", "starts_with"),
    (names.field_name, "schema", "var_schema"),
    (names.field_name, "line_1", "line_1"),
    (names.field_name, "2nd", "var_2nd"),
    (names.class_name, "Client-side", "ClientSideApi"),
    (names.class_name, "Async Actions", "AsyncActionsApi"),
    (names.options_name, "list_vouchers", "_ListVouchersOptions"),
    (names.member_name, "-created_at", "MINUS_CREATED_AT"),
    (names.member_name, "customer.sms.sent", "CUSTOMER_DOT_SMS_DOT_SENT"),
    (names.snake_case, "EventsCreateRequestBody", "events_create_request_body"),
    (snake_case, "EventsCreateRequestBody", "events_create_request_body"),
]


@pytest.mark.parametrize(("rule", "given", "expected"), NAMES)
def test_name(rule, given, expected):
    assert rule(given) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Page size", "1 to 100.", "Page size. 1 to 100."),
        ("Page size, 1 to 100; 10 by default", "1 to 100.", "Page size, 1 to 100; 10 by default."),
        ("What to redeem, at most 30 at once", "At most 30 items.", "What to redeem, at most 30 at once."),
        ("Rank, 1 to 1000", "1 to 100.", "Rank, 1 to 1000. 1 to 100."),
        ("As written", "Matches `^[a-z]+$`.", "As written. Matches `^[a-z]+$`."),
    ],
)
def test_no_limit_is_stated_twice(text, limit, expected):
    assert with_limits(text, [limit]) == expected
