"""A lead that qualified is offered to a rep; an offer whose lead moved on or changed hands is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from handraiser.convert.actions import hand_offs as actions
from handraiser.convert.models import HandOff
from handraiser.core.journal.events.people import LeadAssigned
from handraiser.core.journal.events.qualify import StageChanged
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader, one_by_one, reader
from handraiser.core.people.models import Lead, Stage
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify.actions.stages import RULE_SET_PUBLISHED

# A stage change that became known so much later is history (an import), not news for a rep.
HISTORY_AFTER_MS = int(timedelta(days=1).total_seconds() * 1000)


def _qualified(event: Event) -> bool:
    return event.name == StageChanged.name and event.body["stage"] == Stage.MQL


def _take(events: Sequence[Event]) -> None:
    offered = {event.lead for event in events if _qualified(event)}
    known = Lead.objects.filter(id__in={event.lead for event in events})
    waiting = set(HandOff.objects.waiting().filter(lead__in=known).values_list("lead_id", flat=True))
    touched = [event for event in events if _qualified(event) or event.lead in waiting | offered]
    one_by_one(_take_one)(touched)


def _take_one(event: Event) -> None:
    lead = Lead.objects.with_people().filter(id=event.lead).first()
    if lead is None:
        return
    at = clock.from_ms(event.occurred_at)
    if not _qualified(event):
        actions.review(lead=lead, at=at, cause=event.message_id)
    elif lead.stage == Stage.MQL and event.received_at - event.occurred_at < HISTORY_AFTER_MS:
        actions.offer(lead=lead, at=at, cause=event.message_id, quiet=_by_new_rules(event))


def _by_new_rules(event: Event) -> bool:
    """Other rules count the lead differently, it did nothing new: no clock runs and nobody is told."""
    return str(event.body.get("reason", "")).startswith(RULE_SET_PUBLISHED)


def hand_offs() -> Reader:
    """Offers qualified leads. The timeline is read first, so that the rep finds the history there."""
    return reader("convert.hand_off", [StageChanged, LeadAssigned], _take, after="identity.timeline")


def lapses() -> Sweep:
    """Closes offers that nobody answered for 30 days."""
    return Sweep("convert.lapses", actions.lapse, every=timedelta(hours=1))
