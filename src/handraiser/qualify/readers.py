"""Keeps scores: whoever did something that may give points, or became known better, is scored again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from handraiser.core.identity.queries import people_of
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify.actions import scores as actions
from handraiser.qualify.rules.vocabulary import FACTS, TOUCHING


def _score(events: Sequence[Event]) -> None:
    real = [event for event in events if not event.body.get("bot") and not event.body.get("machine")]
    linked = people_of(event.visitor for event in real if event.visitor and not event.person)
    moments: dict[str, datetime] = {}
    causes: dict[str, Event] = {}
    for event in real:
        person = event.person or linked.get(event.visitor or "")
        at = clock.from_ms(event.occurred_at)
        # The newest event decides the moment; ties keep the journal's order.
        if person and (person not in moments or at >= moments[person]):
            moments[person], causes[person] = at, event
    if moments:
        actions.rescore(moments, causes=causes)


def scores() -> Reader:
    """The reader. It uses the timeline's table, so it never overtakes its reader.

    A published rule set is not read here: the sweep sees whom an older set scored.
    """
    return Reader(
        name="qualify.scores",
        events=frozenset({*FACTS, *TOUCHING}),
        apply=_score,
        after="identity.timeline",
    )


def due() -> Sweep:
    """Points that time alone changes, and everybody after a rule set went live."""
    return Sweep("qualify.due", actions.due)
