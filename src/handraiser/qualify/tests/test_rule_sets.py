"""Drafting, publishing, rolling back; what happens to the leads of today."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from handraiser.core.delivery.actions import suppressions
from handraiser.core.journal import outbox
from handraiser.core.journal.events.delivery import MessageFailed
from handraiser.core.people.actions import people
from handraiser.core.staff.models import AuditEntry
from handraiser.kit.errors import DomainError
from handraiser.qualify import effects, explanations, queries
from handraiser.qualify.actions import rule_sets, stages
from handraiser.qualify.models import RuleSet, ScoreState, StageChange
from handraiser.qualify.rules import difference, editing, rule_set, validation
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import POINT, Exclusion
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def with_threshold(points: int):
    return msgspec.structs.replace(CLASSIC, threshold=points * POINT)


def published(rules, *, at=NOON, by=None) -> RuleSet:
    draft = rule_sets.draft_from_live(at=at)
    return rule_sets.publish(rule_sets.change(draft, rules, at=at), at=at, by=by, note="A try")


def test_the_line_to_leave_is_never_above_the_threshold():
    lower, wrong = editing.edited(CLASSIC, {"threshold": "30", "leave": "60"})
    assert (lower.leaves_below, wrong, validation.check(lower)) == (30 * POINT, {}, [])
    [problem] = validation.check(msgspec.structs.replace(CLASSIC, leave=-POINT))
    assert (problem.code, problem.field) == ("leave", "leave")
    assert editing.edited(CLASSIC, {"leave": ""})[0].leave is None
    [change] = difference.between(CLASSIC, editing.edited(CLASSIC, {"leave": "50"})[0])
    assert (change.tag, change.text) == ("Was 60", "An MQL leaves below **50** points, was 60")


def test_a_fresh_instance_has_the_classic_set():
    assert queries.live_rule_set() is None
    assert rule_sets.live(at=NOON).rules == CLASSIC
    assert rule_sets.live(at=NOON).number == 1


def test_a_draft_leaves_the_live_set_alone():
    draft = rule_sets.draft_from_live(at=NOON)
    assert rule_sets.draft_from_live(at=NOON) == draft
    rule_sets.change(draft, with_threshold(50), at=NOON)
    assert queries.live_rule_set().rules == CLASSIC
    assert draft.number == 2


def test_publishing_retires_the_old_set_and_is_written_down(mira):
    published(with_threshold(50), by=mira)
    old, new = RuleSet.objects.order_by("number")
    assert (old.state, old.retired_at) == ("retired", NOON)
    assert (new.state, new.published_at, new.published_by, new.note) == ("live", NOON, mira, "A try")
    assert AuditEntry.objects.get().action == "qualify.rule_set_published"


def test_a_set_with_a_fault_is_not_published():
    draft = rule_sets.draft_from_live(at=NOON)
    rule_sets.change(draft, with_threshold(0), at=NOON)
    with pytest.raises(DomainError, match="The threshold is between 1 and 1,000"):
        rule_sets.publish(draft, at=NOON)
    assert queries.live_rule_set().rules == CLASSIC


def test_a_draft_that_is_gone_cannot_be_changed_or_published():
    draft = rule_sets.draft_from_live(at=NOON)
    rule_sets.discard(RuleSet.objects.get(id=draft.id), at=NOON)
    with pytest.raises(DomainError, match="published or discarded"):
        rule_sets.change(draft, CLASSIC, at=NOON)
    with pytest.raises(DomainError, match="published or discarded"):
        rule_sets.publish(draft, at=NOON)


def test_leads_of_today_are_scored_again_and_quietly(ines, story_of):
    others = [story_of(f"someone{number}@firm.example.com") for number in range(3)]
    ines.visits_pricing(NOON - HOUR)
    assert ines.score() == 25
    published(with_threshold(20))
    assert ines.score(NOON + HOUR) == 25
    assert ines.lead.stage == "mql"
    assert others[0].score(NOON + HOUR) == 0
    [change] = StageChange.objects.all()
    assert change.reason == "rule set published: 25 of 20 points"
    assert change.rule_set_number == 2
    assert set(ScoreState.objects.values_list("rule_set_number", flat=True)) == {2}


def test_many_leads_are_scored_again_in_pieces(ines, story_of, monkeypatch):
    from handraiser.qualify.actions import scores

    for number in range(4):
        story_of(f"someone{number}@firm.example.com").score()
    monkeypatch.setattr(scores, "_CHUNK", 2)
    published(with_threshold(20))
    assert [scores.due(NOON + HOUR) for _ in range(4)] == [2, 2, 1, 0]


def test_rolling_back_makes_the_old_rules_live_as_a_new_version(ines, mira):
    published(with_threshold(10))
    draft = rule_sets.draft_from_live(at=NOON)
    first = RuleSet.objects.get(number=1)
    again = rule_sets.roll_back(first, at=NOON + HOUR, by=mira)
    assert (again.number, again.state, again.note) == (3, "live", "Back to rule set 1")
    assert again.rules == CLASSIC
    draft.refresh_from_db()
    assert (draft.number, draft.state) == (4, "draft")
    assert RuleSet.objects.get(number=2).state == "retired"
    assert ines.score(NOON + 2 * HOUR) == 15
    assert ScoreState.objects.get().rule_set_number == 3


def test_only_an_earlier_version_can_come_back():
    with pytest.raises(DomainError, match="not an earlier version"):
        rule_sets.roll_back(rule_sets.live(at=NOON), at=NOON)


def test_the_effect_on_leads_of_today_is_told_before_publishing(ines, story_of):
    ines.visits_pricing(NOON - HOUR)
    story_of("marcus@oriel.example.com").score()
    ines.score()
    effect = effects.effect(with_threshold(20), CLASSIC, at=NOON)
    assert (effect.n, effect.all_open) == (2, 2)
    assert (effect.reach_before, effect.reach_after, effect.promoted) == (0, 1, 1)
    [side] = effect.sides
    assert (side.lead, side.points_before, side.points_after) == (ines.lead, "25", "25")
    assert side.becomes_mql


def test_an_mql_between_the_old_line_and_a_higher_new_one_leaves(ines, story_of, mira):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    by_hand = story_of("marcus@oriel.example.com")
    by_hand.visits_pricing(NOON - DAY)
    assert (ines.score(), by_hand.score()) == (75, 10)
    stages.move(by_hand.lead, "mql", at=NOON, by="usr_1")
    higher = msgspec.structs.replace(CLASSIC, threshold=90 * POINT, leave=80 * POINT)
    effect = effects.effect(higher, CLASSIC, at=NOON)
    assert (effect.demoted, [side.lead for side in effect.sides if side.leaves]) == (1, [ines.lead])
    published(higher, by=mira)
    ines.score(NOON + HOUR)
    by_hand.score(NOON + HOUR)
    assert (ines.lead.stage, by_hand.lead.stage) == ("lead", "mql")
    assert StageChange.objects.latest("id").reason == "rule set published: 75 points, below 80"


def test_an_mql_that_would_leave_is_told_before_publishing_and_leaves(ines, mira):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    without_demo = msgspec.structs.replace(
        CLASSIC, rules=tuple(rule for rule in CLASSIC.rules if rule.key != "demo")
    )
    effect = effects.effect(without_demo, CLASSIC, at=NOON)
    assert (effect.promoted, effect.demoted, [side.leaves for side in effect.sides]) == (0, 1, [True])
    published(without_demo, by=mira)
    assert ines.score(NOON + HOUR) == 35
    assert ines.lead.stage == "lead"
    assert StageChange.objects.latest("number").reason == "rule set published: 35 points, below 60"


def test_the_effect_asks_the_same_few_questions_of_many_leads(story_of):
    many = set()
    for number in range(3):
        story_of(f"someone{number}@firm.example.com")
        with CaptureQueriesContext(connection) as asked:
            effects.effect(CLASSIC, CLASSIC, at=NOON)
        many.add(len(asked))
    assert len(many) == 1


COMPETITOR = Exclusion(
    key="out", reason="competitor", field="email_domain", test="is", value="halden.example.com"
)


def leaving_out(*some, **more):
    return msgspec.structs.replace(CLASSIC, exclusions=some, **more)


@pytest.mark.parametrize("leave", [60 * POINT, None])
def test_an_mql_who_is_left_out_leaves_with_the_reason_and_comes_back(ines, mira, leave):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    draft = leaving_out(COMPETITOR, leave=leave)
    if leave is None:
        published(msgspec.structs.replace(CLASSIC, leave=None), by=mira)
        ines.score(NOON)
    assert effects.effect(draft, CLASSIC, at=NOON).demoted == 1
    published(draft, by=mira, at=NOON + HOUR)
    assert ines.score(NOON + HOUR) == 0
    assert (ines.lead.stage, ines.lead.grade, ines.lead.temperature) == ("lead", "C3", "cold")
    change = StageChange.objects.latest("number")
    assert (change.reason, change.at) == ("rule set published: left out: competitor", NOON + HOUR)
    told = explanations.why(ines.lead)
    assert (told.left_out, told.left_out_by) == (
        "competitor",
        "Email domain is **halden.example.com**",
    )
    assert (told.lines, told.missing, told.could_add) == ((), (), ())
    assert explanations.why(ines.lead, NOON).score.total == 75 * POINT

    people.change(
        person=ines.person, values={"email": "ines@elsewhere.example.com"}, at=NOON + 2 * HOUR, proven=True
    )
    assert ines.score(NOON + 2 * HOUR) == 75
    assert ines.lead.stage == "mql"


def test_whom_somebody_moved_stays_though_left_out(ines, mira):
    ines.score()
    stages.move(ines.lead, "mql", at=NOON, by="usr_1")
    published(leaving_out(COMPETITOR), by=mira)
    assert ines.score(NOON + HOUR) == 0
    assert ines.lead.stage == "mql"


def test_an_address_that_bounced_is_known_and_can_leave_somebody_out(ines, mira):
    bounced = Exclusion(key="out", reason="address bounced", field="email_bounced", test="is_true")
    published(leaving_out(bounced), by=mira)
    assert ines.score() == 15
    suppressions.add(email="ines@halden.example.com", reason="bounced", scope="all", at=NOON + HOUR)
    with transaction.atomic():
        outbox.publish(
            MessageFailed(message="msg_1", outcome="failed", error="550"),
            at=NOON + HOUR,
            person=ines.person.id,
        )
    assert ines.score(NOON + HOUR) == 0
    ines.person.refresh_from_db()
    assert queries.attributes(ines.person)["email_bounced"] is True
    assert queries.known([ines.lead.id])[ines.lead.id].person == queries.attributes(ines.person)
    assert explanations.why(ines.lead, NOON).score.total == 15 * POINT


def test_fading_points_go_by_the_sweep_without_an_event(ines):
    fading = msgspec.structs.replace(CLASSIC.rule("pricing"), days=None, half_life_days=2)
    published(msgspec.structs.replace(CLASSIC, rules=(fading,)))
    ines.visits_pricing(NOON)
    assert [ines.score(NOON + days * DAY) for days in (0, 2, 4, 11)] == [10, 5, 2, 0]
    ines.lead.refresh_from_db()
    assert ines.lead.points == POINT * 10 * rule_set.weights(2)[11] // rule_set.PARTS
    ines.score(NOON + 12 * DAY)
    assert (ines.lead.points, ScoreState.objects.get().next_change_at) == (0, None)
    then = explanations.why(ines.lead, NOON + 2 * DAY)
    [line] = then.lines
    assert (then.score.total, line.lasts, line.half_life, line.until) == (
        5 * POINT,
        "fades",
        2,
        NOON + 3 * DAY,
    )
    assert (line.events[0].left, line.events[0].until) == ("+5", NOON + 12 * DAY)
