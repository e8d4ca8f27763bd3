"""The screens of Attract: what they show, who may change what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.attract.actions import links
from handraiser.attract.models import Conversion, Link, PageSeen, Visit
from handraiser.core.journal.live import journal
from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

FIELDS = {
    "url": "https://northlight.example.com/playbook/?page=2&utm_source=old",
    "source": "LinkedIn",
    "medium": "Social",
    "campaign": "Fridays back!",
}


@pytest.fixture
def visits(db):
    """Ten visits to the playbook, two forms sent."""
    at = clock.now() - timedelta(days=1)
    for number in range(10):
        visit = Visit.objects.create(
            visitor=f"v_{number}",
            started_at=at,
            last_at=at,
            channel="paid_search",
            source="google",
            medium="cpc",
            campaign="fridays",
            landing_path="/playbook/",
        )
        PageSeen.objects.create(visit=visit, path="/playbook/", at=at)
    for number in range(2):
        Conversion.objects.create(
            message_id=f"s{number}", path="/playbook/", intent="magnet", form="f", at=at
        )


def test_overview_answers_with_visits_channels_and_pages(visits, analyst, login):
    today = clock.ms(clock.now()) // DAY_MS
    journal().note_drops({(today, "attract.page_viewed", "foreign_page"): 7})
    page = login(analyst).get("/admin/attract/").content.decode()
    assert "10 visits in 28 days" in page
    assert "Paid search" in page and "/playbook/" in page
    assert "likely" in page and "n 10" in page
    assert "The page is not on a site of this organisation." in page


def test_empty_overview_names_the_next_click(mira, login):
    page = login(mira).get("/admin/attract/").content.decode()
    assert "No visits yet" in page and 'href="/admin/attract/pages/"' in page


def test_sources(visits, marketer, login):
    page = login(marketer).get("/admin/attract/sources/?days=7").content.decode()
    assert "fridays" in page and "cpc" in page
    assert login(marketer).get("/admin/attract/sources/?days=x").status_code == 200


def test_pages_lead_into_the_editor(mira, login):
    page = login(mira).get("/admin/attract/pages/").content.decode()
    assert "/admin/content/pages/" in page


def test_a_link_is_built_and_kept_in_one_spelling(marketer, login, visits):
    answer = login(marketer).post("/admin/attract/links/keep/", FIELDS)
    assert answer.status_code == 302
    link = Link.objects.get()
    assert link.url == (
        "https://northlight.example.com/playbook/?page=2&utm_source=linkedin&utm_medium=social"
        "&utm_campaign=fridays_back"
    )
    assert "fridays_back" in login(marketer).get("/admin/attract/links/").content.decode()
    login(marketer).post(f"/admin/attract/links/{link.id}/forget/")
    assert not Link.objects.exists()


def test_what_is_missing_is_said_beside_the_field(marketer, login):
    answer = login(marketer).post("/admin/attract/links/keep/", FIELDS | {"url": "northlight"})
    assert answer.status_code == 422
    assert "This is not a full address" in answer.content.decode()
    with pytest.raises(DomainError, match="Needed"):
        links.keep(**FIELDS | {"campaign": "!!"}, at=clock.now())


def test_who_reads_may_not_change(analyst, dana, login):
    assert login(analyst).get("/admin/attract/links/").status_code == 200
    assert login(analyst).post("/admin/attract/links/keep/", FIELDS).status_code == 403
    assert login(dana).get("/admin/attract/").status_code == 403
