"""Adding and changing people by hand: what staff type is proven, unlike what a stranger types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from handraiser.core.identity import rules
from handraiser.core.identity.actions import identifiers
from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import LeadChanged
from handraiser.core.people.actions import leads, notes, people
from handraiser.core.people.models import Identifier, Lead, Person
from handraiser.core.staff.models import Organisation, User
from handraiser.kit.errors import DomainError


@dataclass(frozen=True)
class Known:
    """Somebody who fits what was typed. `lead`: one that the asker may see; else `owner` says whose it is."""

    person: Person
    certain: bool
    lead: Lead | None
    owner: str


def known(*, values: dict[str, Any], by: User) -> list[Known]:
    """Who this could be: certain by email or phone, a guess by the same name in the same company."""
    country = Organisation.get().country
    email = rules.normal_email(str(values.get("email", "")))
    phone = rules.normal_phone(str(values.get("phone", "")), country=country)
    sure = Q(kind="email", value=email) if email else Q(pk=None)
    if phone:
        sure |= Q(kind="phone", value=phone)
    certain = list(Identifier.objects.filter(sure).values_list("person_id", flat=True))
    alike = Q(id__in=certain)
    if values.get("last_name") and values.get("company_name"):
        alike |= Q(
            first_name__iexact=values.get("first_name", ""),
            last_name__iexact=values["last_name"],
            company__name__iexact=values["company_name"],
        )
    found = []
    for person in Person.objects.filter(alike, erased_at=None).select_related("company")[:5]:
        theirs = Lead.objects.filter(person=person).select_related("owner")
        theirs = theirs.order_by(F("closed_at").asc(nulls_first=True), "-opened_at")
        lead = theirs.visible_to(by).first()
        other = theirs.exclude(owner=None).first()
        owner = other.owner.name if lead is None and other and other.owner else ""
        found.append(Known(person, person.id in certain, lead, owner))
    return sorted(found, key=lambda one: not one.certain)


@transaction.atomic
def add(
    *, values: dict[str, Any], raised_with: str, owner: User | None, note: str, by: User, at: datetime
) -> tuple[Lead, bool]:
    """Add a lead by hand, or attach to the open one of somebody known. Returns (lead, created).

    Raises DomainError("nobody") without a name, address or number, ("email") or ("phone") for what is none,
    and ("not_yours") when the person's lead is a colleague's.
    """
    _check(values)
    for one in known(values=values, by=by):
        if one.certain and one.lead is None and one.owner:
            raise DomainError(
                "not_yours",
                f"We know this person: the lead belongs to {one.owner}. Ask them for it.",
                kind="refused",
            )
    person = identifiers.resolve(
        at=at,
        how="hand",
        email=str(values.get("email", "")),
        phone=str(values.get("phone", "")),
        values={key: value for key, value in values.items() if value and key not in ("email", "phone")},
        by=str(by.id),
        proven=True,
    ).person
    touch = {"channel": "offline", "source": "by hand"}
    lead, created = leads.open(
        person=person, at=at, how="hand", raised_with=raised_with, touch=touch, activity="Added by hand"
    )
    if created and owner is not None:
        leads.assign(lead=lead, owner=owner, at=at, why="added by hand", by=str(by.id))
    if note.strip():
        notes.add(person=person, lead=lead, author=by, text=note, at=at)
    return lead, created


def _check(values: dict[str, Any]) -> None:
    email, phone = str(values.get("email") or ""), str(values.get("phone") or "")
    if not any([email, phone, values.get("first_name"), values.get("last_name")]):
        raise DomainError("nobody", "Give at least a name, an email address or a phone number.")
    if email and not rules.normal_email(email):
        sentence = "This address has no @." if "@" not in email else "This address is not complete."
        raise DomainError("email", f"{sentence} Example: ana@company.example.com", field="email")
    if phone and not rules.normal_phone(phone, country=Organisation.get().country):
        raise DomainError("phone", "This number cannot be called. Example: +44 20 7946 0018", field="phone")


@transaction.atomic
def change(*, person: Person, values: dict[str, Any], by: User, at: datetime) -> list[str]:
    """Change what is known of a person; returns the names of the fields that changed.

    A new address or number finds the person from now on; the old one still does. Raises
    DomainError("belongs_to_other") when somebody else has it.
    """
    _check({**values, "last_name": values.get("last_name") or person.last_name or "-"})
    country = Organisation.get().country
    values = dict(values)
    wanted = {}
    if values.get("email"):
        wanted["email"] = values["email"] = rules.normal_email(values["email"])
    if values.get("phone"):
        wanted["phone"] = values["phone"] = rules.normal_phone(values["phone"], country=country)
    for kind, value in wanted.items():
        row, _ = Identifier.objects.get_or_create(
            kind=kind, value=value, defaults={"person": person, "created_at": at}
        )
        if row.person_id != person.id:
            raise DomainError(
                "belongs_to_other",
                f"Somebody else has this {'address' if kind == 'email' else 'number'}. Search for it.",
                kind="conflict",
                field=kind,
            )
    return people.change(person=person, values=values, at=at, by=str(by.id), proven=True)


@transaction.atomic
def change_lead_fields(*, lead: Lead, values: dict[str, Any], at: datetime) -> None:
    """Set custom fields of a lead."""
    fresh = Lead.objects.select_for_update().get(id=lead.id)
    Lead.objects.filter(id=lead.id).update(attributes={**fresh.attributes, **values})
    outbox.publish(LeadChanged(fields=sorted(values)), at=at, person=lead.person_id, lead=lead.id)
