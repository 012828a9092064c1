"""Answers that are not what the API describes."""

from __future__ import annotations

import gzip
import io
import json
import logging
import random
from typing import Any

from hostile_server import answer, full, raw, serving

import voucherify
from probes import probe
from probes.calls import (
    EVENT,
    EVENT_BYTES,
    VOUCHER,
    answered,
    answered_with,
    attribute,
    client,
    failed,
    failure,
    get,
    outcome,
    track,
)

NOTHING = object()
ANSWER = "an answer of type cart"
CAFE = "an answer of type café"
TYPED = "given back as sent"
UNREADABLE = "UnreadableResponseException with status 200"

DEVIATIONS: dict[str, dict[str, Any]] = {
    "an answer with 5 of its 30 fields": {},
    "a field that is not described": {"new_field": {"x": [1]}},
    "a value that an enumeration does not have": {"type": "NEW_VOUCHER"},
    "text for a number": {"publish": {"object": "list", "count": "4"}},
    "a number for text": {"category": 7},
    "text for a boolean": {"active": "yes"},
    "a fraction for an integer": {"publish": {"object": "list", "count": 4.5}},
    "a list for an object": {"discount": []},
    "an object for a list": {"categories": {"name": "Spring"}},
    "text that is no time": {"created_at": "yesterday"},
    "a field absent that has a default": {"object": NOTHING},
    "null where there is no null": {"object": None},
}


def given_back(changed: dict[str, Any]) -> str:
    """What a call with this change in its answer gives back."""
    sent = {name: value for name, value in {**VOUCHER, **changed}.items() if value is not NOTHING}
    with serving(answer(json.dumps(sent).encode())) as server:
        try:
            voucher = get(client(server.url))
        except Exception as error:  # noqa: BLE001
            return failure(error)
    for form, found in (("to_dict()", voucher.to_dict()), ("to_json()", json.loads(voucher.to_json()))):
        for name in changed:
            if found.get(name, NOTHING) != sent.get(name, NOTHING):
                if name not in found:
                    return f"{form} loses `{name}`"
                return f"{form} has {found[name]!r} for `{name}`"
        if found != sent:
            added = {repr(found[name]) for name in found.keys() - sent.keys()}
            return f"{form} has {', '.join(sorted(added))} for fields that were not sent"
    return TYPED


for point, change in DEVIATIONS.items():
    probe(point, right=TYPED)(lambda change=change: given_back(change))


@probe("a required object absent", right=ANSWER)
def _() -> str:
    return answered_with(json.dumps({name: value for name, value in EVENT.items() if name != "customer"}).encode())


@probe("null for a required object", right=ANSWER)
def _() -> str:
    return answered_with(json.dumps({**EVENT, "customer": None}).encode())


@probe("a list for the whole answer", right="[] as sent")
def _() -> str:
    with serving(answer(b"[]")) as server:
        try:
            return f"{track(client(server.url))!r} as sent"
        except Exception as error:  # noqa: BLE001
            return failure(error)


@probe("where deviations can be read", right="on the ApiResponse: type")
def _() -> str:
    with serving(answer(json.dumps({**VOUCHER, "type": 5}).encode())) as server:
        try:
            response = get(client(server.url), "_with_http_info")
        except Exception as error:  # noqa: BLE001
            return failure(error)
        return "on the ApiResponse: " + ", ".join(one.path for one in attribute(response, "deviations"))


@probe("the same deviation in three answers, in the log", right="once")
def _() -> str:
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.WARNING, force=True)
    with serving(answer(json.dumps({**VOUCHER, "type": 5}).encode())) as server:
        for _ in range(3):
            result = outcome(lambda: get(client(server.url)))
    return {0: f"{result}, not logged", 1: "once"}.get(log.getvalue().count("type"), "more than once")


@probe(
    "`strict_responses` with a deviation", right="UnexpectedAnswerException with status 200, request id and raw body"
)
def _() -> str:
    body = json.dumps({**VOUCHER, "type": 5}).encode()
    with serving(answer(body, 200, "X-Request-Id: r-1")) as server:
        error = failed(lambda: get(client(server.url, strict_responses=True)))
    known = attribute(error, "request_id") == "r-1" and attribute(error, "raw_data") == body
    return failure(error) + (", request id and raw body" if known else ", nothing else")


def _deep() -> bytes:
    return b'{"object": "event", "metadata": {"x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"


BODIES: dict[str, tuple[bytes, str, str]] = {
    "malformed JSON": (b'{"object": ', "application/json", UNREADABLE),
    "HTML": (b"<html>Welcome to the hotel</html>", "text/html", UNREADABLE),
    "HTML that says it is JSON": (b"<html>Welcome to the hotel</html>", "application/json", UNREADABLE),
    "invalid UTF-8": (b'{"object": "\xff"}', "application/json", UNREADABLE),
    "JSON nested 200,000 levels deep": (_deep(), "application/json", UNREADABLE),
    "a charset that nobody knows": (EVENT_BYTES, "application/json; charset=x-none", ANSWER),
    "a charset in quotes": (
        b'{"type": "caf\xe9", "customer": {"id": "cust_1"}}',
        'application/json; charset="iso-8859-1"',
        CAFE,
    ),
    "NaN in JSON": (EVENT_BYTES[:-1] + b', "metadata": {"x": NaN}}', "application/json", ANSWER),
    "a byte order mark": (b"\xef\xbb\xbf" + EVENT_BYTES, "application/json", ANSWER),
    "a media type `+json`": (EVENT_BYTES, "application/problem+json", ANSWER),
    "a media type in capitals": (EVENT_BYTES, "Application/JSON", ANSWER),
    "an empty body with 200": (b"", "application/json", "None"),
}

for point, (body, media_type, right) in BODIES.items():
    probe(point, right=right)(lambda body=body, media_type=media_type: answered_with(body, media_type=media_type))


@probe("202 without a body", right="None")
def _() -> str:
    return answered_with(b"", status=202)


@probe("204", right="None")
def _() -> str:
    return answered(b"HTTP/1.1 204 No Content\r\n\r\n")


@probe("a body that is cut off", right=UNREADABLE)
def _() -> str:
    return answered(full(EVENT_BYTES)[:-20])


@probe("gzip that is broken", right=UNREADABLE)
def _() -> str:
    return answered_with(gzip.compress(EVENT_BYTES)[:-12] + b"x" * 12, "Content-Encoding: gzip")


@probe("a body beyond `max_response_size`", right="ResponseTooLargeException with status 200")
def _() -> str:
    with serving(answer(b'{"object": "' + b"x" * 1_000_000 + b'"}')) as server:
        return outcome(lambda: get(client(server.url, max_response_size=1000)), "all of it in memory")


@probe("one answer after another with random bytes in it", right="answers, and ApiException where there is none")
def _() -> str:
    chance = random.Random(6)
    escaped = set()
    answers = [mutated(chance) for _ in range(60)]
    with serving(*(raw(full(body), then="keep") for body in answers)) as server:
        sender = client(server.url, retries=False)
        for _ in answers:
            try:
                track(sender)
            except voucherify.ApiException:
                pass
            except Exception as error:  # noqa: BLE001
                escaped.add(failure(error))
    return ", ".join(sorted(escaped)) or "answers, and ApiException where there is none"


def mutated(chance: random.Random) -> bytes:
    """A documented answer with some bytes replaced."""
    body = bytearray(EVENT_BYTES)
    for _ in range(chance.randint(1, 4)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(body)
