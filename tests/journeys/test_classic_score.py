"""The classic set over a month: 80 and MQL, 60 and still MQL, 50 and out; then a rule more."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Postbox, sign_in
from tests.journeys.steps import BOX, HUMAN, box_of
from tests.product import Product

pytestmark = pytest.mark.browser

MOVED = Path(__file__).parent / "moved"
DAY = 86_400
# What happens after the first day: at which hour since then, and what. The loop turns after each.
LIVES = """
import json, re, sys
from datetime import timedelta
import django; django.setup()
from django.db import transaction
from django.test import Client
from handraiser.config import wiring
from handraiser.core.delivery.actions import messages
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import loop, outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.people.actions import people
from handraiser.core.people.models import Lead
from handraiser.kit import clock

lead = Lead.objects.get(person__email={box!r})
first = TimelineItem.objects.get(person=lead.person, name="attract.page_viewed", body__path="/pricing/")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
dots, told = [], []

def is_vp(now):
    with transaction.atomic():
        people.change(person=lead.person, values={{"job_title": "VP of Marketing"}}, at=now, proven=True)

def gets_five_mails(now):
    for number in range(1, 6):
        one = messages.queue(key=f"news{{number}}", purpose="transactional", subject=f"News {{number}}",
                             text="Worth a look.", at=now, person=lead.person, lead=lead)
        dots.append(re.search(r"/o/[^\\"]+[.]gif", one.html)[0])

def scanner_opens_all(now):
    for dot in dots:
        assert Client().get(dot, headers={{"User-Agent": "Barracuda Sentinel (EE)"}}).status_code == 200

def opens(number):
    return lambda now: Client().get(dots[number], headers={{"User-Agent": BROWSER}})

def visits_pricing(now):
    page = PageViewed(url="http://127.0.0.1/pricing/", path="/pricing/")
    with transaction.atomic():
        outbox.publish(page, at=now, person=lead.person_id, visitor=first.visitor)

def time_passes(now):
    pass

story = [
    (24, is_vp), (13 * 24, gets_five_mails), (13 * 24 + 1, scanner_opens_all),
    (14 * 24, opens(0)), (15 * 24, opens(1)), (15 * 24 + 1, visits_pricing), (16 * 24, opens(2)),
    (16 * 24 + 1, visits_pricing), (17 * 24, opens(3)), (17 * 24 + 1, visits_pricing), (18 * 24, opens(4)),
    (26 * 24, time_passes), (30 * 24 + 1, time_passes),
]
for hours, what in story:
    moment = first.occurred_at + timedelta(hours=hours)
    with clock.pretend(moment):
        what(moment)
        loop.settle(wiring.READERS, wiring.SWEEPS, at=moment)
    lead.refresh_from_db()
    told.append((hours, lead.score, lead.stage))
print(json.dumps({{"lead": lead.id, "first": first.occurred_at.isoformat(), "told": told}}))
"""


def take_the_playbook_and_look_at_the_prices(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/playbook/")
    page.get_by_role("button", name="Accept").click()
    page.wait_for_timeout(HUMAN)
    page.fill("input[name=first_name]", "Ines")
    page.fill("input[name=email]", BOX)
    page.get_by_role("button", name="Send me the playbook").click()
    expect(page.locator("h1")).to_contain_text("Your playbook is ready")
    with page.expect_download():
        page.get_by_role("link", name=re.compile("Download")).first.click()
    with page.expect_response(lambda answer: answer.url.endswith("/e")):
        page.goto(f"{product.url}/pricing/")


def a_month_goes_by(product: Product) -> dict[str, object]:
    told: dict[str, object] = json.loads(product.script(LIVES.format(box=BOX)).splitlines()[-1])
    return told


def why_of(page: Page, product: Product, lead: str, day: datetime | None = None) -> str:
    asked = f"?as_of={day:%Y-%m-%d}" if day else ""
    page.goto(f"{product.url}/admin/qualify/why/{lead}/{asked}")
    return page.locator("main .q-why").inner_text()


def start_a_draft(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/admin/qualify/rule-sets/1/")
    page.get_by_role("button", name="Change rules").click()
    page.wait_for_url("**/rule-sets/2/")


def a_bad_rule_is_refused(page: Page) -> None:
    """Pricing would both end after 30 days and fade by half: it says so at the field, and is not published."""
    half = page.locator("[name='pricing.half_life_days']")
    half.fill("14")
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#error-pricing")).to_contain_text("Leave one of the two empty")
    expect(page.locator("[name='pricing.half_life_days']")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Publish…").click()
    expect(page.get_by_role("alert")).to_contain_text("Leave one of the two empty")
    expect(page.get_by_role("button", name=re.compile("^Publish rule set"))).to_have_count(0)
    page.get_by_role("link", name="Mend it").click()
    page.locator("[name='pricing.half_life_days']").fill("")
    page.get_by_role("button", name="Save draft").click()


def add_a_rule(page: Page) -> None:
    fit = page.locator("section", has=page.locator("#group-fit"))
    fit.locator(".q-add > summary").click()
    fit.get_by_role("button", name="Job title contains …").click()
    added = page.locator(".q-rule:has(.tag.info)")
    added.get_by_role("textbox", name="Job title", exact=True).fill("marketing")
    added.locator("input.q-pts").fill("7")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Publish…").click()
    expect(page.locator("main")).to_contain_text("Job title contains marketing gives +7")
    page.get_by_role("button", name=re.compile("^Publish rule set")).click()
    expect(page.locator("main")).to_contain_text("Job title contains marketing")


def test_classic_score(northlight: Product, postbox: Postbox, open_page) -> None:
    take_the_playbook_and_look_at_the_prices(open_page(), northlight)
    northlight.stop()
    northlight.settle()
    month = a_month_goes_by(northlight)
    told = {hours / 24: (points, stage) for hours, points, stage in month["told"]}
    assert told[1] == (30, "lead"), "VP 15, one visit 10, the ebook 5"
    assert told[13] == told[13 + 1 / 24] == (30, "lead"), "a scanner opens nothing"
    assert told[17 + 1 / 24] == (60, "lead"), "four visits, four emails"
    assert told[18] == (80, "mql"), "the fifth email"
    assert told[26] == (60, "mql"), "eight days after the last was opened"
    assert told[30 + 1 / 24] == (50, "lead"), "the first visit is older than thirty days"
    notice = postbox.wait("@northlight.example.com", "Ines", seconds=1)
    assert box_of(notice["To"]) in ("dana", "ben")

    # A month later somebody looks, with the product's clock where the story is.
    first, lead = datetime.fromisoformat(str(month["first"])), str(month["lead"])
    northlight.environment |= {"PYTHONPATH": str(MOVED), "CLOCK_AHEAD": str(31 * DAY)}
    northlight.start()
    page = open_page()
    sign_in(page, northlight, "mira")
    page.goto(f"{northlight.url}/admin/leads/{lead}/")
    rose, fell = page.locator("li", has_text="Became MQL"), page.locator("li", has_text="Moved to Lead")
    expect(rose).to_contain_text("80 of 75 points")
    expect(fell).to_contain_text("50 points, below 60")
    for row, moment in ((rose, first + timedelta(days=18)), (fell, first + timedelta(days=30))):
        shown = datetime.fromisoformat(str(row.locator("time").first.get_attribute("datetime")))
        assert abs(shown - moment) < timedelta(seconds=1)

    assert "Why 80 on" in why_of(page, northlight, lead, first + timedelta(days=18))
    assert "Why 60 on" in why_of(page, northlight, lead, first + timedelta(days=26))
    now = why_of(page, northlight, lead)
    assert "Why 50" in now and "3 visits" in now and "Opened" not in now.partition("Not yet")[0]

    start_a_draft(page, northlight)
    a_bad_rule_is_refused(page)
    add_a_rule(page)
    for _ in range(40):
        why = why_of(page, northlight, lead)
        page.goto(f"{northlight.url}/admin/leads/{lead}/")
        if "Why 57" in why and "57" in page.locator("main .score").first.inner_text():
            break
        page.wait_for_timeout(250)
    assert "Why 57" in why and "Job title contains marketing" in why
