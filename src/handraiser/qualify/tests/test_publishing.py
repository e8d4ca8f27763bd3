"""A rule set goes live for many: worked out at once, written in chunks, told once, whatever is cut off."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import msgspec
import pytest

from handraiser.core.audience.actions import segments
from handraiser.core.audience.models import Touched
from handraiser.core.audience.rules import conditions as c
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import OutboxEvent
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead, OfferLine
from handraiser.kit import rows
from handraiser.qualify import tasks
from handraiser.qualify.actions import publishing, rule_sets, scores
from handraiser.qualify.models import ScoreState, StageChange
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import POINT, Exclusion
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


def publish(threshold, **others):
    draft = rule_sets.draft_from_live(at=NOON)
    pricing = msgspec.structs.replace(draft.rules.rule("pricing"), points=12 * POINT)
    rules = tuple(pricing if rule.key == "pricing" else rule for rule in draft.rules.rules)
    changes = {"threshold": threshold * POINT, "leave": None, "rules": rules, **others}
    draft = rule_sets.change(draft, msgspec.structs.replace(draft.rules, **changes), at=NOON)
    return rule_sets.publish(draft, at=NOON)


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


def waiting():
    """What is announced and not carried over yet, but for ids and when it was written down."""
    found = [json.loads(payload) for (payload,) in OutboxEvent.objects.values_list("payload")]
    for event in found:
        del event["message_id"], event["received_at"]
    return sorted(found, key=lambda event: (event["name"], event["lead"]))


def as_before(before):
    """Everybody stands as then, and nothing was told."""
    StageChange.objects.all().delete()
    ScoreState.objects.all().delete()
    OutboxEvent.objects.all().delete()
    for kept in before:
        rows.update(kept, [field.attname for field in type(kept[0])._meta.concrete_fields][1:])
        type(kept[0]).objects.bulk_create(kept, ignore_conflicts=True)


OUT = Exclusion(key="out", reason="a rival", field="email_domain", test="is", value="halden.example.com")


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 10},
        {"threshold": 100, "leave": 90 * POINT},
        {"threshold": 40, "exclusions": (OUT,)},
        {"threshold": 60, "leave": None},
    ],
    ids=["more MQLs", "MQLs leave", "left out", "nobody leaves"],
)
def test_it_leaves_and_tells_what_scoring_one_after_another_does(crowd, settle, monkeypatch, changes):
    publish(40, leave=30 * POINT)
    publishing.go_on(lambda: NOON)
    crowd[0].asks_for_a_demo(NOON)
    settle(at=NOON)
    assert StageChange.objects.filter(stage="mql").exists()
    before = [list(model.objects.all()) for model in (Lead, ScoreState, StageChange)]
    publish(bands=msgspec.structs.replace(CLASSIC.bands, warm=10 * POINT, hot=30 * POINT), **changes)
    settle(at=NOON)
    assert publishing.go_on(lambda: NOON) == 8
    at_once, told_at_once = standing(), waiting()
    as_before(before)
    monkeypatch.setattr(scores, "_MANY", 200)
    scores.due(NOON)
    assert standing() == at_once
    assert waiting() == told_at_once
    assert "qualify.score_changed" in {event["name"] for event in told_at_once}


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


def meanwhile(monkeypatch, happen):
    """Let something happen when the first chunk is written and the others are worked out."""
    chunks = []

    def reached(name):
        chunks.append(name)
        if len(chunks) == 1:
            happen()

    monkeypatch.setattr(publishing.failpoints, "reach", reached)
    return chunks


def test_what_the_loop_scores_between_worked_out_and_written_is_kept(crowd, settle, monkeypatch):
    live = publish(40)
    settle(at=NOON)
    last = max(crowd, key=lambda story: story.person.id)

    def loop_goes_on():
        last.asks_for_a_demo(NOON - timedelta(minutes=5))
        settle(at=NOON)

    chunks = meanwhile(monkeypatch, loop_goes_on)
    by_then = last.lead.points
    assert publishing.go_on(lambda: NOON) == 7
    assert len(chunks) > 1
    # The counts of the loop are there still; those of the others are made anew with the next event.
    assert ScoreState.objects.get(person=last.person).kept
    settle(at=NOON)
    assert publishing.progress(live) is None
    last.lead.refresh_from_db()
    assert (last.lead.stage, last.lead.points > by_then) == ("mql", True)
    moved = [one for one in told() if one[0] == "qualify.stage_changed"]
    assert len(moved) == len({one[1] for one in moved})


def test_who_has_another_open_lead_by_then_is_left_to_the_sweep(crowd, settle, monkeypatch):
    live = publish(40)
    settle(at=NOON)
    last = max(crowd, key=lambda story: story.person.id)
    line = OfferLine.objects.create(name="Workshops")
    meanwhile(
        monkeypatch,
        lambda: leads.open(person=last.person, at=NOON, how="form", raised_with="Ask", offer_line=line),
    )
    assert publishing.go_on(lambda: NOON) == 7
    assert publishing.progress(live) == (7, 8)
    settle(at=NOON)
    assert publishing.progress(live) is None
    points = set(Lead.objects.filter(person=last.person).values_list("points", flat=True))
    assert Lead.objects.filter(person=last.person).count() == 2 and len(points) == 1


def test_another_set_that_goes_live_meanwhile_ends_it(crowd, settle, monkeypatch):
    publish(40)
    settle(at=NOON)
    chunks = meanwhile(monkeypatch, lambda: publish(50))
    assert 0 < publishing.go_on(lambda: NOON) < 8
    assert len(chunks) == 1
    assert publishing.go_on(lambda: NOON) == 8
    assert set(ScoreState.objects.values_list("rule_set_number", flat=True)) == {3}


def test_people_without_an_open_lead_are_forgotten(crowd, settle):
    live = publish(40)
    settle(at=NOON)
    Lead.objects.filter(id=crowd[3].lead.id).update(closed_at=NOON)
    assert publishing.go_on(lambda: NOON) == 7
    assert publishing.progress(live) is None
    assert ScoreState.objects.count() == 7


def test_segments_that_ask_for_points_hear_of_whom_it_changed(crowd, settle):
    warm = c.Definition(c.AllOf((c.Score("points", low=40),)))
    segments.save(segment=segments.create(name="Warm", at=NOON), definition=warm, at=NOON)
    settle(at=NOON)
    publish(40)
    settle(at=NOON)
    before = dict(Lead.objects.values_list("person", "points"))
    publishing.go_on(lambda: NOON)
    changed = {who for who, points in Lead.objects.values_list("person", "points") if before[who] != points}
    assert set(Touched.objects.values_list("person", flat=True)) == changed != set()


def test_the_sweep_hands_it_over_once(crowd):
    from django_tasks_db.models import DBTaskResult

    publish(40)
    for _ in range(2):
        tasks.look_for_publishing(NOON)
    handed = DBTaskResult.objects.filter(task_path=tasks.publish_scores.module_path)
    assert handed.count() == 1
    # One that was killed still says that it runs.
    handed.update(status="RUNNING")
    tasks.look_for_publishing(NOON)
    assert handed.count() == 2


def test_the_screen_tells_how_far_it_is_and_moves(crowd, login, marketer, monkeypatch):
    publish(40)
    client, shown = login(marketer), []
    page = client.get("/admin/qualify/rule-sets/").content.decode()
    assert "8 people are being scored again. Their points are worked out first." in page

    def look(name):
        text = client.get("/admin/qualify/rule-sets/progress/").content.decode()
        shown.append(re.findall(r'<progress max="8" value="(\d)"', text))

    monkeypatch.setattr(publishing.failpoints, "reach", look)
    publishing.go_on(lambda: NOON)
    assert shown == [["3"], ["6"], ["7"], []]
    assert "being scored again" not in client.get("/admin/qualify/rule-sets/").content.decode()
