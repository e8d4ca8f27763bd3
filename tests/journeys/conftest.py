"""Whole stories: a real product, a real browser, a real mail server."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, Page

from tests import databases
from tests.product import Product, free_port
from tests.screens import DESKTOP, PHONE, chromium, enter, new_page

PASSWORD = "correct horse battery"
_BUSINESS = """
import django; django.setup()
from handraiser.blueprints.northlight import install
from handraiser.core.staff.models import Organisation, User
from handraiser.kit import clock
install.business(at=clock.now())
row = Organisation.get()
row.smtp_host, row.smtp_port, row.smtp_security = "127.0.0.1", {port}, "none"
row.save()
for user in User.objects.all():
    user.set_password({password!r}); user.save()
"""


class Postbox:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.port = free_port()
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server, session, envelope) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append(mail)  # type: ignore[arg-type]
        return "250 kept"

    def wait(self, to: str, about: str = "", *, seconds: float = 20) -> EmailMessage:
        """The first mail to somebody whose subject holds `about`; AssertionError if none comes in time."""
        until = time.monotonic() + seconds
        while True:
            for mail in self.mails:
                if to in str(mail["To"]) and about.lower() in str(mail["Subject"]).lower():
                    return mail
            assert time.monotonic() < until, f"no mail to {to}: {[str(m['Subject']) for m in self.mails]}"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.controller.start()
    yield box
    box.controller.stop()


@pytest.fixture(scope="session")
def northlight_home(postbox, tmp_path_factory) -> Path:
    """A data folder with the demo firm on its first day; copied by each journey."""
    product = Product()
    product.script(_BUSINESS.format(port=postbox.port, password=PASSWORD))
    return product.home


@pytest.fixture
def northlight(northlight_home, postbox, tmp_path) -> Iterator[Product]:
    """The demo firm, running, on its first day."""
    home = databases.lay(tmp_path / "home", like=northlight_home)
    postbox.mails.clear()  # the mails of an earlier story lead to a product that is gone
    with Product(home=home, HANDRAISER_OUTGOING_ALLOW="127.0.0.1") as product:
        yield product


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. While it is there an event loop runs, beside which other tests cannot."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser):
    """A new page in a browser of its own: `open_page(phone=True, javascript=False)`."""
    contexts, errors = [], []

    def refused(page: Page, said: str) -> None:
        if "Content Security Policy" in said:
            errors.append(f"{page.url}: {said}")

    def make(*, phone: bool = False, javascript: bool = True) -> Page:
        page = new_page(browser, PHONE if phone else DESKTOP, javascript=javascript)
        contexts.append(page.context)
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error.stack}"))
        page.on("console", lambda said: refused(page, said.text))
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == [], "scripts must not fail, and our own policy must refuse nothing of ours"


def sign_in(page: Page, product: Product, box: str) -> None:
    """Sign a member of the demo firm's staff in."""
    enter(page, product.url, f"{box}@northlight.example.com", PASSWORD)
