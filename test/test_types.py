"""What type checkers see: a user's script is fine, and its mistakes are found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from samples import API

from codegen import form

ROOT = Path(__file__).parent.parent
SCRIPT = """
from typing import Any

from typing_extensions import assert_type

import voucherify
from urllib3 import BaseHTTPResponse
from voucherify import Configuration, EventsApi
from voucherify.models.customer import Customer
from voucherify.models.customer_address import CustomerAddress
from voucherify.models.events_create_request_body import EventsCreateRequestBody
from voucherify.models import Referrer
from voucherify.rest import ApiException

configuration = Configuration(host="https://api.voucherify.io", api_key={"X-App-Id": "a"}, retries=False)
configuration.api_key["X-App-Token"] = "b"
body = EventsCreateRequestBody(
    event="a",
    customer=Customer(source_id="b", address=CustomerAddress(city="c")),
    referral=voucherify.EventsCreateRequestBodyReferral(code="d"),
)
with voucherify.ApiClient(configuration) as client:
    events = EventsApi(client)
    try:
        answer = events.track_custom_event(body, _request_timeout=5, _headers={"X-Own": "1"})
        assert_type(answer, voucherify.EventsCreateResponseBody)
        assert_type(answer.customer.id, str | None)
        assert_type(answer.metadata, dict[str, Any] | None)
        events.track_custom_event({"event": "a", "customer": {"source_id": "b"}}, _request_timeout=(1, 5))
        events.track_custom_event(events_create_request_body=body)
        events.track_custom_event()
        response = events.track_custom_event_with_http_info(body)
        assert_type(response, voucherify.ApiResponse[voucherify.EventsCreateResponseBody])
        assert_type(response.status_code, int)
        assert_type(events.track_custom_event_without_preload_content(body), BaseHTTPResponse)
    except ApiException as error:
        assert_type(error.status, int | None)
referrer: Customer = Referrer(source_id="a")
assert_type(Customer.from_dict({"a": 1}), Customer)
assert_type(Customer.from_json("{}"), Customer)
assert_type(Customer().to_dict(), dict[str, Any])
voucherify.preload()
"""
MISTAKES = {
    "events.track_custom_event(event_create_request_body={})": "event_create_request_body",
    "events.track_custom_event({}, _request_timeouts=5)": "_request_timeouts",
    "events.track_custom_event({}, _request_timeout='soon')": "_request_timeout|Literal\\['soon'\\]|\"str\"",
    "events.track_custom_event('text')": "str",
    "events.track_custom_events({})": "track_custom_events",
    "EventsCreateRequestBody(event=4, customer=Customer())": "event",
    "EventsCreateRequestBody(customer=Customer())": "event",
    "Customer(source_identifier='a')": "source_identifier",
    "answer.customer.identifier": "identifier",
    "voucherify.EventApi(client)": "EventApi",
    "from voucherify.models import NoSuchModel": "NoSuchModel",
    "from voucherify.api import NoSuchApi": "NoSuchApi",
}


def check(tool, tmp_path, script):
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    command = {
        "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"],
        "pyright": ["pyright", "--pythonpath", sys.executable],
    }[tool]
    # From the root of the repository both find the package in the tree, as they find an installed one elsewhere.
    done = subprocess.run(
        [sys.executable, "-m", *command, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if "error" in line and "0 errors" not in line], done


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_a_user_s_script(tmp_path, tool):
    pytest.importorskip(tool)
    problems, done = check(tool, tmp_path, SCRIPT)
    assert problems == []
    assert done.returncode == 0, done.stdout + done.stderr


def python_type(kind):
    """The annotation that a user would write for the result of a method."""
    if kind is None:
        return "None"
    if isinstance(kind, form.ListOf):
        return f"list[{python_type(kind.item)}]"
    return f"voucherify.{kind.name}" if isinstance(kind, form.Model) else kind.name


def argument(one):
    kind = form.not_null(one.type)
    if isinstance(kind, form.ListOf):
        return '["a"]' if one.location != "body" else "[{}]"
    if isinstance(kind, form.Scalar):
        return {"int": "1", "float": "1.5", "bool": "True", "datetime": "now", "date": "today", "file": 'b"a"'}.get(
            kind.name, '"a"'
        )
    return repr(kind.values[0]) if isinstance(kind, form.Choice) else "{}"


def every_resource():
    """A script that calls every method of every resource."""
    yield "from datetime import date, datetime\nfrom typing import Any\nfrom typing_extensions import assert_type"
    yield "from urllib3 import BaseHTTPResponse\nimport voucherify"
    yield "client, now, today = voucherify.ApiClient(), datetime.now(), date.today()"
    for resource in API.resources:
        name = f"resource_{resource.name}"
        yield f"{name} = voucherify.{resource.name}(client)"
        for method in resource.methods:
            arguments = ", ".join(f"{one.name}={argument(one)}" for one in method.arguments)
            answer = python_type(method.answer)
            if method.answer is None:
                yield f"{name}.{method.name}({arguments})"
            else:
                yield f"assert_type({name}.{method.name}({arguments}), {answer})"
            yield f"assert_type({name}.{method.name}_with_http_info({arguments}), voucherify.ApiResponse[{answer}])"
            yield f"assert_type({name}.{method.name}_without_preload_content({arguments}), BaseHTTPResponse)"


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_a_script_that_uses_every_resource(tmp_path, tool):
    pytest.importorskip(tool)
    problems, done = check(tool, tmp_path, "\n".join(every_resource()) + "\n")
    assert problems == []
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_mistakes_are_found(tmp_path, tool):
    pytest.importorskip(tool)
    first = SCRIPT.count("\n") + 1
    problems, _ = check(tool, tmp_path, SCRIPT + "\n".join(MISTAKES) + "\n")
    found = {int(match[1]): line for line in problems if (match := re.search(r"script\.py:(\d+):", line))}
    for number, (mistake, expected) in enumerate(MISTAKES.items(), start=first):
        assert re.search(expected, found.get(number, "")), f"{mistake} was not found: {found.get(number)}"
    assert min(found) >= first
