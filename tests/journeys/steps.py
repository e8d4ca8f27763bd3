"""What several stories have in common."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.product import Product

NAME, BOX = "Ines Brandt", "ines@halden.example.com"
NEED = "We report to the board on Mondays."
HUMAN = 3_100  # milliseconds; a person needs at least three seconds for a form, and the form knows


def lower_the_threshold(page: Page, product: Product, *, to: int) -> None:
    """An editor wants to hear of people earlier."""
    page.goto(f"{product.url}/admin/qualify/")
    page.get_by_role("link", name=re.compile("Rule set 1")).first.click()
    page.get_by_role("button", name="Change rules").click()
    page.fill("input[name=threshold]", str(to))
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("button", name=re.compile("^Publish rule set")).click()
    expect(page.locator("main")).to_contain_text(str(to))


def ask_for_a_demo(page: Page, product: Product) -> None:
    """Fill in and send the form of the pricing page."""
    page.goto(f"{product.url}/pricing/")
    page.wait_for_timeout(HUMAN)
    form = page.locator("form[data-hr-form]", has_text="Work email")
    first, last = NAME.split()
    for name, answer in (("first_name", first), ("last_name", last), ("email", BOX)):
        form.locator(f"input[name={name}]").fill(answer)
    form.locator("input[name=company]").fill("Halden Foods")
    form.locator("input[name=job_title]").fill("VP of Marketing")
    form.locator("textarea[name=need]").fill(NEED)
    form.get_by_role("button").click()
    expect(page.locator("h1")).to_have_text("We will call you")


def box_of(told: object) -> str:
    """The mailbox in the address of a mail: who of the staff it went to."""
    return str(told).partition("@")[0].rpartition("<")[2]
