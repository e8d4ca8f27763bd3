"""Keeps segments: whoever a fact is about is looked at again, and whoever an event of leaves a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from handraiser.core.audience import tasks
from handraiser.core.audience.actions import memberships
from handraiser.core.audience.rules.vocabulary import COMPANY_CHANGED, HEARD
from handraiser.core.identity.queries import people_of
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader
from handraiser.core.people.models import Person
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event


def _follow(events: Sequence[Event]) -> None:
    segments = memberships.live()
    wanted = frozenset[str]().union(*(one.told_by for one in segments))
    events = [
        event
        for event in events
        if event.name in wanted and not event.body.get("bot") and not event.body.get("machine")
    ]
    if not events:
        return
    linked = people_of(event.visitor for event in events if event.visitor and not event.person)
    staff_of = _people_of_companies(events)
    told: dict[str, dict[str, Event]] = {}
    for event in events:
        about = told.setdefault(event.name, {})
        if event.name == COMPANY_CHANGED:
            about.update(dict.fromkeys(staff_of.get(event.body["company"], ()), event))
        elif person := event.person or linked.get(event.visitor or ""):
            about[person] = event
        if before := event.body.get("instead_of"):
            about[before] = event
    memberships.batch(segments, told, at=clock.now())


def _people_of_companies(events: Sequence[Event]) -> dict[str, list[str]]:
    changed = {event.body["company"] for event in events if event.name == COMPANY_CHANGED}
    found: dict[str, list[str]] = {}
    if changed:
        for person, company in rows.values(Person, ["id", "company_id"], {"company_id": changed}):
            found.setdefault(company, []).append(person)
    return found


def segments() -> Reader:
    """The reader. It asks the timeline, so it never overtakes its reader."""
    return Reader(
        name="audience.segments", events=HEARD, apply=_follow, after="identity.timeline", batch=1_000
    )


def sweeps() -> list[Sweep]:
    """What falls due: windows that move on, points that moved, and rebuilds whose process died."""
    return [
        Sweep("audience.due", memberships.look_at_due),
        Sweep("audience.touched", memberships.look_at_touched),
        Sweep("audience.rebuilds", tasks.revive, every=timedelta(seconds=30)),
    ]
