"""The settings screens: who may open them, and what saving does."""

from __future__ import annotations

import pytest

from handraiser.core.staff.models import AuditEntry, Organisation, User
from handraiser.core.staff.queries import getting_ready

OWNERS_ONLY = ("organisation", "mail", "staff", "staff/invite", "keys", "keys/new", "audit", "setup")
EDITORS = ("journal", "fields", "fields/new")


@pytest.mark.parametrize("place", OWNERS_ONLY + EDITORS)
def test_settings_open_for_the_right_roles(place, mira, marketer, dana, analyst, login):
    url = f"/admin/settings/{place}/"
    assert login(mira).get(url).status_code == 200
    assert login(marketer).get(url).status_code == (200 if place in EDITORS else 403)
    assert login(dana).get(url).status_code == 403
    assert login(analyst).get(url).status_code == 403


def test_everybody_has_a_profile(dana, login):
    browser = login(dana)
    page = browser.post(
        "/admin/settings/you/",
        {
            "name": "Dana O.",
            "theme": "dark",
            "density": "compact",
            "time_zone": "America/New_York",
            "notify_by_email": "on",
        },
    )
    assert page.status_code == 302
    row = User.objects.get(pk=dana.pk)
    assert (row.name, row.theme, row.density, row.keys) == ("Dana O.", "dark", "compact", False)
    shown = browser.get("/admin/settings/you/").content.decode()
    assert 'data-theme="dark"' in shown and 'data-keys="off"' in shown


def test_saving_the_organisation_is_written_down(mira, login):
    values = {
        "name": "Northlight",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "country": "de",
        "postal_address": "1 Example Street",
        "brand_hue": "#0c6b58",
    }
    assert login(mira).post("/admin/settings/organisation/", values).status_code == 302
    row = Organisation.get()
    assert (row.time_zone, row.currency, row.country) == ("Europe/Berlin", "EUR", "DE")
    assert "time_zone" in AuditEntry.objects.get(action="organisation.changed").detail
    bad = login(mira).post(
        "/admin/settings/organisation/", {**values, "country": "Germany", "brand_hue": "red"}
    )
    assert bad.status_code == 422


def test_getting_ready_counts_what_is_done(db, mira):
    done = {step.label: step.done for step in getting_ready()}
    assert done["Name your organisation"] and not done["Send a test mail"]
    assert len(done) == 5
