"""Moving leads by hand and by rule."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.core.journal.models import OutboxEvent
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead
from handraiser.kit.errors import DomainError
from handraiser.qualify import queries
from handraiser.qualify.actions import stages
from handraiser.qualify.models import StageChange
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_a_move_is_written_and_announced(ines, dana):
    change = stages.move(ines.lead, "accepted", at=NOON, by=str(dana.id))
    assert (change.number, change.previous, change.stage, change.by) == (1, "lead", "accepted", str(dana.id))
    stored = Lead.objects.get(id=ines.lead.id)
    assert (stored.stage, stored.stage_at, stored.closed_at) == ("accepted", NOON, None)
    assert ines.lead.stage == "accepted"
    assert OutboxEvent.objects.filter(message_id=f"stage:{ines.lead.id}:1").count() == 1


def test_moving_to_where_it_stands_does_nothing(ines):
    stages.move(ines.lead, "accepted", at=NOON)
    assert stages.move(ines.lead, "accepted", at=NOON) is None
    assert StageChange.objects.count() == 1


def test_closing_stages_close_the_lead_and_coming_back_opens_it(ines):
    stages.move(ines.lead, "customer", at=NOON)
    assert ines.lead.closed_at == NOON
    stages.move(ines.lead, "opportunity", at=NOON, reason="deal reopened")
    assert ines.lead.closed_at is None
    assert [change.stage for change in queries.stage_history(ines.lead)] == ["opportunity", "customer"]


@pytest.mark.parametrize(
    ("before", "to", "reason", "code"),
    [
        (None, "winner", "", "unknown_stage"),
        (None, "disqualified", " ", "reason_missing"),
        (None, "recycled", "", "reason_missing"),
        ("sql", "accepted", "", "reason_missing"),
        ("customer", "sql", "", "reason_missing"),
        ("recycled", "lead", "again", "recycled_is_closed"),
    ],
)
def test_a_declined_move_says_why(ines, before, to, reason, code):
    if before:
        stages.move(ines.lead, before, at=NOON, reason="not_now")
    with pytest.raises(DomainError) as declined:
        stages.move(ines.lead, to, at=NOON, reason=reason)
    assert declined.value.code == code
    assert Lead.objects.get(id=ines.lead.id).stage == (before or "lead")


def test_who_saw_an_older_stage_is_told(ines):
    stale = Lead.objects.get(id=ines.lead.id)
    stages.move(ines.lead, "sql", at=NOON)
    with pytest.raises(DomainError, match="moved this lead to SQL a moment ago"):
        stages.move(stale, "disqualified", at=NOON, reason="wrong_fit")


def test_a_closed_lead_does_not_come_back_beside_an_open_one(ines):
    stages.move(ines.lead, "disqualified", at=NOON, reason="wrong_fit")
    leads.open(person=ines.person, at=NOON, how="form")
    with pytest.raises(DomainError, match="already has an open lead"):
        stages.move(ines.lead, "lead", at=NOON, reason="a mistake")


def test_counts_by_stage_and_arrivals(ines, story_of):
    story_of("marcus@oriel.example.com")
    stages.move(ines.lead, "mql", at=NOON)
    assert queries.stage_counts()["mql"] == 1
    assert queries.stage_counts()["lead"] == 1
    assert queries.arrivals(since=NOON - timedelta(days=1))["mql"] == 1
    assert queries.arrivals(since=NOON + timedelta(days=1))["mql"] == 0
