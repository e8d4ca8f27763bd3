"""What sales said of qualified leads: kept as it was judged, counted, shown with its leads, and given as labels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.journal import outbox
from handraiser.core.journal.events.convert import HandOffAccepted, HandOffRejected
from handraiser.qualify import feedback
from handraiser.qualify.actions import stages
from handraiser.qualify.models import SalesAnswer
from handraiser.qualify.rules.feedback import LESSONS, NEGATIVE, REASONS, band, label
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.tests.conftest import NOON


@given(st.integers(-200 * POINT, 500 * POINT), st.integers(0, 100 * POINT))
def test_bands_follow_the_points(points, more):
    assert band(points)[0] <= band(points + more)[0]
    assert (
        band(74 * POINT)[1] == "60 to 74"
        and band(0)[1] == "under 60"
        and band(120 * POINT)[1] == "120 and over"
    )


def test_every_reason_has_a_lesson_and_only_fit_is_a_no():
    assert REASONS.keys() == LESSONS.keys()
    assert label("accepted", "") is True
    assert {reason for reason in REASONS if label("rejected", reason) is False} == NEGATIVE
    assert {label("rejected", reason) for reason in ("not_now", "duplicate", "no_contact", "other")} == {None}


def test_sales_may_give_no_other_reasons():
    from handraiser.convert.reasons import Reject

    assert dict(Reject.choices) == REASONS


def answer(story, *, reason="", at=NOON, key=""):
    key = key or f"handoff_{story.lead.id}"
    fact = (
        HandOffRejected(hand_off=key, owner=7, reason=reason)
        if reason
        else HandOffAccepted(hand_off=key, owner=7, seconds=60)
    )
    with transaction.atomic():
        outbox.publish(fact, at=at, person=story.person.id, lead=story.lead.id)


@pytest.mark.django_db
def test_an_answer_is_kept_with_what_the_lead_was_like_then(ines, settle):
    ines.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    answer(ines)
    ines.visits_pricing(NOON + timedelta(days=1))
    settle(at=NOON + timedelta(days=2))
    kept = SalesAnswer.objects.get()
    assert (kept.outcome, kept.points // POINT, kept.grade[:1]) == ("accepted", 25, "A")
    assert len(kept.rules) == 2 and kept.rule_set_number == 1
    answer(ines)
    settle(at=NOON + timedelta(days=2))
    assert SalesAnswer.objects.count() == 1


@pytest.mark.django_db
def test_an_mql_moved_by_hand_is_an_answer_and_one_moved_by_rules_is_none(ines, story_of, mira, settle):
    tom = story_of("tom@quarry.example.com")
    for story in (ines, tom):
        stages.move(story.lead, "mql", at=NOON)
    stages.move(ines.lead, "sql", at=NOON, by=str(mira.id))
    stages.move(tom.lead, "disqualified", at=NOON, reason="a student", by=str(mira.id))
    settle(at=NOON)
    kept = {row.lead_id: (row.outcome, row.reason) for row in SalesAnswer.objects.all()}
    assert kept == {ines.lead.id: ("accepted", ""), tom.lead.id: ("rejected", "other")}


@pytest.mark.django_db
def test_a_hand_off_is_counted_once_though_it_moves_the_stage(ines, dana, settle):
    from handraiser.convert.actions import hand_offs

    stages.move(ines.lead, "mql", at=NOON)
    found = hand_offs.offer(lead=ines.lead, at=NOON, cause="evt_1")
    hand_offs.accept(hand_off=found, by=dana, at=NOON + timedelta(minutes=5))
    settle(at=NOON + timedelta(minutes=5))
    assert [row.key for row in SalesAnswer.objects.all()] == [found.id]


@pytest.mark.django_db
def test_labels_leave_out_what_says_nothing_of_the_lead(ines, story_of, settle):
    wrong, later, dup = (story_of(f"p{n}@quarry.example.com") for n in range(3))
    answer(ines, reason="no_contact", key="h1")
    answer(ines, at=NOON + timedelta(hours=1), key="h2")
    answer(wrong, reason="wrong_fit")
    answer(later, reason="not_now")
    answer(dup, reason="duplicate")
    settle(at=NOON + timedelta(hours=1))
    assert {(one.lead, one.positive) for one in feedback.outcomes()} == {
        (wrong.lead.id, False),
        (ines.lead.id, True),
    }
    assert list(feedback.outcomes(until=NOON)) == []


@pytest.mark.django_db
def test_the_report_counts_by_source_score_and_rule(ines, story_of, settle, mira, login):
    tom = story_of("tom@quarry.example.com")
    ines.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    answer(ines)
    answer(tom, reason="wrong_fit")
    settle(at=NOON)
    report = feedback.report(feedback.answers())
    assert (report.n, report.accepted.hits, report.labels) == (2, 1, (1, 1))
    assert [key for key, *_ in report.reasons] == ["wrong_fit"]
    assert {row.accepted.n for row in report.by_rule} == {1} and len(report.by_rule) == 2
    client = login(mira)
    page = client.get("/admin/qualify/reasons/?days=all").content.decode()
    for words in ("Wrong fit", "under 60", "/pricing/", "Of 2 answered"):
        assert words in page
    rows = client.get("/admin/qualify/reasons/leads/?days=all&by=reason&key=wrong_fit").content.decode()
    assert "tom@quarry" in rows and "Ines" not in rows
    assert client.get("/admin/qualify/reasons/leads/?by=mood&key=x").status_code == 404
    told = b"".join(client.get("/admin/qualify/reasons/export/?days=all")).decode()
    assert ines.lead.id in told and "not worth it" in told and "quarry" not in told


@pytest.mark.django_db
def test_without_answers_the_next_step_is_named(mira, login):
    assert "Look at the hand-offs" in login(mira).get("/admin/qualify/reasons/").content.decode()
