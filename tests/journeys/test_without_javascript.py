"""The whole loop once more, with scripts switched off everywhere: plain pages, plain links, plain posts."""

from __future__ import annotations

import re
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in
from tests.journeys.steps import BOX, HUMAN, NAME, NEED, ask_for_a_demo, box_of, lower_the_threshold
from tests.product import Product

pytestmark = pytest.mark.browser

CLICK = "utm_source=google&utm_medium=cpc&utm_campaign=reporting-2026"


def take_the_playbook(page: Page, product: Product) -> None:
    """With one mistake first: it is named, and nothing has to be written twice."""
    page.goto(f"{product.url}/playbook/?{CLICK}")
    page.wait_for_timeout(HUMAN)
    page.fill("input[name=first_name]", "Ines")
    page.fill("input[name=email]", "ines@halden")
    page.get_by_label("3–5").check()
    page.get_by_text("Also send me product news").click()
    page.get_by_role("button", name="Send me the playbook").click()

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("One answer needs another look.")
    assert page.input_value("input[name=first_name]") == "Ines"
    assert page.input_value("input[name=email]") == "ines@halden"
    assert page.get_by_label("3–5").is_checked()
    assert page.locator("input[name=news]").is_checked()
    summary.get_by_role("link").click()
    field = page.locator(page.evaluate("location.hash"))
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(BOX)
    page.get_by_role("button", name="Send me the playbook").click()
    expect(page.locator("h1")).to_have_text("Your playbook is ready")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".pdf")


def open_the_mail(page: Page, mail: EmailMessage) -> None:
    """The link of the mail gives the file as well."""
    text = mail.get_body(("plain",)).get_content()
    answer = page.request.get(re.search(r"http://127\.0\.0\.1:\S+", text).group())
    assert answer.ok
    assert answer.body().startswith(b"%PDF")


def ask_twice(page: Page, product: Product) -> None:
    """Sent by a click, and the very same post again."""
    with page.expect_request(lambda request: request.method == "POST") as sent:
        ask_for_a_demo(page, product)
    post = sent.value
    again = page.request.post(
        post.url, data=post.post_data_buffer, headers={"Content-Type": post.headers["content-type"]}
    )
    assert again.ok
    assert again.url == page.url, "the same form sent twice is one"


def test_without_javascript(northlight, postbox, open_page):
    owner = open_page(javascript=False)
    sign_in(owner, northlight, "mira")
    # Nobody is measured without scripts: the forms alone must be able to make an MQL.
    lower_the_threshold(owner, northlight, to=60)

    stranger = open_page(javascript=False)
    take_the_playbook(stranger, northlight)
    open_the_mail(stranger, postbox.wait(BOX, "playbook"))
    ask_twice(stranger, northlight)

    told = postbox.wait("@northlight.example.com", "Ines")
    rep = open_page(javascript=False)
    sign_in(rep, northlight, box_of(told["To"]))
    rep.goto(f"{northlight.url}/admin/")
    expect(rep.get_by_role("heading", name=NAME)).to_be_visible()
    rep.get_by_role("button", name=re.compile("^Accept")).first.click()

    rep.goto(f"{northlight.url}/admin/leads/")
    found = rep.get_by_role("link", name=re.compile(NAME))
    expect(found).to_have_count(1)
    found.click()
    body = rep.locator("main")
    expect(body).to_contain_text("reporting-2026")
    expect(body).to_contain_text(NEED)
    expect(rep.locator(".tl li", has_text="Book a demo")).to_have_count(1)

    # Qualified, a deal opened, and won by the menu of its card.
    rep.get_by_role("button", name="Qualify as SQL").first.click()
    rep.get_by_role("link", name="Deal", exact=True).click()
    rep.fill("input[name=title]", "Northlight for Halden Foods")
    rep.fill("input[name=amount]", "9600")
    rep.get_by_role("button", name="Open deal").click()
    rep.goto(f"{northlight.url}/admin/pipeline/")
    card = rep.locator("[data-deal]", has_text="Halden Foods")
    card.locator("summary").click()
    card.get_by_role("button", name="Won").click()
    expect(rep.locator(".bcol.won")).to_contain_text("£9,600")

    owner.goto(f"{northlight.url}/admin/measure/")
    won = owner.locator(".kpi", has_text="Lead to customer")
    expect(won).to_contain_text("100")
    expect(won).to_contain_text("1 of 1")
