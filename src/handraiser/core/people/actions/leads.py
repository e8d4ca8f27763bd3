"""Opening leads and giving them to people. Stages are moved in `qualify`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import LeadAssigned, LeadOpened
from handraiser.core.people.models import Lead, OfferLine, Person
from handraiser.core.staff.models import User
from handraiser.kit import clock, ids


@transaction.atomic
def open(
    *,
    person: Person,
    at: datetime,
    how: str,
    raised_with: str = "",
    offer_line: OfferLine | None = None,
    touch: dict[str, Any] | None = None,
    last_touch: dict[str, Any] | None = None,
    external_id: str = "",
    attributes: dict[str, Any] | None = None,
    by: str = "",
) -> tuple[Lead, bool]:
    """Open a lead, or return the open one of this person and line. Returns (lead, created).

    `touch` is the first touch: channel, source, medium, campaign, landing_page. A later form on the same line
    attaches to the open lead; only its last touch and what the hand was raised with are renewed. A closed lead
    that was recycled is named as the origin of the new one.
    """
    line = offer_line or OfferLine.default()
    touch = touch or {}
    # The person's row is the lock: two forms at once must not open two leads.
    Person.objects.select_for_update().get(id=person.id)
    lead = Lead.objects.filter(person=person, offer_line=line, closed_at=None).first()
    if lead is not None:
        lead.last_touch = last_touch or touch or lead.last_touch
        lead.raised_with = raised_with or lead.raised_with
        lead.save(update_fields=["last_touch", "raised_with"])
        return lead, False
    before = (
        Lead.objects.filter(person=person, offer_line=line, stage="recycled").order_by("-closed_at").first()
    )
    try:
        with transaction.atomic():
            lead = Lead.objects.create(
                id=ids.new("lead", at_ms=clock.ms(at)),
                person=person,
                offer_line=line,
                how=how,
                raised_with=raised_with,
                opened_at=at,
                stage_at=at,
                recycled_from=before,
                external_id=external_id,
                attributes=attributes or {},
                channel=str(touch.get("channel") or ""),
                source=str(touch.get("source") or "")[:120],
                medium=str(touch.get("medium") or "")[:120],
                campaign=str(touch.get("campaign") or "")[:200],
                landing_page=str(touch.get("landing_page") or "")[:400],
                last_touch=last_touch or touch,
                last_activity_at=at,
            )
    except IntegrityError:
        return Lead.objects.get(person=person, offer_line=line, closed_at=None), False
    outbox.publish(
        LeadOpened(
            offer_line=line.id,
            how=how,
            channel=lead.channel,
            source=lead.source,
            campaign=lead.campaign,
            recycled_from=before.id if before else None,
        ),
        at=at,
        person=person.id,
        lead=lead.id,
    )
    return lead, True


@transaction.atomic
def assign(*, lead: Lead, owner: User | None, at: datetime, why: str = "", by: str = "") -> bool:
    """Give a lead to somebody, or to nobody. Returns False when it is theirs already."""
    lead = Lead.objects.select_for_update().get(id=lead.id)
    owner_id = owner.id if owner else None
    if lead.owner_id == owner_id:
        return False
    previous = lead.owner_id
    Lead.objects.filter(id=lead.id).update(owner_id=owner_id)
    outbox.publish(
        LeadAssigned(owner=owner_id, previous=previous, why=why, by=by),
        at=at,
        person=lead.person_id,
        lead=lead.id,
    )
    return True


def note_activity(*, lead_ids: Iterable[str], sentence: str, at: datetime) -> None:
    """Show this sentence as the last activity of these leads, unless a later one is shown already."""
    Lead.objects.filter(id__in=list(lead_ids)).exclude(last_activity_at__gt=at).update(
        last_activity=sentence[:200], last_activity_at=at
    )
