"""A rebuild from lake, tail and records, beside what the reader kept up."""

from __future__ import annotations

from datetime import timedelta

from handraiser.core.identity.actions import merges, visitors
from handraiser.core.journal import history
from handraiser.core.journal.lake import tasks as lake
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify.models import ScoreState
from handraiser.qualify.rebuild import runs, scores
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.points import Prepared
from handraiser.qualify.tests.conftest import NOON, Story, ines, story_of

__all__ = ["ines", "story_of"]
_COLUMNS = ("id", "fit_points", "engagement_points", "points", "grade", "temperature")


def rebuilt(at):
    prepared, now = Prepared(CLASSIC), clock.ms(at)
    with runs.laid_out(prepared, since_ms=now) as db:
        scores.score(db, prepared, now_ms=now)
        columns = "lead, fit, engagement, total, grade, temperature, next_change_at"
        return {row[0]: row[1:] for row in db.execute(f"select {columns} from worth").fetchall()}


def kept():
    due = dict(ScoreState.objects.values_list("person_id", "next_change_at"))
    return {
        row[0]: (*row[2:], None if (at := due[row[1]]) is None else clock.ms(at))
        for row in Lead.objects.filter(closed_at=None).values_list("id", "person_id", *_COLUMNS[1:])
    }


def busy(story: Story):
    for days in (1, 2, 3, 40):
        story.visits_pricing(NOON - timedelta(days=days))
    for message in range(5):
        story.opens(f"message_{message}", NOON - timedelta(days=2, hours=message))
    story.opens("message_9", NOON - timedelta(days=1), machine="scanner")
    story.downloads_ebook(NOON - timedelta(days=60))


def test_it_equals_what_was_kept_up_from_the_tail_and_from_sealed_days(ines, story_of, settle):
    other = story_of("omar@oriel.example.com")
    busy(ines)
    other.asks_for_a_demo(NOON - timedelta(days=1))
    settle(at=NOON)
    assert rebuilt(NOON) == kept()
    assert kept()[ines.lead.id][2] == 70_000_000
    assert lake.seal(at=clock.now() + timedelta(days=2)).rows
    other.visits_pricing(NOON - timedelta(hours=1))
    settle(at=NOON)
    assert rebuilt(NOON) == kept()


def test_it_follows_merges_and_browsers_that_turned_out_to_be_somebodys(ines, story_of, settle):
    other = story_of("ines.brandt@gmail.com")
    stranger = Story(ines.person, ines.lead, settle)
    stranger.visitor = "a-tablet"
    busy(ines)
    other.asks_for_a_demo(NOON - timedelta(days=3))
    other.visits_pricing(NOON - timedelta(days=5))
    settle(at=NOON)
    assert rebuilt(NOON) == kept()
    merged = merges.merge(keep=ines.person.id, gone=other.person.id, at=NOON)
    visitors.link(visitor="a-tablet", person_id=ines.person.id, how="form", at=NOON)
    settle(at=NOON)
    assert rebuilt(NOON) == kept()
    assert len(kept()) == 1
    merges.unmerge(merge=merged.id, at=NOON)
    settle(at=NOON)
    assert rebuilt(NOON) == kept()
    assert len(kept()) == 2


def test_whoever_was_erased_is_in_neither(ines, story_of, settle):
    other = story_of("omar@oriel.example.com")
    for story in (ines, other):
        busy(story)
    settle(at=NOON)
    history.forget([other.person.id, other.visitor])
    other.person.delete()
    settle(at=NOON)
    assert rebuilt(NOON) == kept()
    assert list(kept()) == [ines.lead.id]
