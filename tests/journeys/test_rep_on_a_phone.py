"""A sales rep's day on a phone, with one thumb: hand-off, note, task, and a deal carried over the board."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import PASSWORD, sign_in
from tests.journeys.steps import NAME, ask_for_a_demo, box_of, lower_the_threshold

pytestmark = pytest.mark.browser

# Whether everything that a thumb covers, 44 pixels both ways, belongs to this element.
THUMB = """element => {
  const box = element.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  return [[0, 0], [0, -21], [0, 21], [-21, 0], [21, 0]].every(([right, down]) =>
    element.contains(document.elementFromPoint(x + right, y + down)));
}"""


def fits(page: Page) -> None:
    """Nothing has to be pushed sideways."""
    width, inner = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert width <= inner == 390, f"{page.url} is {width} wide"


def tap(target: Locator) -> None:
    """Press what a thumb can hit, and nothing smaller."""
    expect(target).to_be_visible()
    target.scroll_into_view_if_needed()
    assert target.evaluate(THUMB), f"a thumb misses {target}: {target.bounding_box()}"
    target.tap()


def tab(page: Page, name: str) -> None:
    """Another screen, by the bar at the foot."""
    bar = page.get_by_role("navigation", name="Main, phone")
    tap(bar.get_by_role("link", name=re.compile(f"^{name}")))
    expect(bar.locator("[aria-current=page]")).to_contain_text(name)
    fits(page)


def test_rep_on_a_phone(northlight, postbox, open_page):
    owner = open_page()
    sign_in(owner, northlight, "mira")
    lower_the_threshold(owner, northlight, to=50)
    ask_for_a_demo(open_page(), northlight)
    told = postbox.wait("@northlight.example.com", "Ines")

    rep = open_page(phone=True)
    rep.goto(f"{northlight.url}/accounts/login/?next=/admin/")
    rep.fill("input[name=login]", f"{box_of(told['To'])}@northlight.example.com")
    rep.fill("input[name=password]", PASSWORD)
    tap(rep.get_by_role("button", name="Sign in"))

    # Today shows the hand-off; one tap takes it.
    expect(rep.get_by_role("heading", name=NAME)).to_be_visible()
    fits(rep)
    tap(rep.get_by_role("button", name=re.compile("^Accept")).first)
    expect(rep.locator("main")).to_contain_text("Accepted")

    # The lead, out of a list without a table.
    tab(rep, "Leads")
    tap(rep.get_by_role("link", name=re.compile(NAME)))
    expect(rep.locator("h1")).to_have_text(NAME)
    fits(rep)
    lead = rep.url

    # A note, from the bar that sticks at the foot.
    tap(rep.locator(".mact").get_by_role("link", name="Note"))
    rep.get_by_label("What should the next reader know?").fill("Prefers mornings.")
    tap(rep.get_by_role("button", name="Write note"))
    expect(rep.locator("#timeline")).to_contain_text("Prefers mornings.")

    # A task, and done.
    tap(rep.get_by_role("link", name="Add a task"))
    rep.get_by_label("What is to be done").fill("Send the price list")
    tap(rep.get_by_role("button", name="Add task"))
    expect(rep.locator(".todo")).to_contain_text("Send the price list")
    tab(rep, "Today")
    tap(rep.get_by_role("button", name="Mark as done: Send the price list"))
    expect(rep.get_by_role("button", name="Mark as done: Send the price list")).to_have_count(0)

    # Qualified; a deal, carried to the next stage by its menu: one stage at a time is seen.
    rep.goto(lead)
    tap(rep.get_by_role("button", name="Qualify as SQL"))
    tap(rep.get_by_role("link", name="Deal", exact=True))
    rep.fill("input[name=title]", "Northlight for Halden Foods")
    rep.fill("input[name=amount]", "9600")
    fits(rep)
    tap(rep.get_by_role("button", name="Open deal"))
    tab(rep, "Pipeline")
    expect(rep.locator(".bcol").locator("visible=true")).to_have_count(1)
    card = rep.locator("[data-deal]", has_text="Halden Foods")
    tap(card.locator("summary"))
    move = card.get_by_role("button", name=re.compile("^Move to")).first
    stage = move.inner_text().removeprefix("Move to ")
    tap(move)
    rep.wait_for_load_state()
    tap(rep.get_by_role("navigation", name="Stage").get_by_role("link", name=re.compile(f"^{stage}")))
    expect(rep.locator(f".bcol[data-name='{stage}'] [data-deal]")).to_be_visible()
    fits(rep)

    tab(rep, "Inbox")
    tap(rep.get_by_role("navigation", name="Main, phone").get_by_role("link", name="More"))
    expect(rep.get_by_role("navigation", name="Main", exact=True)).to_be_visible()
    fits(rep)
