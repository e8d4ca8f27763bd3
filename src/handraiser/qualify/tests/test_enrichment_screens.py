"""The panel on the lead page and the settings of the sources."""

from __future__ import annotations

import pytest

from handraiser.core.people.actions import leads, people
from handraiser.qualify.actions import sources
from handraiser.qualify.models import Check, Source
from handraiser.qualify.tests.conftest import NOON
from handraiser.qualify.tests.servers import Service, running

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Firmlist",
    "about": "domain",
    "url": "https://firmlist.example.com/{domain}",
    "header": "X-Api-Key",
    "secret": "k3y",
    "quota": "100",
    "budget_ms": "1000",
    "keep_days": "30",
    "place_company_name": "/data/name",
    "place_job_title": "/ignored/of/a/domain",
}


@pytest.fixture
def lead(settle, organisation):
    person = people.create(at=NOON, how="api", email="info@mailinator.com", phone="+442079460017")
    lead, _ = leads.open(person=person, at=NOON, how="api", raised_with="A demo")
    settle(at=NOON)
    return lead


def test_the_lead_page_shows_what_was_found_out(lead, mira, login):
    page = login(mira).get(f"/admin/leads/{lead.id}/").content.decode()
    for words in ("Checked", "mailinator.com is a throw-away mail service.", "A fixed number of GB."):
        assert words in page
    assert "Likely, from the phone number." in page and "Look again" in page


def test_looking_again_shows_the_panel(lead, mira, login):
    url = f"/admin/qualify/checked/{lead.id}/"
    Check.objects.all().delete()
    client = login(mira)
    panel = client.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "Looked again" in panel and "<html" not in panel
    assert "within the last minute" in client.post(url).content.decode()


def test_a_rep_looks_again_only_at_what_they_see(lead, dana, ben, login):
    leads.assign(lead=lead, owner=ben, at=NOON)
    assert login(dana).post(f"/admin/qualify/checked/{lead.id}/").status_code == 404


def test_a_source_is_made_changed_and_switched(mira, login):
    client = login(mira)
    assert client.post("/admin/qualify/enrichment/new/", FORM).status_code == 302
    row = Source.objects.get(name="Firmlist")
    assert row.fields == {"company_name": "/data/name"} and not row.is_on
    page = client.get(f"/admin/qualify/enrichment/{row.id}/").content.decode()
    assert "k3y" not in page and row.secret_sealed not in page and "One is stored" in page
    assert client.post(f"/admin/qualify/enrichment/{row.id}/", FORM | {"quota": "7"}).status_code == 302
    client.post(f"/admin/qualify/enrichment/{row.id}/switch/", {"on": "1"})
    row.refresh_from_db()
    assert (row.quota, row.is_on) == (7, True)
    assert "0 of 7" in client.get("/admin/qualify/enrichment/").content.decode()


def test_a_wrong_form_says_what_is_wrong(mira, login):
    answer = login(mira).post("/admin/qualify/enrichment/new/", FORM | {"url": "https://x.example.com/"})
    assert answer.status_code == 422 and "{domain}" in answer.content.decode()
    assert not Source.objects.filter(name="Firmlist").exists()


def test_a_source_is_tried(mira, login, settings):
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    with running(Service) as service:
        service.tells("/halden.example.com", {"data": {"name": "Halden <b>Foods</b>"}})
        client = login(mira)
        client.post("/admin/qualify/enrichment/new/", FORM | {"url": service.url + "/{domain}"})
        row = Source.objects.get(name="Firmlist")
        url = f"/admin/qualify/enrichment/{row.id}/try/"
        page = client.post(url, {"subject": "halden.example.com"}).content.decode()
        assert "Found" in page and "Halden &lt;b&gt;Foods" in page
        assert client.post(url, {"subject": "ines@halden.example.com"}).status_code == 422
        assert len(service.asked) == 1


def test_only_the_owner_sees_settings_of_a_source(marketer, analyst, dana, login):
    sources.dns(at=NOON)
    for user in (marketer, analyst):
        assert login(user).get("/admin/qualify/enrichment/").status_code == 200
        assert login(user).get("/admin/qualify/enrichment/new/").status_code == 403
    assert login(dana).get("/admin/qualify/enrichment/").status_code == 403
