"""A rule set goes live for many: worked out at once, written in chunks, told once, whatever is cut off."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from handraiser.core.journal.live import journal
from handraiser.core.people.models import Lead
from handraiser.qualify import tasks
from handraiser.qualify.actions import publishing, rule_sets, scores
from handraiser.qualify.models import ScoreState, StageChange
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.tests.conftest import NOON

COLUMNS = ("id", "points", "fit_points", "engagement_points", "grade", "temperature", "stage")


@pytest.fixture
def crowd(story_of, settle, monkeypatch):
    """A few who count as many: eight people, a transaction for two or three of them."""
    monkeypatch.setattr(scores, "_MANY", 3)
    for size in ("_LEAST", "_FIRST", "_MOST"):
        monkeypatch.setattr(publishing, size, 3)
    people = [story_of(f"lead-{number}@halden.example.com") for number in range(8)]
    for number, story in enumerate(people):
        if number % 2:
            story.asks_for_a_demo(NOON - timedelta(days=number))
        for _ in range(number % 3):
            story.visits_pricing(NOON - timedelta(days=number + 2, hours=number))
    settle(at=NOON)
    return people


def publish(threshold):
    draft = rule_sets.draft_from_live(at=NOON)
    pricing = msgspec.structs.replace(draft.rules.rule("pricing"), points=12 * POINT)
    rules = tuple(pricing if rule.key == "pricing" else rule for rule in draft.rules.rules)
    rules_of = msgspec.structs.replace(draft.rules, threshold=threshold * POINT, leave=None, rules=rules)
    return rule_sets.publish(rule_sets.change(draft, rules_of, at=NOON), at=NOON)


def standing():
    return (
        list(Lead.objects.order_by("id").values_list(*COLUMNS)),
        list(StageChange.objects.order_by("lead", "number").values_list("lead", "stage", "at", "reason")),
        list(
            ScoreState.objects.order_by("person").values_list("person", "rule_set_number", "next_change_at")
        ),
    )


def told():
    events = journal().read(after=0, limit=1_000, names=["qualify.stage_changed", "qualify.score_changed"])
    return sorted(
        (event.name, event.lead, event.body.get("stage", ""), event.body.get("reason", ""))
        for event in events
    )


def test_many_are_worked_out_at_once_and_the_loop_leaves_them_alone(crowd, settle):
    live = publish(40)
    assert publishing.progress(live) == (0, 8)
    settle(at=NOON)
    assert publishing.progress(live) == (0, 8)
    assert publishing.go_on(lambda: NOON) == 8
    settle(at=NOON)
    assert publishing.progress(live) is None
    assert StageChange.objects.filter(reason__startswith="rule set published: ").count() == 4


def test_it_leaves_what_scoring_one_after_another_leaves(crowd, settle, monkeypatch):
    publish(40)
    publishing.go_on(lambda: NOON)
    settle(at=NOON)
    at_once, told_at_once = standing(), told()
    # The same once more, from the same beginnings, by the sweep.
    StageChange.objects.all().delete()
    Lead.objects.update(
        stage="lead", points=0, fit_points=0, engagement_points=0, grade="", temperature="cold"
    )
    ScoreState.objects.update(rule_set_number=0, kept="")
    monkeypatch.setattr(scores, "_MANY", 200)
    scores.due(NOON)
    assert standing() == at_once
    assert told_at_once


@pytest.mark.parametrize("cut_at", [1, 2, 3])
def test_cut_off_between_chunks_nothing_is_told_twice_or_lost(crowd, settle, monkeypatch, cut_at):
    live = publish(40)
    reached = []

    def cut(name):
        reached.append(name)
        if len(reached) == cut_at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing.failpoints, "reach", cut)
        with pytest.raises(KeyboardInterrupt):
            publishing.go_on(lambda: NOON)
    assert reached == ["qualify.chunk_published"] * cut_at
    done = publishing.progress(live)
    assert 0 < done.done < 8
    publishing.go_on(lambda: NOON)
    settle(at=NOON)
    assert publishing.progress(live) is None
    moved = [one for one in told() if one[0] == "qualify.stage_changed"]
    assert len(moved) == len({one[1] for one in moved}) == 4


def test_who_is_scored_meanwhile_is_not_written_again(crowd, settle):
    live = publish(40)
    crowd[0].asks_for_a_demo(NOON)
    settle(at=NOON)
    assert publishing.progress(live) == (1, 8)
    assert publishing.go_on(lambda: NOON) == 7
    crowd[0].lead.refresh_from_db()
    assert crowd[0].lead.stage == "mql"


def test_the_sweep_hands_it_over_once(crowd):
    from django_tasks_db.models import DBTaskResult

    publish(40)
    for _ in range(2):
        tasks.look_for_publishing(NOON)
    assert DBTaskResult.objects.filter(task_path=tasks.publish_scores.module_path).count() == 1


def test_the_screen_tells_how_far_it_is(crowd, login, marketer):
    publish(40)
    page = login(marketer).get("/admin/qualify/rule-sets/").content.decode()
    assert "0 of 8" in page
    publishing.go_on(lambda: NOON)
    assert "being scored again" not in login(marketer).get("/admin/qualify/rule-sets/").content.decode()
