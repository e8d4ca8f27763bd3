"""The board and the hand-off in a real browser: by hand, by keys, by thumb."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections

from handraiser.convert.actions import deals
from handraiser.convert.models import Deal, HandOff, Pipeline
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead
from tests.screens import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(live_server, login, dana):
    session = login(dana).cookies["handraiser_session"].value
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=live_server.url)
        context.add_cookies([{"name": "handraiser_session", "value": session, "url": live_server.url}])
        tab = context.new_page()
        tab.wrong = []
        tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
        yield tab
        context.close()
        # Playwright's loop has database connections of its own; left open, they would read the old records.
        connections.close_all()
        assert tab.wrong == []


@pytest.fixture
def deal(lead, dana, noon):
    made = lead()
    leads.assign(lead=made, owner=dana, at=noon)
    return deals.open(
        lead=Lead.objects.get(id=made.id),
        title="Group plan",
        amount=1_860_000,
        at=noon,
        by=dana,
        next_step="Call",
        next_step_at=noon + timedelta(days=1),
    )


def _stage() -> str:
    return Deal.objects.get().stage.name


def test_a_card_is_carried_by_keys(page, deal):
    page.goto("/admin/pipeline/")
    card = page.locator(f"#{deal.id} .kt")
    card.focus()
    page.keyboard.press("Space")
    assert page.locator(f"#{deal.id}.held").count() == 1 and page.locator("#ends").is_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#board-said").inner_text() == "Over Proposal."
    page.keyboard.press("Space")
    page.get_by_text("Halden Foods moved to Proposal.").wait_for()
    assert _stage() == "Proposal"
    page.wait_for_function(f"document.activeElement.closest('#{deal.id}') !== null")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("is back in Discovery").wait_for()
    assert _stage() == "Discovery"


def test_escape_leaves_it_where_it_was(page, deal):
    page.goto("/admin/pipeline/")
    page.locator(f"#{deal.id} .kt").focus()
    for key in ("Space", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    assert page.locator("#ends").is_hidden() and _stage() == "Discovery"


def test_keys_reach_lost_and_it_asks_why(page, deal):
    page.goto("/admin/pipeline/")
    page.locator(f"#{deal.id} .kt").focus()
    page.keyboard.press("Space")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog", name="Why was Halden Foods lost?")
    dialog.get_by_label("Price").check()
    dialog.get_by_role("button", name="Mark as lost").click()
    page.get_by_text("Halden Foods moved to Lost.").wait_for()
    assert Deal.objects.get().lost_reason == "price"


def test_a_card_is_dragged(page, deal):
    page.goto("/admin/pipeline/")
    to = Pipeline.default().stages.get(name="Demo booked")
    start = page.locator(f"#{deal.id} .nx").bounding_box()
    end = page.locator(f'[data-stage="{to.id}"] .cards').bounding_box()
    page.mouse.move(start["x"] + 60, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 120, start["y"] + 12, steps=6)
    page.mouse.move(end["x"] + 60, end["y"] + 20, steps=16)
    assert page.locator("#ends").is_visible()
    page.mouse.up()
    page.get_by_text("Halden Foods moved to Demo booked.").wait_for()
    assert _stage() == "Demo booked"


def test_the_menu_moves_on_a_phone(page, deal):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/pipeline/")
    page.get_by_label("Move Halden Foods").click()
    page.get_by_role("button", name="Move to Negotiation").click()
    page.get_by_text("Halden Foods moved to Negotiation.").wait_for()
    assert _stage() == "Negotiation"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_hand_off_is_accepted_with_one_key(page, qualified, dana):
    qualified()
    page.goto(HandOff.objects.get().get_absolute_url())
    page.keyboard.press("a")
    page.get_by_text("You have it").wait_for()
    assert HandOff.objects.get().state == "accepted"


def test_not_now_asks_for_a_day(page, qualified):
    qualified()
    page.goto(HandOff.objects.get().get_absolute_url())
    page.keyboard.press("r")
    day = page.get_by_label("Ask again on")
    assert day.is_hidden()
    page.get_by_label("Not now").check()
    day.fill("2031-03-02")
    page.get_by_role("button", name="Reject", exact=True).click()
    page.wait_for_url("**/admin/")
    assert str(HandOff.objects.get().recycle_on) == "2031-03-02"
