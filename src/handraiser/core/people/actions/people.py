"""Making and changing people. To find out whether somebody is known already, use `identity`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import PersonChanged, PersonCreated
from handraiser.core.people.models import Company, FieldDefinition, Person
from handraiser.kit import clock, ids
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


def company_named(*, name: str, domain: str = "", at: datetime) -> Company | None:
    """The company of this domain, else of this name; made if new. None when neither is given."""
    name, domain = name.strip(), domain.strip().lower()
    if not name and not domain:
        return None
    found = Company.objects.filter(domain=domain).first() if domain else None
    found = found or Company.objects.filter(name__iexact=name).order_by("id").first() if name else found
    return found or Company.objects.create(name=name or domain, domain=domain, created_at=at)


@transaction.atomic
def create(
    *,
    at: datetime,
    how: str,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    phone: str = "",
    job_title: str = "",
    company_name: str = "",
    company_domain: str = "",
    country: str = "",
    time_zone: str = "",
    attributes: dict[str, Any] | None = None,
    by: str = "",
) -> Person:
    """Make a person and announce it. Does not look for duplicates: `identifiers.resolve` does."""
    person = Person.objects.create(
        id=ids.new("person", at_ms=clock.ms(at)),
        first_name=first_name,
        last_name=last_name,
        email=email,
        phone=phone,
        job_title=job_title,
        company=company_named(name=company_name, domain=company_domain, at=at),
        country=country,
        time_zone=time_zone,
        attributes=attributes or {},
        created_at=at,
    )
    outbox.publish(PersonCreated(how=how, email=email, phone=phone), at=at, person=person.id)
    return person


@transaction.atomic
def change(
    *, person: Person, values: dict[str, Any], at: datetime, by: str = "", proven: bool = False
) -> list[str]:
    """Set attributes; returns the names of those that changed.

    Keys are those of FIELDS, `company_name`, `company_domain`, or keys of custom person fields. An unproven
    value (an open form can be filled in by anybody) never overwrites: it is kept in `proposed`. Empty values
    are no information and are passed over unless proven. Raises DomainError("unknown_field").
    """
    custom = {f.key: f for f in FieldDefinition.objects.filter(entity="person")}
    unknown = set(values) - set(FIELDS) - {"company_name", "company_domain"} - set(custom)
    if unknown:
        raise DomainError("unknown_field", f"There is no person field {', '.join(sorted(unknown))}.")
    person = Person.objects.select_for_update(of=("self",)).select_related("company").get(id=person.id)
    changed: list[str] = []
    for key, value in values.items():
        if key in ("company_name", "company_domain") or (value in ("", None) and not proven):
            continue
        old = getattr(person, key) if key in FIELDS else person.attributes.get(key, "")
        if old == value:
            continue
        if old not in ("", None) and not proven:
            person.proposed = {**person.proposed, key: value}
            continue
        if key in FIELDS:
            setattr(person, key, value)
        else:
            person.attributes = {**person.attributes, key: value}
        changed.append(key)
    name = str(values.get("company_name") or "")
    domain = str(values.get("company_domain") or "")
    if (name or domain) and (proven or person.company is None):
        company = company_named(name=name, domain=domain, at=at)
        if company != person.company:
            person.company = company
            changed.append("company")
    person.save()
    for key in changed:
        hidden = FIELDS.get(key, key in custom and custom[key].personal)
        value = person.company_id if key == "company" else values[key]
        outbox.publish(
            PersonChanged(
                field_name=key,
                value=None if hidden else value,
                value_hash=outbox.personal_hash(str(value)) if hidden and value else None,
                by=by,
            ),
            at=at,
            person=person.id,
        )
    return changed
