"""Who is who: the same person by another spelling, strangers kept apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handraiser.core.identity import rules
from handraiser.core.identity.actions import identifiers
from handraiser.core.journal.models import OutboxEvent
from handraiser.core.people.models import Identifier, Person

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)


def resolve(**known):
    return identifiers.resolve(at=NOW, how="form", **known)


def test_it_works(organisation):
    first = resolve(email="Ines@Halden.example.com", values={"first_name": "Ines"})
    again = resolve(email=" ines@halden.EXAMPLE.com ")
    assert first.created and not again.created and first.person == again.person


def test_an_open_form_overwrites_nothing(organisation):
    person = resolve(email="a@one.example.com", values={"first_name": "Ann"}).person
    resolve(email="a@one.example.com", values={"first_name": "Mallory", "job_title": "CFO"})
    person.refresh_from_db()
    assert (person.first_name, person.job_title) == ("Ann", "CFO")
    assert person.proposed == {"first_name": "Mallory"}


def test_two_addresses_with_one_number_stay_two_people(organisation):
    one = resolve(email="a@one.example.com", phone="020 7946 0018")
    other = resolve(email="b@one.example.com", phone="+44 20 7946 0018")
    assert one.person != other.person
    assert Identifier.objects.filter(kind="phone").count() == 1


def test_a_number_alone_finds_its_person(organisation):
    one = resolve(phone="020 7946 0018")
    assert resolve(phone="+442079460018").person == one.person


def test_people_without_an_email_are_legal(organisation):
    one = resolve(external=("olist", "abc"))
    assert resolve(external=("olist", "abc")).person == one.person
    assert resolve(external=("other", "abc")).person != one.person
    assert Person.objects.count() == 2


@given(st.text(max_size=300))
def test_a_normal_address_is_stable(text):
    once = rules.normal_email(text)
    assert rules.normal_email(once) == once and len(once) <= rules.EMAIL_MAX


@given(st.text(max_size=60), st.sampled_from(["GB", "DE", "US", "", "zz"]))
def test_any_number_is_read_or_refused(text, country):
    once = rules.normal_phone(text, country=country)
    assert once == "" or once.startswith("+")


_FEW = st.sampled_from
_ASKED = st.builds(
    identifiers.Asked,
    email=_FEW(["", "a@one.example.com", "A@one.example.com ", "b@two.example.com", "no address"]),
    phone=_FEW(["", "020 7946 0018", "+442079460018", "020 7946 0019"]),
    external=_FEW([None, ("crm", "1"), ("crm", "2"), ("shop", "1")]),
    values=st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()},
        _FEW([{}, {"first_name": "Ann"}, {"first_name": "Mallory"}]),
        _FEW(
            [
                {},
                {"company_name": "Halden"},
                {"company_name": "HALDEN ", "company_domain": "halden.example.com"},
                {"company_name": "Tarn", "company_domain": "tarn.example.com"},
            ]
        ),
    ),
)


def _known():
    """Everybody as far as it does not depend on chance: identifiers, values, employer, proposals."""
    return sorted(
        (
            sorted(person.identifiers.values_list("kind", "value")),
            person.first_name,
            person.email,
            person.phone,
            (person.company.name_key, person.company.domain) if person.company else ("", ""),
            sorted(person.proposed.items()),
        )
        for person in Person.objects.select_related("company")
    )


# A company that is made for one of them learns its domain from the next.
_HALDEN = [
    identifiers.Asked(values={"company_name": "Halden"}),
    identifiers.Asked(values={"company_name": "HALDEN ", "company_domain": "halden.example.com"}),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(_ASKED, max_size=3), batch=st.lists(_ASKED, min_size=1, max_size=6))
@example(before=[], batch=_HALDEN)
def test_many_at_once_are_the_same_as_one_by_one(organisation, before, batch):
    def outcome(resolve_batch):
        with transaction.atomic():
            for one in before:
                identifiers.resolve_all([one], at=NOW, how="form")
            created = [found.created for found in resolve_batch()]
            known = _known()
            facts = sorted(
                json.loads(row)["name"] for row in OutboxEvent.objects.values_list("payload", flat=True)
            )
            transaction.set_rollback(True)
        return created, known, facts

    together = outcome(lambda: identifiers.resolve_all(batch, at=NOW, how="form"))
    apart = outcome(lambda: [identifiers.resolve_all([one], at=NOW, how="form")[0] for one in batch])
    assert together == apart
