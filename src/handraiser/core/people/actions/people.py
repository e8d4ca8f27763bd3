"""Making and changing people. To find out whether somebody is known already, use `identity`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import PersonChanged, PersonCreated
from handraiser.core.people.actions import companies
from handraiser.core.people.models import FieldDefinition, Person
from handraiser.kit import clock, ids, rows
from handraiser.kit.errors import DomainError

# Attributes that a form, an import or a person at the desk may set; True: personal, hashed in the journal.
FIELDS: dict[str, bool] = {
    "first_name": True,
    "last_name": True,
    "email": True,
    "phone": True,
    "job_title": False,
    "country": False,
    "time_zone": False,
}
_COMPANY = ("company_name", "company_domain")


def create(*, at: datetime, how: str, **values: Any) -> Person:
    """Make one person; see `create_all`."""
    return create_all({ids.new("person", at_ms=clock.ms(at)): values}, at=at, how=how)[0]


@rows.joined
def create_all(newcomers: Mapping[str, Mapping[str, Any]], *, at: datetime, how: str) -> list[Person]:
    """Make people of values by new id, and announce them. Does not look for duplicates: `identifiers.resolve` does.

    Keys are those of FIELDS, `company_name`, `company_domain`, and custom person fields.
    """
    employers = companies.named([_employer(values) for values in newcomers.values()], at=at)
    people = [
        Person(
            id=person_id,
            company_id=employers.get(_employer(values)),
            attributes={
                key: value
                for key, value in values.items()
                if key not in FIELDS and key not in _COMPANY and value not in ("", None)
            },
            created_at=at,
            **{key: value for key, value in values.items() if key in FIELDS},
        )
        for person_id, values in newcomers.items()
    ]
    rows.insert(people)
    outbox.publish_all(
        [
            outbox.prepare(
                PersonCreated(how=how, email=person.email, phone=person.phone), at=at, person=person.id
            )
            for person in people
        ]
    )
    return people


def _employer(values: Mapping[str, Any]) -> companies.Named:
    return str(values.get("company_name") or ""), str(values.get("company_domain") or "")


def locked(person_ids: Iterable[str]) -> dict[str, Person]:
    """These people by id, as they are now, kept from every other transaction until ours ends."""
    return Person.objects.select_for_update().in_bulk(list(person_ids))


@transaction.atomic
def change(
    *, person: Person, values: Mapping[str, Any], at: datetime, by: str = "", proven: bool = False
) -> list[str]:
    """Set attributes of one person; returns the names of those that changed. See `change_all`."""
    fresh = locked([person.id])[person.id]
    return change_all([(fresh, values)], at=at, by=by, proven=proven)[0]


def change_all(
    changes: Sequence[tuple[Person, Mapping[str, Any]]], *, at: datetime, by: str = "", proven: bool = False
) -> list[list[str]]:
    """Set attributes of `locked` people, in order; returns for each the names of those that changed.

    Keys are those of FIELDS, `company_name`, `company_domain`, or keys of custom person fields. An unproven
    value (an open form can be filled in by anybody) never overwrites: it is kept in `proposed`. Empty values
    are no information and are passed over unless proven. Raises DomainError("unknown_field").
    """
    others = {key for _, values in changes for key in values} - FIELDS.keys() - set(_COMPANY)
    custom: dict[str, bool] = {}
    if others:
        custom = dict(FieldDefinition.objects.filter(entity="person").values_list("key", "personal"))
    if unknown := others - custom.keys():
        raise DomainError("unknown_field", f"There is no person field {', '.join(sorted(unknown))}.")
    moved, told = [], []
    employed = {person.id for person, _ in changes if person.company_id}
    for person, values in changes:
        employer = _employer(values)
        if proven or (any(employer) and person.id not in employed):
            moved.append(employer)
            employed.add(person.id)
        elif all(employer):
            told.append(employer)
    employers = companies.named(moved, at=at)
    companies.call(told, at=at)
    touched: dict[str, Person] = {}
    changed: list[list[str]] = []
    events = []
    for person, values in changes:
        names = [key for key, value in values.items() if _set(person, key, value, proven=proven)]
        company = employers.get(_employer(values))
        if company and company != person.company_id and (proven or not person.company_id):
            person.company_id = company
            names.append("company")
        touched[person.id] = person
        changed.append(names)
        for name in names:
            hidden = FIELDS.get(name, custom.get(name, False))
            value = person.company_id if name == "company" else values[name]
            fact = PersonChanged(
                field_name=name,
                value=None if hidden else value,
                value_hash=outbox.personal_hash(str(value)) if hidden and value else None,
                by=by,
            )
            events.append(outbox.prepare(fact, at=at, person=person.id))
    rows.update(list(touched.values()), [*FIELDS, "company", "attributes", "proposed"])
    outbox.publish_all(events)
    return changed


def _set(person: Person, key: str, value: Any, *, proven: bool) -> bool:
    """Set one attribute, or keep it as a proposal; True if the person changed."""
    if key in _COMPANY or (value in ("", None) and not proven):
        return False
    old = getattr(person, key) if key in FIELDS else person.attributes.get(key, "")
    if old == value:
        return False
    if old not in ("", None) and not proven:
        person.proposed = {**person.proposed, key: value}
        return False
    if key in FIELDS:
        setattr(person, key, value)
    else:
        person.attributes = {**person.attributes, key: value}
    return True
