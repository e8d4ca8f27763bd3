"""Segments on screen: from a starter to a saved segment, its people, and why somebody is out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handraiser.core.audience.actions import segments
from handraiser.core.audience.models import Membership, Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import editing
from handraiser.core.audience.rules.vocabulary import ATTRIBUTES, Catalogue
from handraiser.core.delivery.actions import suppressions
from handraiser.core.identity.actions import identifiers
from handraiser.core.people.models import Person
from handraiser.nurture.rules.segments import STARTERS

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
LIST = "/admin/nurture/segments/"
KNOWN = Catalogue(ATTRIBUTES, {"segment_1": "Customers"}, {"marketing": "News"})
HTMX = {"HTTP_HX_REQUEST": "true"}


def known(email: str, **values) -> Person:
    return identifiers.resolve(at=NOW, how="hand", email=email, values=values, proven=True).person


@pytest.fixture
def as_marketer(marketer, login):
    return login(marketer)


def of_country(*countries: str) -> c.Definition:
    return c.Definition(c.AllOf((c.Attribute("person.country", "is", countries),)))


def saved(name: str, definition: c.Definition) -> Segment:
    made = segments.create(name=name, at=NOW)
    segments.save(segment=made, definition=definition, at=NOW)
    return made


def typed(definition: c.Definition, **more) -> dict:
    """What the browser sends of these conditions."""
    fields: dict = {"without": list(definition.without), "name": "Germans"}
    for path, node in c.walk(definition.match):
        fields[editing.name(path, "what")] = fields[editing.name(path, "was")] = editing.what(node)
        if isinstance(node, c.Attribute):
            fields |= {
                editing.name(path, "test"): node.test,
                editing.name(path, "values"): ", ".join(node.values),
            }
    return fields | more


def test_the_list_begins_with_starters(as_marketer):
    page = as_marketer.get(LIST).content.decode()
    assert all(starter.name in page for starter in STARTERS.values())
    answer = as_marketer.post(f"{LIST}create/", {"starter": "quiet"}, follow=True)
    [made] = Segment.objects.all()
    assert made.drafted == STARTERS["quiet"].definition
    assert "Opened email" in answer.content.decode()


def test_a_segment_is_typed_counted_and_saved(as_marketer):
    anna, carl = known("anna@x.example.com", country="DE"), known("carl@x.example.com", country="FR")
    as_marketer.post(f"{LIST}create/", {"name": "Germans"})
    [made] = Segment.objects.all()
    here = f"{LIST}{made.id}/"
    part = as_marketer.post(f"{here}draft/", typed(of_country("de")), **HTMX).content.decode()
    assert "alone: 1" in part and "would be in" in part and anna.email.split("@")[0] in part
    assert not Membership.objects.exists()
    as_marketer.post(f"{here}draft/", typed(of_country("de"), do="save"))
    assert [row.person for row in Membership.objects.all()] == [anna]
    page = as_marketer.get(here).content.decode()
    assert anna.email in page and carl.email not in page and "Country is de" in page


def test_who_is_suppressed_is_asked_for_with_the_reasons_that_are_ticked(as_marketer):
    anna = known("anna@x.example.com")
    known("carl@x.example.com")
    suppressions.add(email=anna.email, reason="bounced", scope="all", at=NOW)
    made = saved("Bounced", of_country("DE"))
    here = f"{LIST}{made.id}/"
    asked = c.Definition(c.AllOf((c.Listed("suppressed", True, ("bounced", "complained")),)))
    told = {"c.0.on": "yes", "c.0.values": ["bounced", "complained"]}
    part = as_marketer.post(f"{here}draft/", typed(asked) | told, **HTMX).content.decode()
    assert "alone: 1" in part and 'value="bounced" checked' in part and 'value="manual" checked' not in part
    made.refresh_from_db()
    assert made.drafted == asked
    as_marketer.post(f"{here}draft/", typed(asked, do="save") | told)
    page = as_marketer.get(here).content.decode()
    assert anna.email in page and "Suppressed: bounced or complained" in page


def test_a_change_of_a_live_segment_says_who_moves_before_it_is_saved(as_marketer):
    known("anna@x.example.com", country="DE", first_name="Anna")
    known("carl@x.example.com", country="FR", first_name="Carl")
    made = saved("Germans", of_country("DE"))
    part = as_marketer.post(f"{LIST}{made.id}/draft/", typed(of_country("FR")), **HTMX).content.decode()
    assert "When you save" in part and "In: Carl" in part and "Out: Anna" in part
    as_marketer.post(f"{LIST}{made.id}/draft/", typed(of_country("FR"), do="save"))
    as_marketer.post(f"{LIST}{made.id}/versions/1/again/")
    assert [row.person.first_name for row in Membership.objects.all()] == ["Anna"]


def test_buttons_add_and_remove(as_marketer):
    made = segments.create(name="Germans", at=NOW, draft=of_country("DE"))
    here = f"{LIST}{made.id}/draft/"
    as_marketer.post(here, typed(of_country("DE"), do="add::any"), **HTMX)
    made.refresh_from_db()
    grown = made.drafted
    assert grown.match == c.AllOf((*of_country("DE").match.of, c.AnyOf((c.Attribute("person.country"),))))
    as_marketer.post(here, typed(grown, do="add:1:performed:delivery.email_opened"), **HTMX)
    made.refresh_from_db()
    assert made.drafted.match.of[1].of[1] == c.Performed("delivery.email_opened", days=30)
    as_marketer.post(here, typed(grown, do="remove:1"), **HTMX)
    made.refresh_from_db()
    assert made.drafted == of_country("DE")


def test_what_cannot_be_is_refused_beside_it(as_marketer):
    made = segments.create(name="Germans", at=NOW)
    answer = as_marketer.post(f"{LIST}{made.id}/draft/", typed(of_country(), do="save"))
    assert answer.status_code == 422
    assert "Say which value it must have." in answer.content.decode()
    made.refresh_from_db()
    assert made.definition is None


def test_a_circle_is_refused_with_the_way_around(as_marketer):
    one = saved("One", of_country("DE"))
    two = saved("Two", c.Definition(c.AllOf((c.InSegment(one.id),))))
    circle = typed(c.Definition(of_country("DE").match, (two.id,)), do="save", name="One")
    answer = as_marketer.post(f"{LIST}{one.id}/draft/", circle)
    assert "One asks about Two asks about One" in answer.content.decode()
    answer = as_marketer.post(f"{LIST}{one.id}/archive/")
    assert answer.status_code == 409


def test_a_person_is_checked(as_marketer):
    anna = known("anna@x.example.com", country="FR", first_name="Anna")
    known("annabel@x.example.com", country="DE", first_name="Annabel")
    made = saved("Germans", of_country("DE"))
    here = f"{LIST}{made.id}/check/"
    assert "Who of them?" in as_marketer.get(here, {"person": "Anna"}, **HTMX).content.decode()
    part = as_marketer.get(here, {"person": anna.id}, **HTMX).content.decode()
    assert "Out: not country is DE" in part
    assert "Nobody is known by" in as_marketer.get(here, {"person": "zzz"}).content.decode()


def test_export_holds_everybody_and_no_formula(as_marketer):
    known("anna@x.example.com", country="DE", job_title="=HYPERLINK()")
    known("carl@x.example.com", country="DE")
    made = saved("Germans", of_country("DE"))
    lines = b"".join(as_marketer.get(f"{LIST}{made.id}/export/")).decode().splitlines()
    assert len(lines) == 3 and sum(",'=HYPERLINK()," in line for line in lines) == 1


def test_an_analyst_reads_and_changes_nothing(analyst, login):
    made = saved("Germans", of_country("DE"))
    client = login(analyst)
    page = client.get(f"{LIST}{made.id}/edit/").content.decode()
    assert "Save segment" not in page
    assert client.post(f"{LIST}{made.id}/draft/", typed(of_country("FR"))).status_code == 403


def test_archiving_is_taken_back(as_marketer):
    made = saved("Germans", of_country("DE"))
    as_marketer.post(f"{LIST}{made.id}/archive/")
    assert "No segment yet" in as_marketer.get(LIST).content.decode()
    assert "Germans" in as_marketer.get(f"{LIST}?archived=1").content.decode()
    as_marketer.post(f"{LIST}{made.id}/unarchive/")
    assert "Germans" in as_marketer.get(LIST).content.decode()


@pytest.mark.parametrize("starter", STARTERS)
def test_every_starter_can_be_saved(db, starter):
    made = segments.create(name=starter, at=NOW)
    assert segments.problems(made, STARTERS[starter].definition) == []


@pytest.mark.parametrize(
    "asked",
    [
        "attribute:person.created_at", "attribute:company.employees", "performed:attract.event_tracked",
        "last:delivery.email_opened", "score:points", "score:grade", "score:temperature", "stage", "consent",
        "segment", "listed:suppressed", "bucket", "any", "none",
    ],
)  # fmt: skip
def test_what_is_asked_anew_begins_with_something_that_can_be_read(asked):
    made = editing.fresh(asked, KNOWN)
    assert editing.what(made) == asked
    changed = {"c.what": ["all"], "c.0.what": [asked], "c.0.was": ["attribute:person.country"]}
    if asked not in ("any", "none"):
        assert editing.read(changed, KNOWN).match.of == (made,)
