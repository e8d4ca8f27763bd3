"""What would make a lead an MQL: true when tried, and nothing shorter is."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.qualify.rules import wording
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import DAY_MS, POINT, AttributeRule, EventRule
from handraiser.qualify.rules.scoring import evaluate
from handraiser.qualify.rules.ways import another, ways
from handraiser.qualify.tests.test_points import START, arrived, known, rule_sets, seen
from handraiser.qualify.tests.test_scoring import HOUR, NOW, event, opened, pricing


def said(rules, attributes, events):
    score = evaluate(rules, attributes, events, now_ms=NOW)
    found = ways(rules, attributes, events, score, now_ms=NOW)
    return [[(step.rule.key, step.more, step.gives // POINT) for step in way.steps] for way in found.best]


def test_the_cheapest_ways_of_the_classic_set():
    vp = {"job_title": "VP of Marketing"}
    assert said(CLASSIC, vp, [pricing(HOUR), pricing(3 * HOUR)])[:2] == [
        [("demo", 1, 40)],
        [("pricing", 2, 20), ("ebook", 4, 20)],
    ]
    assert said(CLASSIC, vp, [pricing(HOUR), pricing(3 * HOUR), *(opened(i, f"m{i}") for i in range(4))])[
        :2
    ] == [
        [("demo", 1, 40)],
        [("five_emails", 1, 20), ("pricing", 2, 20)],
    ]


def test_what_is_known_otherwise_is_no_way_and_what_is_unknown_is():
    demo = event("capture.form_submitted", ago=1, intent="demo", form="f")
    visits = [pricing(day * DAY_MS + HOUR) for day in range(2)]
    assert said(CLASSIC, {}, [demo, *visits])[0] == [("vp_of_marketing", 1, 15)]
    other = said(CLASSIC, {"job_title": "Engineer"}, [demo, *visits])
    assert all(key != "vp_of_marketing" for way in other for key, *_ in way)


def test_a_cap_that_is_full_offers_nothing_more():
    four = [pricing(day * DAY_MS + HOUR) for day in range(4)]
    found = ways(CLASSIC, {}, four, evaluate(CLASSIC, {}, four, now_ms=NOW), now_ms=NOW)
    assert all(step.rule.key != "pricing" for step in (way.steps[0] for way in found.single))
    tight = msgspec.structs.replace(
        CLASSIC, limits=msgspec.structs.replace(CLASSIC.limits, engagement=50 * POINT)
    )
    assert said(tight, {"job_title": "x"}, four) == []


def test_steps_read_as_sentences():
    assert wording.step(CLASSIC.rule("pricing"), 2) == "2 × Visited **/pricing/**"
    assert wording.step(CLASSIC.rule("five_emails"), 2) == "Opened **5 different emails** in 7 days: 2 more"
    assert wording.step(CLASSIC.rule("vp_of_marketing"), 1).endswith("not known yet")


@settings(max_examples=60, deadline=None)
@given(rule_sets, known, seen, st.randoms(use_true_random=False))
def test_a_way_is_enough_when_it_is_gone(rules, attributes, history, rng):
    events = [one for _, one in arrived(history, (0, rng))]
    now = START + 60 * DAY_MS
    score = evaluate(rules, attributes, events, now_ms=now)
    found = ways(rules, attributes, events, score, now_ms=now)
    for way in found.best:
        made = [
            another(step.rule, number, now)
            for step in way.steps
            if not isinstance(step.rule, AttributeRule)
            for number in range(1, step.more + 1)
        ]
        if len(made) == way.things:  # else something becomes known as well
            after = evaluate(rules, attributes, [*events, *made], now_ms=now)
            assert after.total == score.total + way.gives >= rules.threshold


def test_a_thing_that_two_rules_count_is_one_thing():
    both = EventRule(
        key="both", group="engagement", points=30 * POINT, event="attract.page_viewed", where_field="path",
        value="/pricing/", counting="once",
    )  # fmt: skip
    rules = msgspec.structs.replace(CLASSIC, rules=(*CLASSIC.rules, both))
    assert said(rules, {"job_title": "VP of Marketing"}, [])[:2] == [
        [("pricing", 1, 40), ("demo", 1, 40)],
        [("pricing", 3, 60)],
    ]
