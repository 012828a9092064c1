"""Bodies made of parts."""

from __future__ import annotations

import io
from email import message_from_bytes
from pathlib import Path

import pytest

from voucherify.exceptions import ApiTypeError, ApiValueError
from voucherify.form import form_body
from voucherify.operation import Parameter

FILE = Parameter("file", "file", "file", "any")
ENABLE = Parameter("webhooks_enable", "webhooks_enable", "form", "boolean")
CSV = "code,tag\nsummer,ż\n".encode()


def parts(fields, files):
    body, content_type = form_body("multipart/form-data", fields, files)
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part["Content-Type"],
            part.get_payload(decode=True),
        )
        for part in message.get_payload()
    ]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_bytes(CSV)
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path(path, kind):
    assert parts([], [(FILE, kind(path))]) == [("file", "codes.csv", "text/csv", CSV)]


def test_an_open_file(path):
    with path.open("rb") as file:
        assert parts([], [(FILE, file)]) == [("file", "codes.csv", "text/csv", CSV)]


def test_content(path):
    for value in (CSV, bytearray(CSV), io.BytesIO(CSV)):
        assert parts([], [(FILE, value)]) == [("file", "file.csv", "text/csv", CSV)]


def test_name_and_content():
    assert parts([], [(FILE, ("../my.csv", CSV))]) == [("file", "my.csv", "text/csv", CSV)]
    assert parts([], [(FILE, ("", CSV))]) == [("file", "file.csv", "text/csv", CSV)]


def test_a_name_cannot_break_out_of_its_header():
    ((_, name, _, content),) = parts([], [(FILE, ('a"\r\nX-Evil: 1\r\n\r\n.csv', CSV))])
    assert "\n" not in name
    assert content == CSV


def test_fields_are_text():
    assert parts([(ENABLE, True)], [(FILE, CSV)])[1] == ("webhooks_enable", None, None, b"true")


@pytest.mark.parametrize("value", [io.StringIO("text"), 4, ["a"], ("a.csv", "text"), ("a.csv", CSV, "text/csv")])
def test_no_file(value):
    with pytest.raises(ApiTypeError, match="`file` must be a path, bytes"):
        parts([], [(FILE, value)])


@pytest.mark.parametrize("value", ["missing.csv", ".", "a\0b"])
def test_a_file_that_cannot_be_read(value):
    with pytest.raises(ApiValueError, match="`file` names a file that cannot be read"):
        parts([], [(FILE, value)])


@pytest.mark.parametrize("content_type", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_text_without_utf8_is_refused(content_type):
    scope = Parameter("scope", "scope", "form", "text")
    with pytest.raises(ApiValueError, match="`scope` has a character that UTF-8 cannot carry"):
        form_body(content_type, [(scope, "a\ud800")], [])


def test_form_encoded():
    scope = Parameter("scope", "scope", "form", "text")
    assert form_body("application/x-www-form-urlencoded", [(scope, "api vouchers&ż"), (ENABLE, False)], []) == (
        b"scope=api+vouchers%26%C5%BC&webhooks_enable=false",
        "application/x-www-form-urlencoded",
    )
