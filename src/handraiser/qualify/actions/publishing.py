"""Gives everybody the points of a rule set that went live: worked out at once, written in short transactions.

Nothing is kept between two chunks: whoever still has the points of an older set is to be done. Cut off anywhere,
the next run works them out again and goes on; a chunk and what it announces are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from handraiser.core.journal.models import Cursor
from handraiser.kit import clock, failpoints
from handraiser.qualify.actions import rule_sets, scores
from handraiser.qualify.actions.scores import WorkedOut
from handraiser.qualify.models import RuleSet, ScoreState
from handraiser.qualify.rebuild import runs
from handraiser.qualify.rebuild import scores as rebuild
from handraiser.qualify.rules.points import Prepared

READER = "qualify.scores"
_CHUNK = 200  # leads in a transaction


class Progress(NamedTuple):
    """How many people have the points of the live set, of all who have any."""

    done: int
    of: int


def progress(live: RuleSet) -> Progress | None:
    """How far it has come; None when everybody has the points of the live set."""
    left = ScoreState.objects.filter(rule_set_number__lt=live.number).count()
    if not left:
        return None
    everybody = ScoreState.objects.count()
    return Progress(everybody - left, everybody)


def go_on(now: Callable[[], datetime]) -> int:
    """Work out and write who is still to be done; returns how many people were. The rest is left to the sweep:
    who was scored meanwhile is done, who changed meanwhile is few.
    """
    at = now()
    live = rule_sets.live(at=at)
    if not scores.are_many(live):
        return 0
    prepared, moment = Prepared(live.rules), clock.ms(at)
    # Whoever is still to be done was followed up to here and no further: what is followed later marks them done.
    cursor = Cursor.objects.filter(reader=READER).first()
    done = 0
    with runs.laid_out(prepared, since_ms=moment, upto=cursor.position if cursor else 0) as db:
        rebuild.score(db, prepared, now_ms=moment)
        found = db.execute(
            "select b.person_id, w.lead, w.fit, w.engagement, w.total, w.grade, w.temperature, w.next_change_at,"
            " w.out"
            " from worth w join brought b on b.id = w.lead order by b.person_id, w.lead"
        )
        waiting: list[WorkedOut] = []
        while some := found.fetchmany(_CHUNK):
            waiting += [WorkedOut(*row) for row in some]
            # The leads of one person go together.
            last = waiting[-1].person
            done += scores.adopt([one for one in waiting if one.person != last], live=live, now=moment)
            waiting = [one for one in waiting if one.person == last]
            failpoints.reach("qualify.chunk_published")
        done += scores.adopt(waiting, live=live, now=moment)
    _let_go(live)
    return done


def _let_go(live: RuleSet) -> None:
    """Forget what is kept of people without an open lead."""
    gone = ScoreState.objects.filter(rule_set_number__lt=live.number)
    gone = gone.exclude(person__leads__closed_at=None).order_by("person_id")
    while people := list(gone.values_list("person_id", flat=True)[:_CHUNK]):
        ScoreState.objects.filter(person__in=people, rule_set_number__lt=live.number).delete()
