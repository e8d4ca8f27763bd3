"""What readers derive, made again from nothing: after merges, an erasure, late events, new rules and sweeps no row
differs.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from random import Random

import msgspec
import pytest
from django.db import transaction

from handraiser.config import wiring
from handraiser.core.identity.actions import identifiers, merges, visitors
from handraiser.core.journal import history, outbox, replay
from handraiser.core.journal import readers as journal_readers
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify.actions import rule_sets, scores
from handraiser.qualify.models import ScoreState
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import POINT, EventRule, Exclusion
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db
PEOPLE, EVENTS = 12, 600
# Points that fade, caps by the day and in thirty days, and one person who is left out.
OTHER_RULES = msgspec.structs.replace(
    CLASSIC,
    rules=(
        *CLASSIC.rules,
        EventRule(
            key="pages",
            group="engagement",
            points=3 * POINT,
            event="attract.page_viewed",
            half_life_days=2,
            at_most_a_day=4,
        ),
        EventRule(
            key="opens",
            group="engagement",
            points=2 * POINT,
            event="delivery.email_opened",
            counting="distinct",
            distinct="message",
            at_most_30_days=3,
        ),
    ),
    exclusions=(
        Exclusion(key="out", reason="left", field="email_domain", test="is", value="out.example.com"),
    ),
)
END = NOON + timedelta(days=20)


def standing() -> tuple[list, list]:
    """What the scores' reader keeps, but for when it last looked."""
    columns = ("points", "fit_points", "engagement_points", "grade", "temperature")
    return (
        sorted(Lead.objects.filter(closed_at=None).values_list("id", *columns)),
        sorted(ScoreState.objects.values_list("person", "rule_set_number", "next_change_at"), key=str),
    )


def happening(number: int, rng: Random, known: list) -> Event:
    """One thing that somebody does, or did up to two days ago; three of them nobody knows yet."""
    now = clock.ms(NOON) + number * 1_800_000
    who = rng.randrange(PEOPLE + 3)
    name, body = rng.choice(
        [
            ("attract.page_viewed", {"path": "/pricing/", "url": "https://x.example.com/pricing/"}),
            (
                "attract.page_viewed",
                {"path": f"/{number % 7}/", "url": f"https://x.example.com/{number % 7}/"},
            ),
            ("delivery.email_opened", {"message": f"msg_{rng.randrange(9)}"}),
            ("capture.form_submitted", {"form": "f", "intent": "demo", "page": "https://x.example.com/p/"}),
        ]
    )
    anonymous = name == "attract.page_viewed" or who >= PEOPLE
    return Event(
        message_id=f"m{number}",
        name="attract.page_viewed" if who >= PEOPLE else name,
        occurred_at=now - (rng.randrange(2 * 86_400_000) if rng.random() < 0.1 else 0),
        received_at=now,
        visitor=f"v_{who}" if anonymous else None,
        person=None if anonymous else known[who].id,
        body={"path": "/x/", "url": "https://x.example.com/x/"} if who >= PEOPLE else body,
    )


@pytest.mark.parametrize(("seed", "erases"), [(0, False), (1, False), (2, False), (3, True)])
def test_made_again_from_nothing_no_row_differs(organisation, mira, settle, seed, erases):
    rng = Random(seed)
    known = []
    for number in range(PEOPLE):
        person = identifiers.resolve(
            at=NOON, how="form", email=f"p{number}@{'out' if number == 4 else 'firm'}.example.com"
        ).person
        leads.open(person=person, at=NOON, how="form")
        visitors.link(visitor=f"v_{number}", person_id=person.id, how="form", at=NOON)
        known.append(person)
    alive = list(known)
    for number in range(EVENTS):
        at = NOON + timedelta(minutes=30 * number)
        journal().append([happening(number, rng, known)])
        if rng.random() < 0.3:
            outbox.relay(limit=rng.randrange(1, 40))  # what it leaves comes later than what happened since
        for reader in wiring.READERS:
            if rng.random() < 0.1:
                journal_readers.step(dataclasses.replace(reader, batch=rng.randrange(1, 50)))
        if rng.random() < 0.05:
            scores.due(at)
        if number in (150, 300, 450):
            keep, gone = rng.sample(alive, 2)
            merge = merges.merge(keep=keep.id, gone=gone.id, at=at)
            alive.remove(gone)
        if number == 530:
            merges.unmerge(merge=merge.id, at=at)
        if erases and number == 400:
            erased = alive.pop()
            history.forget([erased.id, f"v_{known.index(erased)}"])
            erased.delete()
        if number in (200, 500):
            visitors.link(visitor=f"v_{PEOPLE + number // 500}", person_id=alive[0].id, how="form", at=at)
        if number == 350:
            draft = rule_sets.change(rule_sets.draft_from_live(at=at), OTHER_RULES, at=at)
            rule_sets.publish(draft, at=at, by=mira)
    settle(at=END)

    # What was reached stays counted when whoever reached it is erased.
    compared = ["identity.timeline"] if erases else ["identity.timeline", "attract.conversions"]
    for reader in wiring.READERS:
        if reader.name in compared:
            again = replay.compare(reader)
            assert [(one.name, one.examples) for one in again.tables if not one.same] == []
            assert all(one.rows > 50 for one in again.tables)

    before = standing()
    assert any(points for _, points, *_ in before[0])
    [reader] = [one for one in wiring.READERS if one.name == "qualify.scores"]
    with transaction.atomic():
        ScoreState.objects.all().delete()
        Lead.objects.filter(closed_at=None).update(
            points=0, fit_points=0, engagement_points=0, grade="", temperature="cold"
        )
        Cursor.objects.filter(reader=reader.name).update(position=0)
        while journal_readers.step(dataclasses.replace(reader, batch=97)):
            pass
        while scores.due(END):
            pass
    assert standing() == before
