"""A draft on history: who would have become MQL when, what became of them, and what the panel says."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from handraiser.kit import clock
from handraiser.qualify.actions import back_tests, rule_sets, stages
from handraiser.qualify.models import BackTest
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.tests.conftest import NOON

OPENED = NOON - timedelta(days=130)


def draft_with(threshold, *, at=NOON):
    draft = rule_sets.draft_from_live(at=at)
    return rule_sets.change(draft, msgspec.structs.replace(draft.rules, threshold=threshold * POINT), at=at)


def tried(draft, at=NOON):
    test, is_new = back_tests.ask(draft, rule_sets.live(at=at), at=at)
    assert is_new
    back_tests.run(test.id, at=at)
    test.refresh_from_db()
    return test


@pytest.fixture
def past(story_of, settle):
    """Two who would be MQLs at 40, one of them SQL afterwards; one who was SQL before; one who did nothing."""
    people = {name: story_of(f"{name}@halden.example.com", at=OPENED) for name in ("ada", "bo", "cy", "di")}
    people["ada"].asks_for_a_demo(OPENED + timedelta(days=10))
    people["bo"].asks_for_a_demo(OPENED + timedelta(days=5))
    people["cy"].asks_for_a_demo(OPENED + timedelta(days=20))
    settle(at=OPENED + timedelta(days=30))
    for name, days in (("ada", 14), ("cy", 12)):
        people[name].lead.refresh_from_db()
        stages.move(people[name].lead, "sql", at=OPENED + timedelta(days=days))
    settle(at=NOON)
    return people


def test_a_lower_threshold_finds_mqls_before_sales_did(past):
    test = tried(draft_with(40))
    result = msgspec.convert(test.result, back_tests.Result)
    assert (result.leads, result.sqls, result.days) == (4, 2, 60)
    assert (result.live.mql, result.tried.mql, result.changed_sides) == (0, 2, 2)
    assert (result.tried.became_sql, result.tried.lead_days) == (1, 4.0)
    sides = {side.lead_id: (side.becomes_mql, side.points_after // POINT) for side in test.sides.all()}
    assert sides == {past[name].lead.id: (True, 40) for name in ("ada", "bo")}


def test_of_the_past_only_what_was_known_then_counts(past, settle):
    # What happens after the watch, or was said later, makes nobody an MQL of then.
    past["di"].asks_for_a_demo(OPENED + timedelta(days=70))
    settle(at=NOON)
    result = msgspec.convert(tried(draft_with(40)).result, back_tests.Result)
    assert result.tried.mql == 2


def test_one_run_for_one_content(past):
    draft = draft_with(40)
    test = tried(draft)
    assert back_tests.ask(draft, rule_sets.live(at=NOON), at=NOON) == (test, False)
    draft_with(45)
    draft.refresh_from_db()
    other, is_new = back_tests.ask(draft, rule_sets.live(at=NOON), at=NOON)
    assert is_new and other != test
    # Changed again before it began: the run is of no use.
    draft_with(50)
    back_tests.run(other.id, at=NOON)
    assert not BackTest.objects.filter(id=other.id).exists()


def test_with_little_history_it_says_so(story_of, settle, login, marketer):
    now = clock.now()
    story = story_of("ada@halden.example.com", at=now - timedelta(days=38))
    story.asks_for_a_demo(now - timedelta(days=30))
    settle(at=now)
    draft = draft_with(40, at=now)
    page = login(marketer).get(
        f"/admin/qualify/rule-sets/{draft.number}/back-test/", headers={"HX-Request": "true"}
    )
    assert b"Counting" in page.content
    back_tests.run(BackTest.objects.get().id, at=now)
    page = login(marketer).get(f"/admin/qualify/rule-sets/{draft.number}/back-test/").content.decode()
    assert "Back-test needs 60 days; showing the 38 you have." in page
    assert "Up to date" in page


def test_the_panel_tells_what_changed_and_how_sure_it_is(past, login, marketer):
    draft = draft_with(40)
    test = tried(draft)
    BackTest.objects.filter(id=test.id).update(finished_at=clock.now(), asked_at=clock.now())
    page = login(marketer).get(f"/admin/qualify/rule-sets/{draft.number}/back-test/").content.decode()
    assert "2 leads change sides" in page
    assert "Now MQL" in page
    assert "4 leads from" in page
    draft_with(45)
    page = login(marketer).get(f"/admin/qualify/rule-sets/{draft.number}/back-test/").content.decode()
    assert "Out of date" in page
