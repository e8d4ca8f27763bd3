"""The form runtime in a real browser: mistakes while writing, conditions, a dropped connection."""

from __future__ import annotations

import pytest
from django.db import connections

from handraiser.capture.actions import forms
from handraiser.capture.models import MagnetGrant, Submission
from handraiser.capture.rules.schema import Choice, Condition, Field, Type
from handraiser.capture.tests.conftest import NOW
from tests.screens import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(live_server, transactional_db):
    with chromium() as browser:
        tab = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844}).new_page()
        tab.wrong = []
        tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
        yield tab
        tab.context.close()
        # Playwright's loop has database connections of its own; left open, they would read the old records.
        connections.close_all()
        assert tab.wrong == []


def address(form):
    return f"/forms/{form.id}/{form.live.number}/"


def test_mistakes_show_while_writing_and_the_form_is_sent(page, playbook):
    page.goto(address(playbook))
    email = page.get_by_label("Work email")
    email.fill("leila")
    email.blur()
    said = page.get_by_text("This address has no @. Example: ana@company.example.com")
    assert said.is_visible() and email.get_attribute("aria-invalid") == "true"
    email.fill("leila@harbour.example.com")
    assert said.is_hidden()
    page.get_by_role("button", name="Send me the playbook").click()
    assert "One answer needs another look." in page.evaluate("document.activeElement.innerText")
    page.get_by_role("link", name="First name: This needs an answer.").click()
    assert page.evaluate("document.activeElement.name") == "first_name"
    page.keyboard.type("Leila")
    page.wait_for_timeout(3100)
    page.get_by_role("button", name="Send me the playbook").dblclick()
    page.wait_for_url("**/forms/thanks/**")
    assert page.get_by_role("heading", name="Your playbook is ready").is_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "the-reporting-playbook.pdf"
    assert Submission.objects.get().state == "accepted"
    assert MagnetGrant.objects.count() == 1


def test_a_dropped_connection_keeps_the_answers_and_sends_once(page, playbook):
    page.goto(address(playbook))
    page.get_by_label("First name").fill("Leila")
    page.get_by_label("Work email").fill("leila@harbour.example.com")
    page.wait_for_timeout(3100)
    # The server takes it, but the answer is lost on the way.
    page.route("**/forms/form_*/*/", lambda route: (route.fetch(), route.abort()))
    page.get_by_role("button", name="Send me the playbook").click()
    page.get_by_text("Your answers are kept. The connection dropped").wait_for()
    assert page.get_by_label("First name").input_value() == "Leila"
    assert Submission.objects.count() == 1
    page.unroute_all()
    page.get_by_role("button", name="Send me the playbook").click()
    page.wait_for_url("**/forms/thanks/**")
    assert Submission.objects.count() == 1


def test_a_form_with_a_notice_is_sent(page, demo_form):
    page.goto(address(demo_form))
    page.get_by_role("button", name="Book a demo").click()
    assert "answers need another look." in page.evaluate("document.activeElement.innerText")
    answers = {"First name": "Ines", "Last name": "Brandt", "Company": "Halden Foods"}
    for label, answer in {**answers, "Work email": "ines@halden.example.com"}.items():
        page.get_by_label(label).fill(answer)
    page.wait_for_timeout(3100)
    page.get_by_role("button", name="Book a demo").click()
    page.wait_for_url("**/forms/thanks/**")
    assert Submission.objects.get().state == "accepted"


def test_a_field_appears_when_its_condition_is_met(page, demo_form):
    asked = Field(
        key="size",
        type=Type.CHOICE,
        label="How large?",
        choices=[Choice("s", "Small"), Choice("l", "Large")],
    )
    forms.add_field(form=demo_form, field=asked, at=NOW)
    follow = Field(
        key="how_many",
        type=Type.NUMBER,
        label="How many people?",
        required=True,
        show_when=Condition("size", "is", ["l"]),
    )
    forms.add_field(form=demo_form, field=follow, at=NOW)
    forms.publish(form=demo_form, at=NOW, by=None)
    demo_form.refresh_from_db()
    page.goto(address(demo_form))
    assert page.get_by_label("How many people?").is_hidden()
    page.get_by_label("Large").check()
    assert page.get_by_label("How many people?").is_visible()
    page.get_by_label("Small").check()
    assert page.get_by_label("How many people?").is_hidden()


def test_public_pages_pass_axe_and_fit_a_phone(page, playbook):
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for path in (address(playbook), "/get/nothing"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = Axe().run(page).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]
