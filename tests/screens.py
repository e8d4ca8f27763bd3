"""Every screen of the product by name, and how a browser gets there: for the pictures and for axe."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

from tests.product import Product

# A headless browser says so, and the product rightly counts it as a machine.
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass(frozen=True)
class Screen:
    """One screen. `follow` selects the link on `path` that leads to it; `opens` what to press for its dialog,
    `shows` what is there then. `{loner}` in a path is somebody without a lead, whom `made_ready` makes.
    """

    name: str
    path: str
    follow: str = ""
    opens: tuple[str, ...] = ()
    rep: bool = False
    shows: str = "dialog[open] :is(h1, h2, input):visible"


PUBLIC = (
    Screen("home", "/"),
    Screen("playbook", "/playbook/"),
    Screen("pricing", "/pricing/"),
    Screen("blog", "/blog/"),
    Screen("post", "/blog/what-your-friday-report-costs/"),
    Screen("privacy", "/privacy/"),
    Screen("login", "/accounts/login/"),
)

_INES = "main a[href*='/leads/lead_']:has-text('Ines Brandt')"
_FORM = "main a[href*='/forms/form_']:has-text('playbook')"
_SEGMENT = "main a[href*='/segments/segment_']:has-text('Leaders')"
_SEQUENCE = "main a[href*='/sequences/seq_']"
_WAITING = "main tr:has-text('Ines Brandt') a[href*='/hand-offs/handoff_']"

ADMIN = (
    Screen("today", "/admin/"),
    Screen("today-of-a-rep", "/admin/", rep=True),
    Screen("reject", "/admin/", opens=("[data-opens^='#reject-']",), rep=True),
    Screen("leads", "/admin/leads/"),
    Screen("leads-filter", "/admin/leads/", opens=(".chip.add[data-dialog]",)),
    Screen("lead-page", "/admin/leads/?q=Ines", follow=_INES),
    Screen("lead-why", "/admin/leads/?q=Ines", follow=_INES, opens=("a[href$='/why/'][data-dialog]",)),
    Screen(
        "lead-note", "/admin/leads/?q=Ines", follow=_INES, opens=("a[href*='/note/'][data-dialog]:visible",)
    ),
    Screen(
        "lead-jump",
        "/admin/leads/?q=Ines",
        follow=_INES,
        opens=(".jump summary",),
        shows="#tl-years .yr:visible",
    ),
    Screen("lead-new", "/admin/leads/add/"),
    Screen("person", "/admin/people/{loner}/"),
    Screen("duplicates", "/admin/people/duplicates/"),
    Screen("duplicates-none", "/admin/people/duplicates/?show=apart"),
    Screen("merge", "/admin/people/duplicates/", follow="main a[href*='/people/compare/']"),
    Screen("companies", "/admin/companies/"),
    Screen("company", "/admin/companies/", follow="main a[href*='/companies/company_']:has-text('Halden')"),
    Screen("pipeline", "/admin/pipeline/"),
    Screen("pipeline-table", "/admin/pipeline/?view=table"),
    Screen("lost", "/admin/pipeline/", opens=(".kc summary:visible", "[data-loses]:visible")),
    Screen("deal", "/admin/pipeline/", follow="main a.kt"),
    Screen("inbox", "/admin/inbox/", rep=True),
    Screen("find", "/admin/", opens=("[data-palette]:visible",)),
    Screen("attract", "/admin/attract/"),
    Screen("attract-pages", "/admin/attract/pages/"),
    Screen("landing-new", "/admin/attract/pages/new/"),
    Screen("attract-links", "/admin/attract/links/"),
    Screen("content", "/admin/content/pages/"),
    Screen("page-editor", "/admin/content/pages/", follow="main a[href$='/edit/']:has-text('Fridays')"),
    Screen(
        "page-new",
        "/admin/content/pages/",
        follow="main a[href*='/add_subpage/'], a[href*='/add_subpage/']",
    ),
    Screen("forms", "/admin/capture/"),
    Screen("forms-starters", "/admin/capture/?new"),
    Screen("form-builder", "/admin/capture/", follow=_FORM),
    Screen("submissions", "/admin/capture/submissions/"),
    Screen("submission", "/admin/capture/submissions/", follow="main a[href*='/submissions/sub_']"),
    Screen("magnets", "/admin/capture/magnets/"),
    Screen("imports", "/admin/capture/imports/"),
    Screen("rule-sets", "/admin/qualify/rule-sets/"),
    Screen("rule-set-import", "/admin/qualify/rule-sets/import/"),
    Screen("rule-set-draft", "/admin/qualify/rule-sets/", follow="a.btn.pri[href*='/rule-sets/']"),
    Screen("stages", "/admin/qualify/stages/"),
    Screen("fit", "/admin/qualify/fit/"),
    Screen("ideal-customer", "/admin/qualify/fit/ideal/"),
    Screen("reasons", "/admin/qualify/reasons/"),
    Screen("questions", "/admin/qualify/questions/"),
    Screen("prediction", "/admin/qualify/prediction/"),
    Screen("enrichment", "/admin/qualify/enrichment/"),
    Screen("source-new", "/admin/qualify/enrichment/new/"),
    Screen("segments", "/admin/nurture/segments/"),
    Screen("segment", "/admin/nurture/segments/", follow=_SEGMENT),
    Screen(
        "segment-editor",
        "/admin/nurture/segments/",
        follow=_SEGMENT,
        opens=("a.btn[href$='/edit/']",),
        shows="#editor .sg-leaf",
    ),
    Screen("sequences", "/admin/nurture/"),
    Screen("sequence", "/admin/nurture/", follow=_SEQUENCE),
    Screen("sequence-new", "/admin/nurture/new/"),
    Screen("outbox", "/admin/nurture/outbox/?tab=sent"),
    Screen("routing", "/admin/convert/"),
    Screen("hand-offs", "/admin/convert/hand-offs/"),
    Screen("hand-off", "/admin/convert/hand-offs/", follow=_WAITING),
    Screen("measure", "/admin/measure/"),
    Screen("funnel", "/admin/measure/funnel/"),
    Screen("channels", "/admin/measure/channels/"),
    Screen("spend", "/admin/measure/spend/"),
    Screen("organisation", "/admin/settings/organisation/"),
    Screen("mail", "/admin/settings/mail/"),
    Screen("staff", "/admin/settings/staff/"),
    Screen("keys", "/admin/settings/keys/"),
    Screen("fields", "/admin/settings/fields/"),
    Screen("journal", "/admin/settings/journal/"),
    Screen("audit", "/admin/settings/audit/"),
    Screen("you", "/admin/settings/you/"),
)


# The demo firm is tidy: nobody is there twice, and whoever is there has a lead.
_UNTIDY = """
import django; django.setup()
from handraiser.core.identity.actions import duplicates, identifiers
from handraiser.kit import clock
at = clock.now()
twice = [
    dict(first_name="Inez", last_name="Brandt", company_name="Halden Foods", job_title="VP Marketing"),
    dict(first_name="Hugo", last_name="Marsh", company_name="Hollin Ridge"),
]
for values in twice:
    email = f"{values['first_name'][0]}.{values['last_name']}@mail.example.com".lower()
    identifiers.resolve(at=at, how="import", email=email, values=values)
loner = identifiers.resolve(
    at=at, how="api", email="sol.adeyemi@larchlane.example.com", phone="+44 20 7946 0017",
    values=dict(first_name="Sol", last_name="Adeyemi", company_name="Larch Lane", country="GB"),
)
duplicates.run(search_id=duplicates.ask(at=at).id, clock=clock.now)
print(loner.person.id)
"""


def made_ready(product: Product) -> dict[str, str]:
    """Make what a tidy young firm has not: people who are there twice, somebody without a lead, sealed days.

    Returns what `Walk` has to know.
    """
    product.command("seal", check=False)  # its own night may be at it already
    return {"loner": product.script(_UNTIDY).split()[-1]}


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Debian's Chromium, headless; `arguments` are added to its command line."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "Chromium is missing. Install it with: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-sync",
                *arguments,
            ],
        )
        yield browser
        browser.close()


def new_page(browser: Browser, size: tuple[int, int] = DESKTOP, *, javascript: bool = True) -> Page:
    """A page of a person who has never been here, on a desktop or a phone."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=size == PHONE,
        java_script_enabled=javascript,
        locale="en-GB",
        reduced_motion="reduce",
        user_agent=BROWSER,
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def enter(page: Page, url: str, email: str, password: str) -> None:
    """Sign in to the back office."""
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/admin/**")


def ask_for_the_playbook(page: Page, url: str) -> Screen:
    """Send the form of the landing page; returns the thank-you page that follows."""
    page.goto(f"{url}/playbook/")
    page.get_by_role("button", name="Accept").click()
    page.fill("input[name=first_name]", "Tom")
    page.fill("input[name=email]", "tom@larchlane.example.com")
    page.wait_for_timeout(3_100)  # a person needs at least three seconds; the form knows
    page.get_by_role("button", name="Send me the playbook").click()
    page.wait_for_url("**/forms/thanks/**")
    return Screen("thank-you", page.url.removeprefix(url))


class Walk:
    """Finds the screens of one running product. Links are followed once and remembered."""

    def __init__(self, url: str, made: dict[str, str]) -> None:
        self.url = url
        self.made = made
        self.found: dict[tuple[str, str], str] = {}

    def begin_a_draft(self, page: Page) -> None:
        """A draft of the rules, for the screens that need one."""
        page.goto(f"{self.url}/admin/qualify/rule-sets/")
        page.get_by_role("button", name="Change rules").click()
        page.wait_for_url(re.compile(r"/rule-sets/\d+/"))

    def go(self, page: Page, screen: Screen) -> None:
        """Open a screen and wait until it rests."""
        page.goto(self.url + self._address(page, screen))
        page.wait_for_load_state("networkidle")
        for button in screen.opens:
            page.locator(button).first.click()
        if screen.opens:
            page.locator(screen.shows).first.wait_for()
            page.wait_for_load_state("networkidle")

    def _address(self, page: Page, screen: Screen) -> str:
        if not screen.follow:
            return screen.path.format(**self.made)
        key = (screen.path, screen.follow)
        if key not in self.found:
            page.goto(self.url + screen.path)
            page.wait_for_load_state("networkidle")
            self.found[key] = page.locator(screen.follow).first.get_attribute("href", timeout=5_000) or ""
        return self.found[key]
