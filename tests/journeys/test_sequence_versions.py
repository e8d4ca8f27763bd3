"""A sequence is changed while somebody is inside: they finish what they began, the next one gets the new one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Postbox, sign_in
from tests.journeys.steps import HUMAN
from tests.product import Product

pytestmark = pytest.mark.browser

EARLY, LATE = "rosa@tarn.example.com", "priya@cobalt.example.com"
FIRST = "Your playbook, and one question"
ALWAYS = [
    "Five Friday reports you can stop",
    "How a team of two got its Fridays back",
    "The one number your board remembers",
    "Shall we leave it here?",
]
CHANGED, ADDED = "Page 14, and one question", "The invitation stands"
TWO_WEEKS = range(6, 14 * 24, 6)
LATER = """
import sys
from datetime import timedelta
import django; django.setup()
from handraiser.config import wiring
from handraiser.core.journal import loop
from handraiser.kit import clock
begins = clock.now()
for hours in map(float, sys.argv[1:]):
    moment = begins + timedelta(hours=hours)
    with clock.pretend(moment):
        loop.settle(wiring.READERS, wiring.SWEEPS, at=moment)
"""


def take_the_playbook(page: Page, product: Product, name: str, box: str) -> None:
    page.goto(f"{product.url}/playbook/")
    page.wait_for_timeout(HUMAN)
    page.fill("input[name=first_name]", name)
    page.fill("input[name=email]", box)
    page.get_by_text("Also send me product news").click()
    page.get_by_role("button", name="Send me the playbook").click()
    expect(page.locator("h1")).to_have_text("Your playbook is ready")


def stands(page: Page, sequence: str, name: str, *, version: int, how: str) -> None:
    """The list of people says where somebody stands, and in which version."""

    def row():
        page.goto(f"{sequence}people/{'' if how == 'Inside' else '?state=finished'}")
        return page.get_by_role("row", name=re.compile(name))

    for _ in range(20):  # they enter when the loop has read that the form was sent
        if row().count():
            break
        page.wait_for_timeout(500)
    expect(row()).to_contain_text(how)
    expect(row().get_by_role("cell").nth(4)).to_have_text(str(version))


def change_the_sequence(page: Page) -> None:
    """Another wait, another first email, one more email at the end; then publish."""
    page.locator("#w1").click()
    expect(page.get_by_text("Version 1 is live and stays as it is. Saving makes draft 2.")).to_be_visible()
    page.get_by_role("spinbutton", name="Wait").fill("2")
    page.get_by_role("button", name="Save step").click()
    expect(page.locator("#w1")).to_contain_text("2 hours")

    page.locator("#e1").click()
    page.get_by_role("textbox", name="Subject").fill(CHANGED)
    page.get_by_role("button", name="Save step").click()
    expect(page.locator("#e1")).to_contain_text(CHANGED)

    end = page.locator("li:has(> #e5) > details.addn")
    end.locator("summary").click()
    end.get_by_role("button", name="Email").click()
    page.get_by_role("textbox", name="Subject").fill(ADDED)
    page.get_by_role("textbox", name="Text").fill(
        "Hi {{ first_name|there }},\n\nwrite whenever it suits you.\n\n{{ signature }}"
    )
    page.get_by_role("button", name="Save step").click()
    expect(page.locator(".nd", has_text=ADDED)).to_be_visible()

    page.get_by_role("link", name="Publish…").click()
    said = page.locator("main")
    expect(said).to_contain_text("1 person stays on version 1 and finishes it as it was.")
    expect(said).to_contain_text("Wait 2 hours (was 1 hour)")
    expect(said).to_contain_text(ADDED)
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.locator(".fact")).to_contain_text("Version 2 is live")


def later(product: Product, *hours: float) -> None:
    """Let time go by while the product is stopped: its loop turns at so many hours from now, one by one."""
    process = product.spawn(
        "-c", LATER, *map(str, hours), DJANGO_SETTINGS_MODULE="handraiser.config.settings"
    )
    assert process.wait(300) == 0, product.log()


def got(postbox: Postbox, box: str) -> list[str]:
    """The subjects of the sequence's mails to somebody, in order; the download itself is not one of them."""
    known = {FIRST, CHANGED, ADDED, *ALWAYS}
    return [
        str(mail["Subject"]) for mail in postbox.mails if box in str(mail["To"]) and mail["Subject"] in known
    ]


def test_sequence_versions(northlight, postbox, open_page):
    take_the_playbook(open_page(), northlight, "Rosa", EARLY)

    marketer = open_page()
    sign_in(marketer, northlight, "noor")
    marketer.goto(f"{northlight.url}/admin/nurture/")
    marketer.get_by_role("link", name="Playbook follow-up").click()
    marketer.wait_for_url("**/nurture/sequences/*/")
    sequence = marketer.url
    stands(marketer, sequence, "Rosa", version=1, how="Inside")
    marketer.goto(sequence)
    change_the_sequence(marketer)

    take_the_playbook(open_page(), northlight, "Priya", LATE)
    stands(marketer, sequence, "Priya", version=2, how="Inside")
    stands(marketer, sequence, "Rosa", version=1, how="Inside")

    # Time goes by: an hour and a half, then two weeks.
    northlight.stop()
    later(northlight, 1.5)
    assert (got(postbox, EARLY), got(postbox, LATE)) == ([FIRST], []), "the new wait is longer"
    later(northlight, *TWO_WEEKS)
    assert got(postbox, EARLY) == [FIRST, *ALWAYS]
    assert got(postbox, LATE) == [CHANGED, *ALWAYS, ADDED]

    northlight.start()
    stands(marketer, sequence, "Rosa", version=1, how="Finished")
    stands(marketer, sequence, "Priya", version=2, how="Finished")
