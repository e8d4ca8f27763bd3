"""Finding the person behind an address, a number or an id of another system; making them if new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from handraiser.core.identity import rules
from handraiser.core.people.actions import people
from handraiser.core.people.models import Identifier, Person
from handraiser.core.staff.models import Organisation


@dataclass(frozen=True)
class Resolved:
    """Who it is, and whether they were new."""

    person: Person
    created: bool


@transaction.atomic
def resolve(
    *,
    at: datetime,
    how: str,
    email: str = "",
    phone: str = "",
    external: tuple[str, str] | None = None,
    values: dict[str, Any] | None = None,
    by: str = "",
    proven: bool = False,
) -> Resolved:
    """Find a person by normalised email, then external id, then phone; make them if nobody fits.

    A phone alone joins only when no email speaks against it: families and offices share numbers. `values` go
    through `people.change`, so an unproven form fills gaps and overwrites nothing. New identifiers are added to
    whoever was found, unless somebody else holds them.
    """
    country = Organisation.get().country
    normal = {
        "email": rules.normal_email(email),
        "phone": rules.normal_phone(phone, country=country),
    }
    if external and external[1]:
        normal[f"external:{external[0]}"] = external[1].strip()
    wanted = {kind: value for kind, value in normal.items() if value}
    try:
        with transaction.atomic():
            return _resolve(wanted, at=at, how=how, values=dict(values or {}), by=by, proven=proven)
    except IntegrityError:
        # Somebody made the same person a moment ago: now they can be found.
        return _resolve(wanted, at=at, how=how, values=dict(values or {}), by=by, proven=proven)


def _resolve(
    wanted: dict[str, str], *, at: datetime, how: str, values: dict[str, Any], by: str, proven: bool
) -> Resolved:
    held = {
        kind: Identifier.objects.filter(kind=kind, value=value).select_related("person").first()
        for kind, value in wanted.items()
    }
    order = ["email", *(kind for kind in wanted if kind.startswith("external:")), "phone"]
    found = next((held[kind] for kind in order if held.get(kind)), None)
    if (
        found is not None
        and found.kind == "phone"
        and "email" in wanted
        and Identifier.objects.filter(person=found.person, kind="email").exists()
    ):
        found = None
    if "email" in wanted:
        values.setdefault("email", wanted["email"])
    if "phone" in wanted:
        values.setdefault("phone", wanted["phone"])
    if found is None:
        fixed = {*people.FIELDS, "company_name", "company_domain"}
        person = people.create(
            at=at,
            how=how,
            by=by,
            attributes={key: value for key, value in values.items() if key not in fixed and value != ""},
            **{key: value for key, value in values.items() if key in fixed},
        )
    else:
        person = found.person
        people.change(person=person, values=values, at=at, by=by, proven=proven)
        person.refresh_from_db()
    Identifier.objects.bulk_create(
        Identifier(kind=kind, value=value, person=person, created_at=at)
        for kind, value in wanted.items()
        if held[kind] is None
    )
    return Resolved(person=person, created=found is None)
