"""axe finds nothing on any screen, light or dark, with its dialogs open."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import databases
from tests.journeys.conftest import sign_in
from tests.product import Product
from tests.screens import ADMIN, PUBLIC, Screen, Walk, ask_for_the_playbook, made_ready

pytestmark = pytest.mark.browser

# A week of the demo firm: its people ask, reps answer, deals open. No crowd.
_A_WEEK = """
import django; django.setup()
from datetime import timedelta
from handraiser.blueprints.northlight import history
from handraiser.capture.models import Form
from handraiser.config import wiring
from handraiser.convert.actions import deals
from handraiser.core.journal import loop
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.kit import clock
from handraiser.qualify.actions import stages

now = clock.now()
names = {"playbook": "playbook", "demo": "demo", "newsletter": "news"}
forms = {which: Form.objects.filter(name__icontains=word)[0] for which, word in names.items()}
history.CROWD = 0
begins = now - timedelta(days=9)
history.spend(begins=begins.date(), ends=now.date(), at=begins)
story = history.Story(begins=begins, ends=now, forms=forms)
story.strangers()
story.live(lambda at: loop.settle(wiring.READERS, wiring.SWEEPS, at=at), lambda share: None)
dana = User.objects.get(email="dana@northlight.example.com")
for lead in Lead.objects.filter(person__first_name__in=["Hugo", "Priya"]):
    deals.open(lead=lead, title="Northlight", amount=960000, at=clock.now(), by=dana)
loop.settle(wiring.READERS, wiring.SWEEPS)
"""


@pytest.fixture(scope="module")
def busy(northlight_home, tmp_path_factory):
    """The demo firm after a week, and what was made for its screens."""
    home = databases.lay(tmp_path_factory.mktemp("busy") / "home", like=northlight_home)
    product = Product(home=home, HANDRAISER_OUTGOING_ALLOW="127.0.0.1")
    product.script(_A_WEEK)
    with product:
        yield product, made_ready(product)


def _let_colours_come(page: Page) -> None:
    """Half-way through a fade, a colour is none that anybody chose."""
    page.wait_for_timeout(50)  # a fade begins with the next frame
    page.wait_for_function(
        "document.getAnimations().every(fade => fade.playState !== 'running'"
        " || fade.effect.getComputedTiming().iterations === Infinity)"
    )


def faults(page: Page, screen: Screen) -> list[str]:
    """What axe says of a page: everything in the light, and the colours once more in the dark."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    _let_colours_come(page)
    found = [("light", fault) for fault in Axe().run(page).response["violations"]]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    _let_colours_come(page)
    dark = Axe().run(page, options={"runOnly": ["color-contrast"], "resultTypes": ["violations"]})
    found += [("dark", fault) for fault in dark.response["violations"]]
    return [
        f"{screen.name}, {theme}: {fault['id']}: {node['html'][:160]}"
        for theme, fault in found
        for node in fault["nodes"][:3]
    ]


def walk_through(walk: Walk, page: Page, screens) -> list[str]:
    found: list[str] = []
    for screen in screens:
        walk.go(page, screen)
        found += faults(page, screen)
    return found


def test_every_screen_is_accessible(busy, open_page):
    product, made = busy
    walk = Walk(product.url, made)
    stranger = open_page()
    found = walk_through(walk, stranger, [*PUBLIC, ask_for_the_playbook(stranger, product.url)])

    owner, rep = open_page(), open_page()
    sign_in(owner, product, "mira")
    sign_in(rep, product, "dana")
    walk.begin_a_draft(owner)
    found += walk_through(walk, owner, [screen for screen in ADMIN if not screen.rep])
    found += walk_through(walk, rep, [screen for screen in ADMIN if screen.rep])
    assert found == []


def test_the_phone_is_accessible(busy, open_page):
    product, made = busy
    walk = Walk(product.url, made)
    rep = open_page(phone=True)
    sign_in(rep, product, "dana")
    day = (
        "today-of-a-rep",
        "leads",
        "leads-filter",
        "lead-page",
        "lead-jump",
        "pipeline",
        "inbox",
        "measure",
    )
    found = walk_through(walk, rep, [screen for screen in ADMIN if screen.name in day])
    assert found == []
