"""New landing pages: from a form to a page with its first words; and what the editor gives to begin with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from handraiser.capture import starters
from handraiser.website import blocks, landings, panels
from handraiser.website.models import HomePage, LandingPage
from handraiser.website.starter import build_site

AT = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def site(organisation) -> HomePage:
    return build_site(organisation=organisation, at=AT)


def test_a_page_is_made_from_its_form(site, marketer, login, client):
    form = starters.demo(at=AT)
    editor = login(marketer)
    screen = editor.get(reverse("website:landing_new"), {"form": form.id}).content.decode()
    assert "That somebody sends “Book a demo”" in screen
    answer = editor.post(reverse("website:landing_create"), {"form": form.id, "title": ""})
    page = LandingPage.objects.get()
    assert answer.headers["Location"] == reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert not page.live and client.get(f"/{page.slug}/").status_code == 404

    page.get_latest_revision().publish()
    shown = client.get(f"/{page.slug}/").content.decode()
    assert 'name="email"' in shown and 'href="#form"' in shown and "Book a demo" in shown


@pytest.mark.parametrize("make", [starters.playbook, starters.demo, starters.newsletter, starters.contact])
def test_first_words_pass_every_check(site, make):
    page = landings.begin(form=make(at=AT))
    page.get_latest_revision_as_object().full_clean()
    assert [check.text for check in panels.checks(page) if not check.fine] == []


def test_without_a_form_the_screen_names_the_next_click(site, mira, login):
    screen = login(mira).get(reverse("website:landing_new")).content.decode()
    assert "A landing page needs a form first" in screen and 'href="/admin/capture/"' in screen


def test_without_a_live_form_nothing_is_made(site, mira, login):
    draft = starters.from_starter(key="contact", at=AT)
    answer = login(mira).post(reverse("website:landing_create"), {"form": draft.id})
    assert answer.status_code == 422
    assert not LandingPage.objects.exists()


def test_without_a_site_nothing_is_made(organisation, mira, login):
    form = starters.demo(at=AT)
    assert login(mira).post(reverse("website:landing_create"), {"form": form.id}).status_code == 422
    screen = login(mira).get(reverse("website:landing_new")).content.decode()
    assert "There is no site yet" in screen


def test_a_page_begun_in_the_editor_has_every_part_filled(db):
    values = dict(blocks.landing_start())
    assert list(values) == ["hero", "form", "cta"]
    assert set(values["hero"]) == set(dict(blocks.LANDING)["hero"].child_blocks)
    assert values["cta"]["button"]["url"] == "#form"


def test_before_the_set_up_the_front_page_leads_there(db, client):
    assert "There is no site here yet" in client.get("/").content.decode()


def test_publishing_leads_back_to_the_pages(site, marketer, login):
    from handraiser.website.wagtail_hooks import back_to_the_pages

    page = landings.begin(form=starters.demo(at=AT))
    request = login(marketer).get("/admin/attract/pages/").wsgi_request
    assert back_to_the_pages(request, page).headers["Location"] == "/admin/attract/pages/"
    page.go_live_at = datetime(2100, 1, 1, tzinfo=UTC)
    assert back_to_the_pages(request, page) is None
