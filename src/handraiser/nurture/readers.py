"""Lets people into sequences and out of them, as the journal tells."""

from __future__ import annotations

from collections.abc import Sequence as Series

from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.events.consent import ConsentWithdrawn
from handraiser.core.journal.events.delivery import Unsubscribed
from handraiser.core.journal.events.qualify import StageChanged
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader, reader
from handraiser.core.people.models import Lead, Person
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.nurture.actions import enrolments
from handraiser.nurture.models import Enrolment, SequenceVersion
from handraiser.nurture.rules import flow


def enrol() -> Reader:
    """The reader `nurture.enrol`."""
    return reader("nurture.enrol", [FormSubmitted, StageChanged, Unsubscribed, ConsentWithdrawn], _apply)


def due() -> Sweep:
    """The sweep `nurture.due`: one step for everybody whose time has come."""
    return Sweep("nurture.due", enrolments.run_due)


def _apply(events: Series[Event]) -> None:
    events = [event for event in events if event.person]
    live = list(
        SequenceVersion.objects.filter(
            state=SequenceVersion.State.LIVE, sequence__paused_at=None, sequence__archived_at=None
        )
    )
    inside: dict[str, list[Enrolment]] = {}
    rows = Enrolment.objects.filter(
        person__in={event.person for event in events},
        state__in=(Enrolment.State.ACTIVE, Enrolment.State.PAUSED),
    )
    for enrolment in rows.select_related("version"):
        inside.setdefault(enrolment.person_id, []).append(enrolment)
    for event in events:
        at = clock.from_ms(event.occurred_at)
        staying = []
        for enrolment in inside.get(event.person or "", []):
            reason = flow.leaves(enrolment.version.flow["exits"], event.name, event.body)
            # An exit told of late must not end what began after it.
            if reason and enrolment.entered_at <= at:
                enrolments.end(enrolment, reason=reason, at=at, cause=event)
            else:
                staying.append(enrolment)
        inside[event.person or ""] = staying + [
            entered
            for version in live
            if flow.starts(version.flow["trigger"], event.name, event.body)
            and (entered := _enter(version, event)) is not None
        ]


def _enter(version: SequenceVersion, event: Event) -> Enrolment | None:
    person = Person.objects.filter(id=event.person, erased_at=None).first()
    if person is None:
        return None
    lead = Lead.objects.filter(id=event.lead).first() if event.lead else None
    at = clock.from_ms(event.occurred_at)
    return enrolments.enrol(version=version, person=person, lead=lead, at=at, cause=event)
