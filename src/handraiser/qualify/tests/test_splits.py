"""However the journal is cut into batches, and however far one reader is ahead of another: the same rows."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from itertools import cycle
from random import Random

import pytest
from django.db import transaction

from handraiser.attract import readers as attract
from handraiser.attract.models import PageSeen, Visit
from handraiser.core.identity import readers as identity
from handraiser.core.identity.actions import visitors
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import readers as journal_readers
from handraiser.core.journal.live import journal
from handraiser.core.people.actions import leads, people
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify import readers
from handraiser.qualify.actions import rule_sets, stages
from handraiser.qualify.models import Profile, ScoreState, StageChange
from handraiser.qualify.rules import rule_set
from handraiser.qualify.rules.rule_set import POINT, EventRule, Exclusion
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db
PEOPLE, EVENTS = 6, 160


class _Undone(Exception):
    pass


@pytest.fixture
def world(organisation, mira):
    """Six people, one of them moved back by hand, and rules by which points come and go."""
    live = rule_sets.live(at=NOON)
    page = EventRule(
        key="page", group="engagement", points=30 * POINT, event="attract.page_viewed", where_field="path",
        value="/pricing/", counting="visit", at_most=4, days=2,
    )  # fmt: skip
    gone = EventRule(
        key="gone",
        group="against",
        points=-40 * POINT,
        event="delivery.unsubscribed",
        counting="once",
        days=1,
    )
    fades = EventRule(
        key="fades",
        group="engagement",
        points=15 * POINT,
        event="attract.page_viewed",
        where_field="path",
        value="/blog/",
        half_life_days=1,
        at_most_a_day=2,
        at_most_30_days=9,
    )
    live.content = rule_set.to_data(
        type(live.rules)(
            threshold=50 * POINT,
            limits=live.rules.limits,
            bands=live.rules.bands,
            rules=(page, gone, fades),
            exclusions=(Exclusion(key="out", reason="left", field="job_title", test="is", value="student"),),
        )
    )
    live.save()
    known = []
    for number in range(PEOPLE):
        title = "Student" if number == 5 else ""
        person = people.create(at=NOON, how="form", first_name=f"Number {number}", job_title=title)
        lead, _ = leads.open(person=person, at=NOON, how="form")
        visitors.link(visitor=f"v_{number}", person_id=person.id, how="form", at=NOON)
        known.append((person, lead))
    stages.move(known[0][1], "mql", at=NOON, by="usr_1")
    stages.move(known[0][1], "lead", at=NOON, reason="a competitor", by="usr_1")
    return known


def told(world, rng: Random, *, late: bool) -> list[Event]:
    """What they do in ten days; with `late` one event in six comes up to a day after the others."""
    found = []
    for number in range(EVENTS):
        who = rng.randrange(PEOPLE)
        at = (
            clock.ms(NOON)
            + number * 5_400_000
            - (rng.randrange(86_400_000) if late and not rng.randrange(6) else 0)
        )
        name, body = rng.choice(
            [("attract.page_viewed", {"path": "/pricing/"})] * 3
            + [("attract.page_viewed", {"path": "/blog/"}), ("delivery.unsubscribed", {"message": "m"})]
        )
        page = name.startswith("attract")
        if page:
            body = {
                **body,
                "url": f"https://x.example.com{body['path']}",
                "bot": "" if rng.randrange(9) else "crawler",
            }
        found.append(
            Event(
                message_id=f"m{number}",
                name=name,
                occurred_at=at,
                received_at=clock.ms(NOON) + number * 5_400_000,
                visitor=f"v_{who}" if page else None,
                person=None if page else world[who][0].id,
                body=body,
            )
        )
    return found


def rows_after(schedule) -> dict[str, list]:
    """What stands in the tables when the readers took the journal in these batches: (reader, size) by turns."""
    chosen = [attract.visits(), identity.timeline(), readers.scores()]
    try:
        with transaction.atomic():
            idle = 0
            for which, size in cycle(schedule):
                taken = journal_readers.step(dataclasses.replace(chosen[which], batch=size))
                idle = 0 if taken else idle + 1
                if idle > len(schedule):
                    break
            found = {
                "visits": sorted(
                    Visit.objects.values_list("visitor", "started_at", "last_at", "pages", "told__path")
                ),
                "seen": sorted(
                    PageSeen.objects.values_list("visit__visitor", "visit__started_at", "path", "at")
                ),
                "timeline": sorted(TimelineItem.objects.values_list("message_id", "person", "occurred_at")),
                "leads": sorted(
                    Lead.objects.values_list("id", "points", "stage", "stage_at", "grade", "temperature")
                ),
                "states": sorted(
                    ScoreState.objects.values_list(
                        "person", "scored_at", "next_change_at", "rule_set_number"
                    ),
                    key=str,
                ),
                "profiles": sorted(Profile.objects.values_list("person", "at")),
                "changes": sorted(StageChange.objects.values_list("lead", "number", "stage", "at", "reason")),
            }
            raise _Undone
    except _Undone:
        return found


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_any_split_gives_the_same_rows(world, settle, seed, late):
    rng = Random(seed)
    settle(at=NOON)
    journal().append(told(world, rng, late=late))
    one_by_one = rows_after([(0, 1), (1, 1), (2, 1)])
    assert len(one_by_one["changes"]) > 4
    for _ in range(4):
        schedule = [
            (0, rng.choice((1, 7, 400))),
            (1, rng.choice((1, 13, 400))),
            (2, rng.choice((2, 30, 400))),
        ]
        schedule += [(rng.randrange(3), rng.randrange(1, 60)) for _ in range(5)]
        split = rows_after(schedule)
        for table, expected in one_by_one.items():
            assert split[table] == expected, (table, schedule)


def test_a_lead_that_rose_and_fell_within_a_batch_became_qualified_where_it_rose(world, settle):
    settle(at=NOON)
    person, lead = world[1]
    hour = timedelta(hours=1)

    def page(number, at):
        body = {"path": "/pricing/", "url": "https://x.example.com/pricing/"}
        return Event(message_id=f"p{number}", name="attract.page_viewed", occurred_at=clock.ms(at),
                     received_at=clock.ms(at), visitor="v_1", body=body)  # fmt: skip

    left = Event(message_id="u", name="delivery.unsubscribed", occurred_at=clock.ms(NOON + 3 * hour),
                 received_at=clock.ms(NOON + 3 * hour), person=person.id, body={"message": "m"})  # fmt: skip
    journal().append([page(1, NOON + hour), page(2, NOON + 2 * hour), left])
    settle(at=NOON + 3 * hour)
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_at, lead.score) == ("mql", NOON + 2 * hour, 20)
    assert StageChange.objects.get(lead=lead).reason == "60 of 50 points"
