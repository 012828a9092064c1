"""Answers written to a file piece by piece."""

from __future__ import annotations

import gzip
import io

import pytest
from conftest import APP_KEYS
from hostile_server import drip, head, raw, serving
from werkzeug import Response

import voucherify
from voucherify.exceptions import ApiConnectionException, ApiTimeoutException, NotFoundException

CSV = b"code,tag\n" + b"summer,sale\n" * 100_000


@pytest.fixture
def answer(httpserver, events):
    """The unread answer of a server that answers with `content`."""

    def ask(content, status=200, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        httpserver.expect_request("/v1/events").respond_with_response(Response(content, status, headers=headers))
        return events.track_custom_event_without_preload_content({})

    return ask


def test_to_a_path(answer, tmp_path):
    headers = {"Content_Disposition": 'attachment; filename="../../evil.csv"'}
    for target in (tmp_path / "codes.csv", str(tmp_path / "codes.csv")):
        assert voucherify.save(answer(CSV, **headers), target) == len(CSV)
        assert (tmp_path / "codes.csv").read_bytes() == CSV
        assert [path.name for path in tmp_path.iterdir()] == ["codes.csv"]


def test_to_a_file(answer):
    file = io.BytesIO()
    assert voucherify.save(answer(gzip.compress(CSV), Content_Encoding="gzip"), file) == len(CSV)
    assert file.getvalue() == CSV


def test_an_error(answer, tmp_path):
    body = b'{"code": 404, "key": "not_found", "message": "No such export"}'
    with pytest.raises(NotFoundException, match="No such export") as caught:
        voucherify.save(answer(body, 404, Content_Type="application/json"), tmp_path / "codes.csv")
    assert caught.value.key == "not_found"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(answer, tmp_path):
    with pytest.raises(FileNotFoundError):
        voucherify.save(answer(CSV), tmp_path / "missing" / "codes.csv")


@pytest.mark.parametrize(
    ("behaviour", "timeout", "error"),
    [
        (raw(head(200, "Content-Length: 100") + b"cut off"), 5, ApiConnectionException),
        (drip(b"a" * 100, first=head(200, "Content-Length: 100")), 0.3, ApiTimeoutException),
        (raw(head(200, "Content-Length: 7", "Content-Encoding: gzip") + b"no gzip"), 5, ApiConnectionException),
    ],
    ids=["truncated", "dripping", "broken gzip"],
)
def test_an_answer_that_breaks_off_leaves_no_file(tmp_path, behaviour, timeout, error):
    with serving(behaviour) as server:
        configuration = voucherify.Configuration(host=server.url, api_key=APP_KEYS, retries=0)
        with voucherify.ApiClient(configuration) as client:
            response = voucherify.EventsApi(client).track_custom_event_without_preload_content(_request_timeout=timeout)
            with pytest.raises(error, match="the answer broke off") as caught:
                voucherify.save(response, tmp_path / "codes.csv")
    assert caught.value.status == 200
    assert caught.value.__cause__ is not None
    assert list(tmp_path.iterdir()) == []
