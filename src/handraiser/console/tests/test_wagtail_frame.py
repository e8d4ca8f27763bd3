"""Wagtail's screens stand in our frame, for those who edit the site."""

from __future__ import annotations

import pytest

PAGES = "/admin/content/pages/"


def test_wagtail_shows_our_side_and_not_its_own(mira, login):
    page = login(mira).get(PAGES, follow=True).content.decode()
    assert 'class="side"' in page and "console/wagtail.css" in page
    assert "data-wagtail-sidebar" not in page and "Wagtail 8" not in page


def test_wagtails_home_leads_to_today(mira, login):
    assert login(mira).get("/admin/content/").headers["Location"] == "/admin/"
    assert login(mira).get("/admin/content/account/").headers["Location"] == "/admin/settings/you/"


@pytest.mark.parametrize("place", ["pages/", "images/", "documents/", "redirects/"])
def test_a_marketer_edits_the_site_and_a_rep_does_not(place, marketer, dana, analyst, login):
    assert login(marketer).get(f"/admin/content/{place}", follow=True).status_code == 200
    assert login(dana).get(f"/admin/content/{place}").status_code == 403
    assert login(analyst).get(f"/admin/content/{place}").status_code == 403


def test_the_theme_is_the_one_the_person_chose(mira, login):
    mira.theme = "dark"
    mira.save()
    assert 'data-theme="dark"' in login(mira).get(PAGES, follow=True).content.decode()
