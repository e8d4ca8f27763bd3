"""Applying what servers told through `identify`."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from handraiser.attract.models import Identification
from handraiser.core.identity.actions import identifiers, visitors
from handraiser.core.people.models import FieldDefinition
from handraiser.kit.visitors import user_subject

log = logging.getLogger(__name__)

_FIELDS = {
    "email": "email",
    "phone": "phone",
    "firstName": "first_name",
    "first_name": "first_name",
    "lastName": "last_name",
    "last_name": "last_name",
    "title": "job_title",
    "jobTitle": "job_title",
    "job_title": "job_title",
}
_CLAIMS_KEPT = timedelta(days=30)


def _values(traits: dict[str, Any], custom: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in traits.items():
        if name in _FIELDS and isinstance(value, str | int):
            values[_FIELDS[name]] = str(value)[:200]
        elif name in custom and isinstance(value, str | int | float | bool):
            values[name] = value
    full = traits.get("name")
    if isinstance(full, str) and "first_name" not in values:
        values["first_name"], _, values["last_name"] = (part[:120] for part in full.strip().partition(" "))
    company = traits.get("company")
    if isinstance(company, dict):
        company = company.get("name")
    if isinstance(company, str):
        values["company_name"] = company[:200]
    return {key: value for key, value in values.items() if value != ""}


def apply_waiting(now: datetime) -> int:
    """Give the people that servers identified their traits and their visitors; returns how many were handled.

    Claims from public keys are never applied, and forgotten after 30 days.
    """
    custom = set(FieldDefinition.objects.filter(entity="person").values_list("key", flat=True))
    rows = Identification.objects.filter(trusted=True, applied_at=None, error="").order_by("identified_at")
    done = 0
    for row in rows[:100]:
        try:
            _apply(row, custom, now)
        except Exception as error:
            log.exception("identification %s could not be applied", row.message_id)
            Identification.objects.filter(message_id=row.message_id).update(error=type(error).__name__)
        done += 1
    claims = Identification.objects.filter(trusted=False, received_at__lt=now - _CLAIMS_KEPT)
    if old := list(claims.values_list("message_id", flat=True)[:500]):
        Identification.objects.filter(message_id__in=old).delete()
    return done + len(old)


@transaction.atomic
def _apply(row: Identification, custom: set[str], now: datetime) -> None:
    values = _values(row.traits, custom)
    email, phone = values.pop("email", ""), values.pop("phone", "")
    if not (email or phone or row.user_id):
        Identification.objects.filter(message_id=row.message_id).update(error="nobody named", traits={})
        return
    resolved = identifiers.resolve(
        at=row.identified_at,
        how="api",
        email=email,
        phone=phone,
        external=("identify", row.user_id) if row.user_id else None,
        values=values,
        by="api",
        proven=True,
    )
    person = resolved.person.id
    subjects = {row.visitor, user_subject(row.user_id, secret=settings.SECRET_KEY) if row.user_id else ""}
    for visitor in sorted(subjects - {""}):
        visitors.link(visitor=visitor, person_id=person, how="identify", at=row.identified_at)
    # The person has the values now; a second copy would only have to be erased too.
    Identification.objects.filter(message_id=row.message_id).update(
        applied_at=now, person_id=person, traits={}
    )
