"""Every screen as a picture: `python -m tests.pictures [name …]` fills docs/pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.product import Product
from tests.screens import (
    ADMIN,
    DESKTOP,
    PHONE,
    PUBLIC,
    Screen,
    Walk,
    ask_for_the_playbook,
    chromium,
    enter,
    made_ready,
    new_page,
)

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
REP = ("dana@northlight.example.com", "a picture of a morning")
_REP_MAY_ENTER = """
import django; django.setup()
from handraiser.core.staff.models import User
user = User.objects.get(email={!r}); user.set_password({!r}); user.save()
"""


def keep(shot: bytes, name: str) -> None:
    """Write a picture with few colours: a sharp screen needs no more, and a tenth of the bytes."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    # The median cut keeps large areas exactly; other ways tint them, each picture differently.
    few = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(FOLDER / f"{name}.png", optimize=True)


def take(page: Page, walk: Walk, screen: Screen, size: str) -> None:
    """Both themes of a screen."""
    walk.go(page, screen)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        keep(page.screenshot(), f"{screen.name}.{size}.{theme}")


def walk_through(
    browser: Browser, url: str, made: dict[str, str], owner: tuple[str, str], only: list[str]
) -> None:
    """All screens, or those that were named, on both sizes."""
    walk = Walk(url, made)
    walk.begin_a_draft(signed_in(browser, url, owner))
    stranger = new_page(browser)
    thanks = ask_for_the_playbook(stranger, url)
    answered = stranger.context.cookies()
    for size, pixels in (("desktop", DESKTOP), ("phone", PHONE)):
        stranger = new_page(browser, pixels)
        stranger.context.add_cookies(answered)
        pages = {rep: signed_in(browser, url, REP if rep else owner, pixels) for rep in (False, True)}
        for screen in (*PUBLIC, thanks, *ADMIN):
            if only and screen.name not in only:
                continue
            page = pages[screen.rep] if screen in ADMIN else stranger
            take(page, walk, screen, size)
            print(f"{screen.name}, {size}")


def signed_in(browser: Browser, url: str, who: tuple[str, str], size: tuple[int, int] = DESKTOP) -> Page:
    """A page of a member of the staff."""
    page = new_page(browser, size)
    enter(page, url, *who)
    return page


def main(only: list[str]) -> None:
    """Start the demo firm and go through it with a camera."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Product(demo=True) as product, chromium() as browser:
        # Only the owner's password is printed; a rep's day is worth a picture too.
        product.script(_REP_MAY_ENTER.format(*REP))
        walk_through(browser, product.url, made_ready(product), (product.email, product.password), only)


if __name__ == "__main__":
    main(sys.argv[1:])
