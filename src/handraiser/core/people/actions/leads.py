"""Opening leads and giving them to people. Stages are moved in `qualify`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import LeadAssigned, LeadOpened
from handraiser.core.people.models import Lead, OfferLine, Person, Stage
from handraiser.core.staff.models import User
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event

Touch = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """A raised hand.

    `touch` is the first touch: channel, source, medium, campaign, landing_page. `activity` is the sentence that
    lists show as the last activity. `newcomer` says that this transaction made the person, so that nobody can
    hold a lead of theirs.
    """

    person: Person
    raised_with: str = ""
    offer_line: OfferLine | None = None
    touch: Touch | None = None
    last_touch: Touch | None = None
    external_id: str = ""
    attributes: Mapping[str, Any] | None = None
    activity: str = ""
    newcomer: bool = False


def open(*, at: datetime, how: str, **told: Any) -> tuple[Lead, bool]:
    """Open one lead from the parts of an `Opening`; see `open_all`. Returns (lead, created)."""
    return open_all([Opening(**told)], at=at, how=how)[0]


@rows.joined
def open_all(openings: Sequence[Opening], *, at: datetime, how: str) -> list[tuple[Lead, bool]]:
    """Open leads, or find the open ones of their person and line. Returns (lead, created) for each.

    A later hand on the same line attaches to the open lead: its last touch, what the hand was raised with and
    the last activity are renewed, attributes only fill gaps. A closed lead that was recycled is named as the
    origin of the new one.
    """
    default = OfferLine.default() if any(one.offer_line is None for one in openings) else None
    open_leads, recycled = _leads_of({one.person.id for one in openings if not one.newcomer})
    made: dict[str, Lead] = {}
    renewed: dict[str, Lead] = {}
    answer = []
    for one in openings:
        line = one.offer_line or default
        assert line is not None
        place = (one.person.id, line.id)
        lead = open_leads.get(place)
        if lead is None:
            lead = open_leads[place] = _lead(one, line, recycled.get(place), at=at, how=how)
            made[lead.id] = lead
            answer.append((lead, True))
            continue
        _renew(lead, one, at=at)
        if lead.id not in made:
            renewed[lead.id] = lead
        answer.append((lead, False))
    rows.insert(list(made.values()))
    rows.update(list(renewed.values()), _RENEWED)
    outbox.publish_all([_announced(lead, at=at) for lead in made.values()])
    return answer


_RENEWED = ("last_touch", "raised_with", "attributes", "last_activity", "last_activity_at")
_Place = tuple[str, str]  # person, offer line


def _leads_of(person_ids: set[str]) -> tuple[dict[_Place, Lead], dict[_Place, Lead]]:
    """The open leads of these people, and their last recycled ones."""
    open_leads: dict[_Place, Lead] = {}
    recycled: dict[_Place, Lead] = {}
    if not person_ids:
        return open_leads, recycled
    if connection.features.has_select_for_update:
        # The person's row is the lock: two forms at once must not open two leads.
        list(Person.objects.select_for_update().filter(id__in=person_ids).values_list("id"))
    theirs = Lead.objects.filter(Q(closed_at=None) | Q(stage=Stage.RECYCLED), person_id__in=person_ids)
    for lead in theirs.order_by("closed_at"):
        kept = open_leads if lead.closed_at is None else recycled
        kept[(lead.person_id, lead.offer_line_id)] = lead
    return open_leads, recycled


def _lead(one: Opening, line: OfferLine, before: Lead | None, *, at: datetime, how: str) -> Lead:
    touch = one.touch or {}
    return Lead(
        id=ids.new("lead", at_ms=clock.ms(at)),
        person=one.person,
        offer_line=line,
        how=how,
        raised_with=one.raised_with,
        opened_at=at,
        stage_at=at,
        recycled_from_id=before.id if before else None,
        external_id=one.external_id,
        attributes=dict(one.attributes or {}),
        channel=str(touch.get("channel") or ""),
        source=str(touch.get("source") or "")[:120],
        medium=str(touch.get("medium") or "")[:120],
        campaign=str(touch.get("campaign") or "")[:200],
        landing_page=str(touch.get("landing_page") or "")[:400],
        last_touch=dict(one.last_touch or touch),
        last_activity=one.activity[:200],
        last_activity_at=at,
    )


def _renew(lead: Lead, one: Opening, *, at: datetime) -> None:
    lead.last_touch = dict(one.last_touch or one.touch or lead.last_touch)
    lead.raised_with = one.raised_with or lead.raised_with
    gaps = {
        key: value for key, value in (one.attributes or {}).items() if lead.attributes.get(key) in (None, "")
    }
    lead.attributes = {**lead.attributes, **gaps}
    if one.activity and not (lead.last_activity_at and lead.last_activity_at > at):
        lead.last_activity, lead.last_activity_at = one.activity[:200], at


def _announced(lead: Lead, *, at: datetime) -> Event:
    fact = LeadOpened(
        offer_line=lead.offer_line_id,
        how=lead.how,
        channel=lead.channel,
        source=lead.source,
        campaign=lead.campaign,
        recycled_from=lead.recycled_from_id,
    )
    return outbox.prepare(fact, at=at, person=lead.person_id, lead=lead.id)


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
