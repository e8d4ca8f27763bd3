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

    def events(self, *, least: int, name: str = "attract.page_viewed"):
        """What the journal holds of one kind, once it holds enough."""
        store = SqliteStore(self.home / "journal.sqlite3")
        for _ in range(100):
            events = [event for event in store.read(after=0, limit=1000) if event.name == name]
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


TRACKED = "attract.event_tracked"


def test_clicks_and_own_events_are_tracked(product, page):
    before = len(product.events(least=0, name=TRACKED))
    page.goto(product.base + "/pricing/")
    page.evaluate("handraiser.track('Watched the film', {seconds: 42})")
    page.evaluate("handraiser('Turned the slider', {to: 9})")
    page.locator("[data-hr-event='Chose a plan']").first.click()
    page.goto("about:blank")
    tracked = told(product.events(least=before + 3, name=TRACKED)[before:])
    assert tracked["Watched the film"][0]["seconds"] == 42
    assert tracked["Turned the slider"][0]["to"] == 9
    assert tracked["Chose a plan"][0]["target"] == "#form"


def told(events) -> dict[str, list[dict]]:
    """Tracked events by name, each with its properties."""
    found: dict[str, list[dict]] = {}
    for event in events:
        found.setdefault(event.body["event"], []).append(event.body["properties"])
    return found


def add_link(page, href: str) -> None:
    """A link at the end of the page which a click does not follow."""
    page.evaluate(
        """href => { const link = document.createElement("a"); link.href = href; link.id = "added";
        link.textContent = "Added"; link.addEventListener("click", e => e.preventDefault());
        document.getElementById("added")?.remove(); document.body.append(link); }""",
        href,
    )
    page.eval_on_selector("#added", "link => link.click()")


def test_links_files_forms_and_reading_time_are_tracked(product, page):
    before = len(product.events(least=0, name=TRACKED))
    page.clock.install()
    page.goto(product.base + "/playbook/")
    add_link(page, "https://partner.example.org/their/page?email=ana@example.com")
    add_link(page, "/files/price-list.pdf?token=1")
    add_link(page, "/pricing/")
    field = page.locator("form[data-hr-form] input[type=email]").first
    field.press_sequentially("ana")
    field.press_sequentially("b")
    page.clock.fast_forward(42_000)
    page.goto("about:blank")
    events = product.events(least=before + 5, name=TRACKED)[before:]
    tracked = told(events)
    assert sorted(tracked) == ["file_download", "form_abandon", "form_start", "outbound_click", "page_left"]
    assert {name: len(times) for name, times in tracked.items()} == dict.fromkeys(tracked, 1)
    assert tracked["outbound_click"][0]["host"] == "partner.example.org"
    assert tracked["file_download"][0]["file"] == "/files/price-list.pdf"
    assert tracked["form_abandon"][0]["field"] == "email"
    assert tracked["form_abandon"][0]["form"] == tracked["form_start"][0]["form"]
    assert 42 <= tracked["page_left"][0]["seconds"] <= 60 and tracked["page_left"][0]["page"] == "/playbook/"
    assert {(event.visitor[:2], event.body["consent"]) for event in events} == {("v_", False)}
    assert "ana" not in str(tracked) and page.evaluate("1") == 1


def test_addresses_changed_by_script_are_pages_each_with_its_time(product, page):
    before, tracked_before = len(product.events(least=0)), len(product.events(least=0, name=TRACKED))
    page.clock.install()
    page.goto(product.base + "/pricing/")
    product.events(least=before + 1)  # two calls under way may overtake one another
    page.clock.fast_forward(7_000)
    page.evaluate("history.pushState({}, '', '/pricing/yearly/')")
    page.evaluate("history.replaceState({}, '', '/pricing/yearly/#below')")
    product.events(least=before + 2)
    page.clock.fast_forward(3_000)
    page.evaluate("history.back()")
    page.goto("about:blank")
    views = product.events(least=before + 3)[before:]
    assert [event.body["path"] for event in views] == ["/pricing/", "/pricing/yearly/", "/pricing/"]
    assert views[1].body["referrer"] == product.base + "/pricing/"
    left = told(product.events(least=tracked_before + 2, name=TRACKED)[tracked_before:])["page_left"]
    assert [one["page"] for one in left][:2] == ["/pricing/", "/pricing/yearly/"]
    assert 7 <= left[0]["seconds"] < 10 and 3 <= left[1]["seconds"] < 6


def test_the_campaign_of_the_page_before_is_kept_without_writing_anything(product, page):
    page.goto(product.base + CAMPAIGN)
    page.evaluate("location.href = '/#form'")
    page.wait_for_url("**/#form")
    page.evaluate("location.href = '/playbook/'")
    page.wait_for_url("**/playbook/")
    assert page.evaluate(STORED) == ["", 0, 0]
    page.goto(product.base + CAMPAIGN)
    page.evaluate("location.href = '/playbook/'")
    page.wait_for_url("**/playbook/")
    assert "utm_campaign=fridays" in hidden(page, "hr_first_url") and page.evaluate(STORED) == ["", 0, 0]


def test_a_form_in_a_frame_knows_where_the_page_around_it_came_from(product, page):
    page.goto(product.base + CAMPAIGN.replace("fridays", "framed"))
    page.evaluate(
        """() => { const frame = document.createElement("iframe"); frame.name = "embed";
        frame.src = "/playbook/"; document.body.append(frame); }"""
    )
    inside = (
        page.frame_locator("iframe[name=embed]").locator("form[data-hr-form] input[name=hr_first_url]").first
    )
    inside.wait_for(state="attached")
    for _ in range(50):
        if "framed" in (value := inside.input_value()):
            break
        page.wait_for_timeout(50)
    assert "utm_campaign=framed" in value


def test_who_follows_the_hidden_link_is_marked(product, page):
    page.goto(product.base + "/playbook/?utm_campaign=lured")
    link = page.locator("a[rel=nofollow][hidden]")
    assert not link.is_visible()
    page.goto(product.base + link.get_attribute("href") + "?utm_campaign=trapped")
    assert page.get_by_role("heading", name="There is nothing here").is_visible()
    assert product.event_of("trapped").body["bot"] == "honeypot link"


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
