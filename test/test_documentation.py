"""Every Python block of README and docs runs as it stands, and every link leads somewhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from samples import documented_answer
from werkzeug import Response

from voucherify.configuration import KEY_VARIABLES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"></a>')

BLOCKS = [
    pytest.param(block[1], id=f"{page.name}:{page.read_text(encoding='utf-8')[: block.start()].count(chr(10)) + 1}")
    for page in PAGES
    for block in BLOCK.finditer(page.read_text(encoding="utf-8"))
]


@pytest.fixture
def documented_server(httpserver):
    """Answers every operation as the description says."""

    def answer(request):
        status, media_type, body = documented_answer(request.method, request.path)
        return Response(body, status, content_type=media_type, headers={"X-Rate-Limit-Remaining": "99"})

    httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)
    return httpserver


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # deprecated methods have examples too
@pytest.mark.parametrize("block", BLOCKS)
def test_block_runs(documented_server, monkeypatch, capsys, block):
    monkeypatch.setenv("VOUCHERIFY_HOST", documented_server.url_for(""))
    for variable in KEY_VARIABLES.values():
        monkeypatch.setenv(variable, "key")
    exec(compile(block, "block", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "Exception when calling" not in printed.out
    assert "was not tracked" not in printed.out
    if "api_client" in block:
        assert documented_server.log, "nothing was sent"


def test_there_are_blocks():
    pages = {str(block.id).split(":")[0] for block in BLOCKS}
    assert {"README.md", "EventsApi.md", "EventsCreateRequestBody.md"} <= pages


def anchors(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = (re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-").lower() for heading in HEADING.findall(text))
    return {*headings, *ANCHOR.findall(text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://") or link == "#":
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


TESTS_NAMED = re.findall(
    r"`(test_\w+\.py)(?:::([\w:]+))?`", (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
)


def functions(file):
    """The tests in a file, those of classes with the name of the class before them."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    members = [f"{owner.name}::{node.name}" for owner in classes for node in owner.body if hasattr(node, "name")]
    return {*members, *(node.name for node in body if isinstance(node, ast.FunctionDef))}


@pytest.mark.parametrize("file", sorted({file for file, _ in TESTS_NAMED}))
def test_tests_that_are_named_as_a_proof_exist(file):
    named = {function for named_file, function in TESTS_NAMED if named_file == file and function}
    assert named <= functions(ROOT / "test" / file)


class TestExample:
    """The README's first command, without the installation."""

    script = ROOT / "examples" / "track_custom_event.py"

    def run(self, environment):
        return subprocess.run(
            [sys.executable, "-W", "error", str(self.script)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_without_keys_it_starts_a_server_and_says_so(self):
        done = self.run({})
        assert done.returncode == 0, done.stderr
        first, _, answer = done.stdout.partition("\n")
        assert re.fullmatch(
            r"No keys in the environment \(.*\): talking to a stand-in .* http://127\.0\.0\.1:\d+", first
        )
        assert answer.startswith("EventsCreateResponseBody(")
        assert "type='cart_abandoned'" in answer

    def test_with_keys_it_talks_to_the_host(self, event_server):
        done = self.run(
            {
                "VOUCHERIFY_HOST": event_server.url_for(""),
                "VOUCHERIFY_APP_ID": "app-id",
                "VOUCHERIFY_APP_TOKEN": "app-token",
            }
        )
        assert done.returncode == 0, done.stderr
        assert "stand-in" not in done.stdout
        assert event_server.log[0][0].headers["X-App-Token"] == "app-token"
        assert json.loads(event_server.log[0][0].data)["event"] == "cart_abandoned"

    def test_with_some_keys_it_names_the_missing_one(self, event_server):
        done = self.run({"VOUCHERIFY_HOST": event_server.url_for(""), "VOUCHERIFY_APP_ID": "app-id"})
        assert done.returncode != 0
        assert "VOUCHERIFY_APP_TOKEN" in done.stderr
        assert event_server.log == []
