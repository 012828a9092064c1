"""The kinds of operations are what they say: each sends its request, and its answer fits."""

from __future__ import annotations

import json

from hostile_server import raw, serving
from kinds import KINDS, client_of, every_kind


@every_kind
def test_request_and_answer(kind):
    with serving(raw(kind.reply(), then="keep")) as server, client_of(server.url) as client:
        response = kind.call(client, "_with_http_info")
    (request,) = server.requests
    assert (request.method, request.target) == (kind.http_method, kind.path)
    assert response.deviations == ()
    if kind.answer.startswith(b"{") and response.data != {}:
        assert json.loads(response.data.to_json()) == json.loads(kind.answer)


def test_they_differ():
    assert {kind.http_method for kind in KINDS} == {"GET", "POST", "PUT", "DELETE"}
    assert len({kind.name for kind in KINDS}) == len(KINDS)
