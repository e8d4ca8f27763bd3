"""The whole loop: from a click on an ad to a won deal, and the figures that follow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import sign_in

pytestmark = pytest.mark.browser

CLICK = "utm_source=google&utm_medium=cpc&utm_campaign=reporting-2026"


def ask_for_a_demo(page) -> None:
    page.fill("input[name=first_name]", "Ines")
    page.fill("input[name=last_name]", "Brandt")
    page.fill("input[name=email]", "ines@halden.example.com")
    page.fill("input[name=company]", "Halden Foods")
    page.fill("input[name=job_title]", "VP of Marketing")
    page.fill("textarea[name=need]", "We report to the board on Mondays.")
    page.wait_for_timeout(3_100)  # a person needs at least three seconds; the form knows
    page.locator("form[data-hr-form]", has_text="Work email").get_by_role("button").click()
    expect(page.locator("h1")).to_contain_text("We will call you")


def lower_the_threshold(page, product) -> None:
    """The owner wants to hear of people earlier: one visit, the playbook and a demo make an MQL."""
    page.goto(f"{product.url}/admin/qualify/")
    page.get_by_role("link", name=re.compile("Rule set 1")).first.click()
    page.get_by_role("button", name="Change rules").click()
    page.fill("input[name=threshold]", "70")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name=re.compile("^Publish rule set")).click()
    expect(page.locator("main")).to_contain_text("70")


def test_stranger_becomes_customer(northlight, postbox, open_page):
    owner = open_page()
    sign_in(owner, northlight, "mira")
    lower_the_threshold(owner, northlight)

    stranger = open_page()
    stranger.goto(f"{northlight.url}/playbook/?{CLICK}")
    assert stranger.locator("nav").count() == 0, "a landing page has no navigation"
    stranger.get_by_role("button", name="Accept").click()
    stranger.fill("input[name=first_name]", "Ines")
    stranger.fill("input[name=email]", "ines@halden.example.com")
    stranger.get_by_text("Also send me product news").click()
    stranger.wait_for_timeout(3_100)
    stranger.get_by_role("button", name="Send me the playbook").click()
    expect(stranger.locator("h1")).to_contain_text("Your playbook is ready")
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name=re.compile("Download")).first.click()
    assert download.value.suggested_filename.endswith(".pdf")
    assert "playbook" in str(postbox.wait("ines@halden.example.com")["Subject"]).lower()

    # She looks at the prices and asks for a demo.
    stranger.goto(f"{northlight.url}/pricing/")
    ask_for_a_demo(stranger)

    # A rep hears of it by email and in the app within seconds, and takes the lead.
    told = postbox.wait("@northlight.example.com", "Ines")
    box = str(told["To"]).partition("@")[0].rpartition("<")[2]
    rep = open_page()
    sign_in(rep, northlight, box)
    rep.goto(f"{northlight.url}/admin/")
    expect(rep.get_by_role("heading", name="Ines Brandt")).to_be_visible()
    rep.get_by_role("button", name=re.compile("^Accept")).first.click()
    rep.wait_for_load_state()
    rep.goto(f"{northlight.url}/admin/leads/")
    rep.get_by_role("link", name=re.compile("Ines Brandt")).first.click()
    rep.wait_for_load_state()
    body = rep.locator("main")
    for words in ("Book a demo", "Pricing", "We report to the board on Mondays.", "VP of Marketing"):
        expect(body).to_contain_text(re.compile(re.escape(words), re.I))
    lead_page = rep.url

    # Qualified, a deal opened, and won on the board.
    rep.get_by_role("button", name="Qualify as SQL").first.click()
    rep.wait_for_load_state()
    lead_id = re.search(r"lead_\w+", lead_page).group()
    rep.goto(f"{northlight.url}/admin/pipeline/deals/new/?lead={lead_id}")
    rep.fill("input[name=title]", "Northlight for Halden Foods")
    rep.fill("input[name=amount]", "9600")
    rep.get_by_role("button", name="Open deal").click()
    rep.goto(f"{northlight.url}/admin/pipeline/")
    card = rep.locator("[data-deal]", has_text="Halden Foods")
    expect(card).to_be_visible()
    card.locator("summary").click()
    card.get_by_role("button", name="Won").click()
    expect(rep.locator("main")).to_contain_text("£9,600")

    # The owner reads it from the screen.
    owner.goto(f"{northlight.url}/admin/measure/")
    won = owner.locator(".kpi", has_text="Lead to customer")
    expect(won).to_contain_text("100")
    expect(won).to_contain_text("1 of 1")
