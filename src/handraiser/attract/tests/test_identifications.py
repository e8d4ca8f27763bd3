"""What `identify` told the collector becomes the person's; a claim from a page changes nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings

from handraiser.attract.actions.identifications import apply_waiting
from handraiser.attract.models import Identification
from handraiser.core.identity.models import VisitorLink
from handraiser.core.people.models import Person
from handraiser.kit.visitors import user_subject

AT = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
TRAITS = {
    "email": "Rosa@Tarn.example.com",
    "name": "Rosa Lindqvist",
    "company": {"name": "Tarn Energy"},
    "x": [],
}


def told(number: int, *, trusted: bool = True, **fields) -> Identification:
    values = {"user_id": "u1", "visitor": "anon-1234", "traits": TRAITS, **fields}
    return Identification.objects.create(
        message_id=f"i{number}", key_id="key_1", trusted=trusted, identified_at=AT, received_at=AT, **values
    )


def test_a_server_names_a_person(organisation):
    told(1)
    told(2, traits={"title": "Marketing Director"}, visitor="anon-5678")
    assert apply_waiting(AT) == 2
    (person,) = Person.objects.all()
    assert (person.name, person.job_title, person.company.name) == (
        "Rosa Lindqvist",
        "Marketing Director",
        "Tarn Energy",
    )
    assert set(VisitorLink.objects.values_list("visitor", flat=True)) == {
        "anon-1234",
        "anon-5678",
        user_subject("u1", secret=settings.SECRET_KEY),
    }
    assert set(Identification.objects.values_list("person_id", flat=True)) == {person.id}
    assert all(row.traits == {} for row in Identification.objects.all())
    assert apply_waiting(AT) == 0


def test_a_claim_from_a_page_changes_nobody_and_is_forgotten(organisation):
    told(1, trusted=False)
    assert apply_waiting(AT) == 0
    assert not Person.objects.exists() and not VisitorLink.objects.exists()
    apply_waiting(AT + timedelta(days=31))
    assert not Identification.objects.exists()


def test_nobody_named_is_said(organisation):
    told(1, user_id="", traits={"plan": "team"})
    apply_waiting(AT)
    assert Identification.objects.get().error == "nobody named"
