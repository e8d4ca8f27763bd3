"""Random trees over random histories: engine and reference agree, as SQL, after each batch, and by time alone."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from handraiser.core.audience import asking
from handraiser.core.audience.actions import memberships
from handraiser.core.audience.models import DueLook, Membership, Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.tests import reference, worlds
from handraiser.core.journal.models import OutboxEvent, ParkedEvent

# 300 trees, each asked at nine moments of its history.
HISTORIES, TREES, BATCHES, SWEEPS = 10, 30, 4, 4


def kept(segment: Segment) -> set[str]:
    return set(Membership.objects.filter(segment=segment).values_list("person_id", flat=True))


def make(firm: worlds.Firm) -> list[Segment]:
    """Segments of random trees; each may ask about those before it."""
    made: list[Segment] = []
    for number in range(TREES):
        tree = worlds.tree(firm.chance, [one.id for one in made])
        made.append(
            Segment.objects.create(
                name=f"{number}", definition=c.to_data(c.Definition(tree)), version=1, created_at=firm.now
            )
        )
    for one in made:
        with transaction.atomic():
            memberships.begin_rebuild(one, at=firm.now)
        assert memberships.rebuild(one.id, clock=lambda: firm.now)
    return made


def agree(segments: list[Segment], firm: worlds.Firm, when: str) -> None:
    assert not ParkedEvent.objects.exists(), ParkedEvent.objects.first().error
    how, world = asking.asked(firm.now), reference.World(firm.now)
    for one in segments:
        tree = one.saved.condition
        truth = world.fit(tree)
        assert asking.who_fit(tree, how) == truth, f"as SQL, {when}: {tree}"
        assert kept(one) == truth, f"as kept, {when}: {tree}"


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_the_engine_says_what_the_conditions_mean(db, seed):
    firm = worlds.Firm(random.Random(seed))
    firm.happen(30)
    segments = make(firm)
    agree(segments, firm, "at first")
    for batch in range(BATCHES):
        firm.happen(8)
        agree(segments, firm, f"after batch {batch}")
    for _ in range(SWEEPS):
        due = DueLook.objects.order_by("due_at").values_list("due_at", flat=True)
        if firm.chance.random() < 0.7 and due:
            firm.now = max(
                firm.now, firm.chance.choice(list(due)[:20]) + firm.chance.choice([-1, 0, 1]) * worlds.MS
            )
        else:
            firm.now += firm.chance.random() * 10 * worlds.DAY
        firm.now = firm.now.replace(microsecond=firm.now.microsecond // 1000 * 1000)
        firm.read()
        agree(segments, firm, "after a sweep")
    assert not OutboxEvent.objects.exists()
