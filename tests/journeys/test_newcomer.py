"""The first evening: from an empty instance to a first lead, by what the screens say and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Postbox
from tests.journeys.steps import HUMAN
from tests.journeys.test_accessible import faults
from tests.product import Product
from tests.screens import Screen

pytestmark = pytest.mark.browser

AT_MOST = 40
# What a screen may offer as the next click: its one primary button, the list "Getting ready" and the line that
# stands for it on other screens, an empty state, the cards and choices of a beginning, a menu of what to add.
OFFERS = (
    ".btn.pri",
    ".cta",
    "#way a",
    ".onward a",
    ".empty a",
    ".starter",
    ".q-add > summary",
    ".q-add button",
    "button[name=action-publish]",  # Wagtail's editor
)


class Guide:
    """A newcomer who clicks only what the screen in front of them offers. Typing is no click."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self.said: list[str] = []

    def click(self, name: str) -> None:
        """Click what is offered by this name; AssertionError if nothing on the screen is."""
        self._offered(name).click()
        self._count(name)
        self.page.wait_for_load_state("networkidle")

    def opens(self, name: str) -> Page:
        """The same for what opens in a window of its own."""
        with self.page.expect_popup() as popup:
            self._offered(name).click()
        self._count(name)
        return popup.value

    def type(self, label: str, words: str) -> None:
        """Fill in a field by its label."""
        self.page.get_by_label(re.compile(rf"^{label}( optional)?$")).fill(words)

    def choose(self, label: str, what: str) -> None:
        """Choose in a list: one click."""
        self.page.get_by_label(label, exact=True).select_option(what)
        self._count(f"{label}: {what}")

    def reads(self, words: str) -> None:
        """The screen says it."""
        expect(self.page.locator("body")).to_contain_text(words)

    def is_accessible(self) -> None:
        """axe finds nothing on this screen, light or dark."""
        assert faults(self.page, Screen(self.page.url, "")) == []
        self.page.emulate_media(color_scheme="light")

    def _offered(self, name: str) -> Locator:
        named = self.page.get_by_role("link", name=name, exact=True)
        named = named.or_(self.page.get_by_role("button", name=name, exact=True))
        named = named.or_(self.page.locator(".starter", has=self.page.get_by_text(name, exact=True)))
        named = named.or_(self.page.locator("summary", has_text=re.compile(rf"^\s*{re.escape(name)}\s*$")))
        found = named.and_(self.page.locator(", ".join(OFFERS))).locator("visible=true")
        expect(found, f"the screen {self.page.url} does not offer “{name}”").not_to_have_count(0)
        return found.first

    def _count(self, what: str) -> None:
        self.clicks += 1
        self.said.append(what)


@pytest.fixture
def empty(tmp_path) -> Iterator[Product]:
    """An instance that nobody has touched."""
    with Product(HANDRAISER_OUTGOING_ALLOW="127.0.0.1") as product:
        yield product


def signs_in_at_the_address_that_the_terminal_printed(guide: Guide, product: Product) -> None:
    guide.page.goto(product.url)
    guide.reads("There is no site here yet")
    guide.click("Sign in and set it up")
    guide.type("Email", product.email)
    guide.type("Password", product.password)
    guide.click("Sign in")


def says_who_they_are(guide: Guide, postbox: Postbox) -> None:
    guide.type("Your name", "Nora Lind")
    guide.type("Your email address", "nora@lind.example.com")
    guide.click("Continue")
    guide.type("Name", "Lind Roofing")
    guide.type("Postal address", "Lind Roofing, 2 Example Street, London")
    guide.click("Continue")
    guide.click("Continue")
    guide.type("Sender’s address", "hello@lind.example.com")
    guide.type("Mail server", "127.0.0.1")
    guide.type("Port", str(postbox.port))
    guide.choose("Security", "none")
    guide.click("Send a test mail and finish")
    postbox.wait("nora@lind.example.com")


def builds_a_form(guide: Guide) -> None:
    guide.reads("Getting ready")
    guide.is_accessible()
    guide.click("Choose a form")
    guide.click("Book a demo")
    guide.click("Publish…")
    guide.click("Publish version 1")


def puts_it_on_a_page(guide: Guide) -> None:
    guide.is_accessible()
    guide.click("Make a page with it")
    guide.type("Title", "See your new roof")
    guide.click("Make the page")
    guide.click("Publish")
    guide.reads("See your new roof is live")


def adds_a_rule(guide: Guide) -> None:
    guide.click("Add a rule of your own")
    guide.click("Change rules")
    guide.click("Add a rule for Fit")
    guide.click("Job title contains …")
    guide.page.get_by_label("Job title", exact=True).last.fill("Owner")
    guide.click("Publish…")
    guide.click("Publish rule set 2")


def starts_a_sequence(guide: Guide) -> None:
    guide.click("Start a sequence")
    guide.reads("Set off by your form")
    guide.click("Create draft")
    guide.click("Publish…")
    guide.click("Publish version 1")


def opens_the_page_to_see_it(guide: Guide) -> str:
    guide.click("Receive the first lead")
    guide.reads("Waiting for it")
    guide.is_accessible()
    page = guide.opens("Open your page")
    expect(page.locator("h1")).to_contain_text("See what Lind Roofing can do for you")
    return page.url


def asks_for_a_demo(stranger: Page, url: str) -> None:
    stranger.goto(url)
    stranger.get_by_role("button", name="Accept").click()
    form = stranger.locator("form[data-hr-form]")
    form.locator("input[name=first_name]").fill("Ines")
    form.locator("input[name=last_name]").fill("Brandt")
    form.locator("input[name=email]").fill("ines@halden.example.com")
    form.locator("input[name=company]").fill("Halden Foods")
    form.locator("input[name=job_title]").fill("Owner")
    stranger.wait_for_timeout(HUMAN)
    form.get_by_role("button").click()
    expect(stranger.locator("h1")).to_have_text("We will call you")


def sees_the_lead_come(guide: Guide) -> None:
    guide.reads("Your first lead is here")  # without a click: the screen waited for it
    guide.is_accessible()
    guide.click("Open Ines Brandt")
    expect(guide.page.locator("h1")).to_contain_text("Ines Brandt")
    guide.reads("Halden Foods")
    guide.reads("Job title contains Owner")  # the rule that they built gave its points


def test_newcomer(empty, postbox, open_page):
    guide = Guide(open_page())
    signs_in_at_the_address_that_the_terminal_printed(guide, empty)
    says_who_they_are(guide, postbox)
    builds_a_form(guide)
    puts_it_on_a_page(guide)
    adds_a_rule(guide)
    starts_a_sequence(guide)
    url = opens_the_page_to_see_it(guide)
    asks_for_a_demo(open_page(), url)
    sees_the_lead_come(guide)
    print(f"\n{guide.clicks} clicks to the first lead: {', '.join(guide.said)}")
    assert guide.clicks <= AT_MOST
