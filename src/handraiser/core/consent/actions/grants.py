"""Recording and withdrawing permission."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime
from typing import Any

from django.db import transaction

from handraiser.core.consent.models import Grant, Purpose, Wording
from handraiser.core.journal import outbox
from handraiser.core.journal.events.consent import ConsentGranted, ConsentWithdrawn
from handraiser.core.people.models import Person
from handraiser.kit.errors import DomainError

PURPOSES = {
    "marketing": ("News by email", "Newsletters and tips by email; every mail has a link to stop."),
    "sales": ("Contact about a request", "A call or mail about what the person asked for."),
}


def truncated(ip: str) -> str:
    """An address that no longer points at one person: /24 for IPv4, /48 for IPv6; "" if it is none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def _purpose(key: str) -> Purpose:
    if key not in PURPOSES:
        raise DomainError("unknown_purpose", f"There is no purpose {key}.", field="purpose")
    label, description = PURPOSES[key]
    return Purpose.objects.get_or_create(key=key, defaults={"label": label, "description": description})[0]


@transaction.atomic
def grant(
    *,
    person: Person,
    purpose_key: str,
    wording_text: str,
    at: datetime,
    proof: dict[str, Any],
    locale: str = "en-gb",
) -> Grant:
    """Record that a person allowed a purpose, with the exact words they saw and where.

    Returns the grant in force; saying yes twice keeps the first proof and changes nothing else. Raises
    DomainError("unknown_purpose") or ("no_wording").
    """
    if not wording_text.strip():
        raise DomainError("no_wording", "Consent needs the words that were shown.", field="wording")
    purpose = _purpose(purpose_key)
    digest = hashlib.sha256(f"{purpose_key}\n{locale}\n{wording_text}".encode()).hexdigest()
    wording, _ = Wording.objects.get_or_create(
        hash=digest,
        defaults={"purpose": purpose, "text": wording_text, "locale": locale, "first_used_at": at},
    )
    in_force = Grant.objects.filter(person=person, purpose=purpose, withdrawn_at=None).first()
    if in_force:
        return in_force
    if "ip" in proof:
        proof = {**proof, "ip": truncated(str(proof["ip"]))}
    made = Grant.objects.create(person=person, purpose=purpose, wording=wording, proof=proof, granted_at=at)
    outbox.publish(
        ConsentGranted(purpose=purpose_key, grant=made.id, wording_hash=digest), at=at, person=person.id
    )
    return made


@transaction.atomic
def withdraw(*, person: Person, purpose_key: str, at: datetime, how: str) -> bool:
    """Take a permission back; True if there was one. Withdrawal is recorded either way."""
    rows = Grant.objects.filter(person=person, purpose_id=purpose_key, withdrawn_at=None)
    ids = list(rows.values_list("id", flat=True))
    rows.update(withdrawn_at=at, withdrawn_how=how)
    outbox.publish(
        ConsentWithdrawn(purpose=purpose_key, grant=ids[0] if ids else "", how=how), at=at, person=person.id
    )
    return bool(ids)
