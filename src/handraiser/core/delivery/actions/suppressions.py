"""Addresses that we leave alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from handraiser.core.audience.actions import touched
from handraiser.core.consent.actions import grants
from handraiser.core.delivery.models import DeliveryEvent, Message, Suppression
from handraiser.core.journal import outbox
from handraiser.core.journal.events.delivery import Unsubscribed


def fingerprint(email: str) -> str:
    """The keyed hash under which an address is listed; it outlives the address."""
    return outbox.personal_hash(email)


@transaction.atomic
def add(*, email: str, reason: str, at: datetime, scope: str = "marketing", by: str = "") -> Suppression:
    """Put an address on the list. The first reason of a scope stays."""
    entry, new = Suppression.objects.get_or_create(
        email_hash=fingerprint(email),
        scope=scope,
        defaults={"email": email.strip().lower(), "reason": reason, "at": at, "by": by},
    )
    if new:
        touched.addresses([email])
    return entry


@transaction.atomic
def remove(*, email: str, scope: str = "marketing") -> bool:
    """Take an address off the list, when its owner says yes again; True if it stood there."""
    stood = Suppression.objects.filter(email_hash=fingerprint(email), scope=scope).delete()[0]
    if stood:
        touched.addresses([email])
    return bool(stood)


def of(emails: Iterable[str]) -> dict[str, dict[str, str]]:
    """For each address its entries: scope to reason."""
    by_hash = {fingerprint(email): email for email in emails}
    found: dict[str, dict[str, str]] = {email: {} for email in by_hash.values()}
    for entry in Suppression.objects.filter(email_hash__in=by_hash):
        found[by_hash[entry.email_hash]][entry.scope] = entry.reason
    return found


def unsubscribe(*, message: Message, at: datetime, how: str) -> bool:
    """The reader of this message wants no more marketing; True if that is news. Doing it twice is harmless.

    `how` is link (the page's button) or one_click (RFC 8058).
    """
    with transaction.atomic():
        if Suppression.objects.filter(email_hash=fingerprint(message.to), scope="marketing").exists():
            return False
        add(email=message.to, reason="unsubscribed", at=at, by=how)
        DeliveryEvent.objects.create(message=message, kind="unsubscribed", at=at)
        if message.person is not None:
            grants.withdraw(person=message.person, purpose_key="marketing", at=at, how=how)
            outbox.publish(
                Unsubscribed(message=message.id, how=how),
                at=at,
                person=message.person.id,
                lead=message.lead_id,
            )
        return True
