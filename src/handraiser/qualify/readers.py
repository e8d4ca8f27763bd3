"""Looks at who is new, and keeps scores: who did what may give points, or became known better, is scored."""

from __future__ import annotations

from collections.abc import Sequence

from handraiser.core.identity.models import TimelineItem
from handraiser.core.identity.queries import people_of
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.models import Cursor
from handraiser.core.journal.readers import Reader, one_by_one
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event
from handraiser.qualify.actions import accounts, enrichments, feedback, product
from handraiser.qualify.actions import scores as actions
from handraiser.qualify.rules.product import named
from handraiser.qualify.rules.vocabulary import FACTS, REWRITING, TOUCHING

_NAME = "qualify.scores"
_BATCH = 1_000


def _score(events: Sequence[Event]) -> None:
    real = [event for event in events if not event.body.get("bot") and not event.body.get("machine")]
    linked = people_of(event.visitor for event in real if event.visitor and not event.person)
    ways: dict[str, list[tuple[int, Event]]] = {}
    learnt, anew = set[str](), set[str]()
    for event in real:
        if person := event.person or linked.get(event.visitor or ""):
            ways.setdefault(person, []).append((event.occurred_at, event))
            if event.name in TOUCHING:
                learnt.add(person)
            if event.name in REWRITING:
                anew.add(person)
                if before := event.body.get("instead_of"):
                    ways.setdefault(before, []).append((event.occurred_at, event))
                    anew.add(before)
    if ways:
        actions.follow(ways, learnt=learnt, anew=anew, upto=lambda: _upto(events))


def _upto(batch: Sequence[Event]) -> int | None:
    """The timeline's row of the last event of a batch, when later ones are still to be read; else None.

    The timeline may have heard of those already. Counted now, they would make leads qualified too early.
    """
    stands = rows.values(Cursor, ["position"], {"reader": _NAME})
    if not stands or stands[0][0] != batch[-1].position:
        return None
    for event in reversed(batch):
        if found := rows.values(TimelineItem, ["id"], {"message_id": event.message_id}):
            return int(found[0][0])
    return None


def scores() -> Reader:
    """The reader. It uses the timeline's table, so it never overtakes its reader.

    A published rule set is not read here: the sweep sees whom an older set scored.
    """
    return Reader(
        name=_NAME,
        events=frozenset({*FACTS, *TOUCHING}),
        apply=_score,
        after="identity.timeline",
        batch=_BATCH,
    )


_READ = frozenset({"email", "phone", "country"})  # what verdicts are made of


def _look(events: Sequence[Event]) -> None:
    newest: dict[str, Event] = {}
    for event in events:
        if event.person and (event.name != "people.person_changed" or event.body.get("field_name") in _READ):
            newest[event.person] = event
    if newest:
        enrichments.look_at(newest)


def checks() -> Reader:
    """The reader that judges addresses and numbers. It asks nobody; what is to be asked is queued.

    It reads forms because somebody may have said there what was only guessed before.

    Whoever was parted from another is looked at anew: the merge kept one row of two.
    """
    return Reader(
        name="qualify.checks",
        events=frozenset(
            {
                "people.person_created",
                "people.person_changed",
                "capture.form_submitted",
                "identity.persons_merged",
                "identity.persons_unmerged",
            }
        ),
        apply=_look,
    )


_NEW_PAST = frozenset({"people.lead_opened", *REWRITING})


def _use(events: Sequence[Event]) -> None:
    """Whoever did in the product what a rule set waits for, and whose product use became known."""
    if not events:
        return
    at = clock.from_ms(max(event.occurred_at for event in events))
    waited_for = product.waited_for(at=at)
    if not waited_for:
        return
    telling = [
        event
        for event in events
        if event.name in _NEW_PAST or (named(event.body.get("event", "")) in waited_for)
    ]
    linked = people_of(event.visitor for event in telling if event.visitor and not event.person)
    people = {person for event in telling if (person := event.person or linked.get(event.visitor or ""))}
    people |= {before for event in telling if (before := event.body.get("instead_of"))}
    if people:
        product.look(people, at=at)


def product_use() -> Reader:
    """The reader that makes PQLs. It uses the timeline's table, so it never overtakes its reader."""
    return Reader(
        name="qualify.product",
        events=frozenset({"attract.event_tracked", *_NEW_PAST}),
        apply=_use,
        after="identity.timeline",
    )


def due() -> Sweep:
    """Points that time alone changes, and everybody after a rule set went live."""
    return Sweep("qualify.due", actions.due)


_OF_COMMITTEES = frozenset({"job_title", "company"})


def _mark(events: Sequence[Event]) -> None:
    touched = {
        event.person: event.occurred_at
        for event in events
        if event.person
        and (event.name != "people.person_changed" or event.body.get("field_name") in _OF_COMMITTEES)
    }
    if touched:
        accounts.mark(touched, at=clock.from_ms(max(touched.values())))


def committees() -> Reader:
    """The reader that marks the companies of people of whom something changed; the sweep works their scores out."""
    return Reader(
        name="qualify.accounts",
        events=frozenset(
            {
                "people.lead_opened",
                "people.person_changed",
                "qualify.score_changed",
                "qualify.stage_changed",
                "identity.persons_merged",
                "identity.persons_unmerged",
            }
        ),
        apply=_mark,
        after="qualify.scores",
    )


def due_committees() -> Sweep:
    """Scores of companies: what was marked, and by the hour what moves by time."""
    return Sweep("qualify.accounts", accounts.due)


def answers() -> Reader:
    """The reader that keeps what sales said. Few a day, and each is scored as of its moment: one by one."""
    return Reader(
        name="qualify.answers",
        events=frozenset({"convert.hand_off_accepted", "convert.hand_off_rejected", "qualify.stage_changed"}),
        apply=one_by_one(feedback.hear),
        after="qualify.scores",
        batch=100,
    )
