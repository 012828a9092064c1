"""Every Python block of README and docs runs as it stands, and every link leads somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EVENT

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


@pytest.mark.parametrize("block", BLOCKS)
def test_block_runs(httpserver, block):
    httpserver.expect_request("/v1/events", method="POST").respond_with_json(
        EVENT, headers={"X-Rate-Limit-Remaining": "99"}
    )
    environment = {
        "VOUCHERIFY_HOST": httpserver.url_for(""),
        "VOUCHERIFY_APP_ID": "app-id",
        "VOUCHERIFY_APP_TOKEN": "app-token",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Exception when calling" not in done.stdout
    assert "was not tracked" not in done.stdout
    httpserver.check_assertions()


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
