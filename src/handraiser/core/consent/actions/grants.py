"""Recording and withdrawing permission."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from handraiser.core.consent.models import Grant, Purpose, Wording
from handraiser.core.journal import outbox
from handraiser.core.journal.events.consent import ConsentGranted, ConsentWithdrawn
from handraiser.core.people.models import Person
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError

PURPOSES = {
    "marketing": ("News by email", "Newsletters and tips by email; every mail has a link to stop."),
    "sales": ("Contact about a request", "A call or mail about what the person asked for."),
}


LOCALE = "en-gb"


@lru_cache(maxsize=4096)
def truncated(ip: str) -> str:
    """An address that no longer points at one person: /24 for IPv4, /48 for IPv6; "" if it is none."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


@dataclass(frozen=True, slots=True)
class Permission:
    """What a person allowed, with the exact words they saw, and where. `newcomer`: made in this transaction."""

    person: Person
    purpose: str
    wording: str
    proof: dict[str, Any]
    newcomer: bool = False

    @property
    def wording_hash(self) -> str:
        return hashlib.sha256(f"{self.purpose}\n{LOCALE}\n{self.wording}".encode()).hexdigest()


def grant(
    *, person: Person, purpose_key: str, wording_text: str, at: datetime, proof: dict[str, Any]
) -> Grant:
    """Record one permission; returns the grant in force. See `grant_all`."""
    asked = Permission(person=person, purpose=purpose_key, wording=wording_text, proof=proof)
    return grant_all([asked], at=at)[0]


@rows.joined
def grant_all(permissions: Sequence[Permission], *, at: datetime) -> list[Grant]:
    """Record what people allowed; returns the grants in force.

    Saying yes twice keeps the first proof and changes nothing else. Raises DomainError("unknown_purpose") or
    ("no_wording").
    """
    if not permissions:
        return []
    for asked in permissions:
        if not asked.wording.strip():
            raise DomainError("no_wording", "Consent needs the words that were shown.", field="wording")
        if asked.purpose not in PURPOSES:
            raise DomainError("unknown_purpose", f"There is no purpose {asked.purpose}.", field="purpose")
    _remember(permissions, at=at)
    known = {asked.person.id for asked in permissions if not asked.newcomer}
    in_force: dict[tuple[str, str], Grant] = {}
    if known:
        for held in Grant.objects.filter(person_id__in=known, withdrawn_at=None):
            in_force[(held.person_id, held.purpose_id)] = held
    made: list[Grant] = []
    facts: list[Event] = []
    answer = []
    for asked in permissions:
        place = (asked.person.id, asked.purpose)
        if place not in in_force:
            proof = asked.proof
            if "ip" in proof:
                proof = {**proof, "ip": truncated(str(proof["ip"]))}
            new = in_force[place] = Grant(
                id=ids.new("grant", at_ms=clock.ms(at)),
                person=asked.person,
                purpose_id=asked.purpose,
                wording_id=asked.wording_hash,
                proof=proof,
                granted_at=at,
            )
            made.append(new)
            fact = ConsentGranted(purpose=asked.purpose, grant=new.id, wording_hash=asked.wording_hash)
            facts.append(outbox.prepare(fact, at=at, person=asked.person.id))
        answer.append(in_force[place])
    rows.insert(made)
    outbox.publish_all(facts)
    return answer


def _remember(permissions: Sequence[Permission], *, at: datetime) -> None:
    """Keep the words, and the purposes, that were never used before."""
    asked = {permission.wording_hash: permission for permission in permissions}
    for (known,) in rows.values(Wording, ["hash"], {"hash": list(asked)}):
        del asked[known]
    for digest, new in sorted(asked.items()):
        label, description = PURPOSES[new.purpose]
        rows.insert([Purpose(key=new.purpose, label=label, description=description)], known=True)
        wording = Wording(
            hash=digest, purpose_id=new.purpose, text=new.wording, locale=LOCALE, first_used_at=at
        )
        rows.insert([wording], known=True)


@transaction.atomic
def withdraw(*, person: Person, purpose_key: str, at: datetime, how: str) -> bool:
    """Take a permission back; True if there was one. Withdrawal is recorded either way."""
    in_force = Grant.objects.filter(person=person, purpose_id=purpose_key, withdrawn_at=None)
    ended = list(in_force.values_list("id", flat=True))
    in_force.update(withdrawn_at=at, withdrawn_how=how)
    outbox.publish(
        ConsentWithdrawn(purpose=purpose_key, grant=ended[0] if ended else "", how=how),
        at=at,
        person=person.id,
    )
    return bool(ended)
