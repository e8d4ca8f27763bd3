"""In a real browser: nothing is written before somebody agrees, and what they chose is kept."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from handraiser.core.journal.store import SqliteStore
from tests import databases, screens

pytestmark = pytest.mark.browser

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
BUILD = """
import django; django.setup()
from datetime import UTC, datetime
from handraiser.blueprints.northlight.pages import build_pages
from handraiser.capture import starters
from handraiser.core.staff.models import Organisation
at = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
Organisation.get()
Organisation.objects.update(name="Northlight", set_up_at=at)
forms = {"playbook": starters.playbook, "demo": starters.demo, "newsletter": starters.newsletter}
build_pages(form_ids={name: make(at=at).id for name, make in forms.items()}, at=at)
"""


class Product:
    """The listening process with Northlight's site, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        shutil.copytree(databases.template_home(), home, dirs_exist_ok=True)
        home.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home, self.base = home, f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "HANDRAISER_HOME": str(home),
            "HANDRAISER_PORT": str(port),
            "DJANGO_SETTINGS_MODULE": "handraiser.config.settings",
            "DATABASE_URL": "",
        }
        subprocess.run([sys.executable, "-c", BUILD], env=environment, check=True)
        self.process = subprocess.Popen([sys.executable, "-m", "handraiser.cli", "web"], env=environment)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.base}/healthz", timeout=2)
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the product did not start")

    def events(self, *, least: int):
        """What the journal holds, once it holds enough."""
        store = SqliteStore(self.home / "journal.sqlite3")
        for _ in range(100):
            events = store.read(after=0, limit=1000)
            if len(events) >= least:
                return events
            time.sleep(0.1)
        raise AssertionError(f"only {len(events)} events came")

    def event_of(self, campaign: str):
        """The page view that came with a campaign."""
        store = SqliteStore(self.home / "journal.sqlite3")
        for _ in range(100):
            for event in store.read(after=0, limit=1000):
                if event.body.get("utm", {}).get("campaign") == campaign:
                    return event
            time.sleep(0.1)
        raise AssertionError(f"no page view of {campaign} came")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    running = Product(tmp_path_factory.mktemp("home"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def chromium():
    # For the whole browser: a context's own name does not reach beacons.
    with screens.chromium(f"--user-agent={AGENT}") as browser:
        yield browser


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    opened = context.new_page()
    opened.wrong = []
    opened.on("console", lambda line: opened.wrong.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    yield opened
    context.close()


STORED = "[document.cookie, localStorage.length, sessionStorage.length]"
CAMPAIGN = "/playbook/?utm_source=google&utm_medium=cpc&utm_campaign=fridays&gclid=abc"


def hidden(page, name: str) -> str:
    return page.eval_on_selector(f"form[data-hr-form] input[name={name}]", "input => input.value")


def test_nothing_is_written_before_consent_and_all_goes_with_its_withdrawal(product, page):
    before = len(product.events(least=0))
    page.goto(product.base + CAMPAIGN)
    banner = page.get_by_role("region", name="May we remember your visits?")
    assert banner.is_visible()
    assert page.evaluate(STORED) == ["", 0, 0]
    assert hidden(page, "hr_visitor") == ""
    assert "utm_campaign=fridays" in hidden(page, "hr_last_url")
    page.goto(product.base + "/pricing/")
    assert page.evaluate(STORED) == ["", 0, 0] and page.context.cookies() == []
    unknown = product.events(least=before + 2)[before : before + 2]
    assert {event.visitor[:2] for event in unknown} == {"v_"}
    assert [event.body["consent"] for event in unknown] == [False, False]
    assert unknown[0].body["utm"]["campaign"] == "fridays" and unknown[0].body["bot"] == ""

    sizes = [button.bounding_box() for button in banner.get_by_role("button").all()]
    assert sizes[0]["width"] == sizes[1]["width"] and sizes[0]["height"] == sizes[1]["height"]
    page.goto(product.base + CAMPAIGN)
    page.get_by_role("button", name="Accept").click()
    assert not banner.is_visible()
    visitor = hidden(page, "hr_visitor")
    assert visitor.startswith("b_") and f"hr_v={visitor}" in page.evaluate("document.cookie")
    page.goto(product.base + "/pricing/")
    assert hidden(page, "hr_visitor") == visitor
    assert "utm_campaign=fridays" in hidden(page, "hr_first_url")
    known = product.events(least=before + 4)[-1]
    assert (known.visitor, known.body["consent"], known.body["path"]) == (visitor, True, "/pricing/")

    page.get_by_role("button", name="Privacy choices").click()
    page.get_by_role("button", name="Reject").click()
    assert page.evaluate(STORED) == ["hr_consent=1.none", 0, 0]
    assert hidden(page, "hr_visitor") == ""
    page.reload()
    assert not banner.is_visible()
    assert page.wrong == []


def test_who_sends_global_privacy_control_is_not_asked(product, chromium):
    context = chromium.new_context(extra_http_headers={"Sec-GPC": "1"})
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    # Even a cookie that says yes does not outweigh it.
    context.add_cookies([{"name": "hr_consent", "value": "1.analytics", "url": product.base}])
    page = context.new_page()
    page.goto(product.base + CAMPAIGN.replace("fridays", "quiet"))
    assert not page.get_by_role("region", name="May we remember your visits?").is_visible()
    event = product.event_of("quiet")
    assert (event.visitor, event.body["click_ids"], event.body["consent"]) == (None, {}, False)
    assert event.body["utm"]["source"] == "google"
    assert "gclid" not in hidden(page, "hr_last_url") and hidden(page, "hr_visitor") == ""
    assert page.evaluate(STORED)[1:] == [0, 0] and "hr_v" not in page.evaluate("document.cookie")
    context.close()


def test_clicks_and_own_events_are_tracked(product, page):
    before = len(product.events(least=0))
    page.goto(product.base + "/pricing/")
    page.evaluate("handraiser.track('Watched the film', {seconds: 42})")
    page.locator("[data-hr-event='Chose a plan']").first.click()
    page.goto("about:blank")
    tracked = {
        event.body["event"]: event.body["properties"]
        for event in product.events(least=before + 3)[before:]
        if event.name == "attract.event_tracked"
    }
    assert tracked["Watched the film"]["seconds"] == 42
    assert tracked["Chose a plan"]["target"] == "#form"


def test_without_javascript_pages_work_and_store_nothing(product, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(product.base + "/playbook/")
    assert page.get_by_role("button", name="Send me the playbook").is_visible()
    assert page.locator("[data-choices]").is_hidden() and context.cookies() == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/playbook/", "/pricing/", "/blog/", "/blog/what-your-friday-report-costs/"]
)
def test_axe_finds_nothing(product, chromium, path, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(product.base + path)
    page.get_by_role("region", name="May we remember your visits?").wait_for()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()
