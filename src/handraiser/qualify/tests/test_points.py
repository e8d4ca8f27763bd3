"""The numbers alone, held equal to the score with its reasons on any rules, history and order of arrival."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.qualify.rules import points, scoring
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.points import NEVER, Counts, Numbers, Prepared, Step, Tally, TooLate, walk
from handraiser.qualify.rules.rule_set import (
    DAY_MS,
    POINT,
    AttributeRule,
    EventRule,
    Exclusion,
    FrequencyRule,
    Limits,
    Range,
)
from handraiser.qualify.rules.scoring import Evidence

START = 400 * DAY_MS
DAYS = 50
PAGE, OPENED = "attract.page_viewed", "delivery.email_opened"

signed = st.sampled_from([("engagement", 1), ("engagement", 3), ("fit", 2), ("against", -2)])
narrowed = st.sampled_from([("", ""), ("path", "/pricing/"), ("path", "/b*, /c"), ("message", "1, x")])
windows = st.one_of(st.none(), st.integers(1, 10), st.integers(31, 40))
lasting = st.one_of(
    windows.map(lambda days: {"days": days}), st.integers(1, 9).map(lambda days: {"half_life_days": days})
)
caps = st.fixed_dictionaries(
    {}, optional={name: st.integers(1, 3) for name in ("at_most", "at_most_a_day", "at_most_30_days")}
)
event_rules = st.builds(
    lambda group, where, event, counting, capped, lasts: {
        "group": group[0], "points": group[1] * POINT, "event": event, "where_field": where[0], "value": where[1],
        "counting": counting, "distinct": "path" if event == PAGE else "message", **capped, **lasts,
    },
    signed, narrowed, st.sampled_from([PAGE, OPENED]), st.sampled_from(["each", "visit", "distinct", "once"]),
    caps, lasting,
)  # fmt: skip
frequency_rules = st.builds(
    lambda group, times, within: {
        "group": group[0], "points": group[1] * POINT, "event": PAGE, "distinct": "path", "times": times,
        "within_days": within,
    },
    signed, st.integers(2, 3), st.integers(1, 5),
)  # fmt: skip
attribute_rules = st.builds(
    lambda group, what: {
        "group": group[0], "points": group[1] * POINT, "field": what[0], "test": what[1], "value": "vp, 1",
        "low": 1 if what[1] == "between" else None,
        "ranges": tuple(
            Range(low=low, high=low and low + 1, points=group[1] * (low or 5) * POINT) for low in (2, 1, None)
        ),
    },
    signed,
    st.sampled_from(
        [("job_title", "contains"), ("job_title", "is"), ("x", "is_true"), ("x", "between"), ("x", "ranges")]
    ),
)  # fmt: skip
OUT = Exclusion(key="out", reason="competitor", field="job_title", test="is", value="a vp, 1")
OTHER = Exclusion(key="other", reason="too small", field="x", test="between", high=1)
rule_sets = st.builds(
    lambda events, frequencies, attributes, limit, exclusions: msgspec.structs.replace(
        CLASSIC,
        threshold=6 * POINT,
        exclusions=exclusions,
        limits=Limits(fit=limit * POINT, engagement=3 * limit * POINT, against=-limit * POINT),
        rules=tuple(
            kind(key=f"{kind.__name__}{number}", **rule)
            for kind, some in ((AttributeRule, attributes), (EventRule, events), (FrequencyRule, frequencies))
            for number, rule in enumerate(some)
        ),
    ),
    st.lists(event_rules, max_size=6),
    st.lists(frequency_rules, max_size=2),
    st.lists(attribute_rules, max_size=3),
    st.one_of(st.integers(0, 5), st.just(100)),
    st.sampled_from([(), (), (), (OUT,), (OTHER, OUT)]),
)
# Days apart, or in one stretch of a day or two: caps and visits matter there.
moments = st.one_of(
    st.integers(0, DAYS * 48).map(lambda half_hours: START + half_hours * 1_799_999),
    st.integers(0, 90).map(lambda half_hours: START + 20 * DAY_MS + half_hours * 1_799_999),
)
seen = st.lists(
    st.tuples(
        st.sampled_from([PAGE, PAGE, OPENED, "people.lead_opened"]),
        moments,
        st.sampled_from(["", "v1", "v2"]),
        st.fixed_dictionaries(
            {},
            optional={
                "path": st.sampled_from(["/pricing", "/pricing/", "/b/1", "/b/2", "/C", " /c/ "]),
                "message": st.sampled_from(["1", 1, True, None, "X", ["x"], 1.0]),
                "bot": st.sampled_from(["", "", "", "crawler"]),
                "machine": st.sampled_from(["", "", "", "scanner"]),
            },
        ),
    ),
    max_size=25,
)
known = st.fixed_dictionaries(
    {},
    optional={
        "job_title": st.sampled_from(["VP", "a vp", "1"]),
        "x": st.sampled_from([True, 1, 0, "2", "z", None]),
    },
)


# Anything between in order and days late, read in pieces of any size, some of it twice.
arrivals = st.tuples(st.integers(0, 6), st.randoms(use_true_random=False))
LATE = [0, 0, 0, 60_000, 1_799_999, 7_200_000, DAY_MS, 3 * DAY_MS]


def arrived(history, arrival):
    """The history as (received, evidence) in the order of arrival."""
    late, rng = arrival
    told = [
        (at + rng.choice(LATE[: late + 1]), Evidence(str(number), name, at, who, body))
        for number, (name, at, who, body) in enumerate(history)
    ]
    return sorted(told, key=lambda one: one[0])


def counted(prepared, one):
    body = json.dumps(one.body)
    means = prepared.read(one.name, body)
    if means is None:
        return []
    assert means == prepared.told(one.name, one.body)
    return [(one.id, one.at, one.visitor, means, prepared.is_view(one.name))]


def stored(tally):
    return msgspec.json.decode(msgspec.json.encode(tally.kept()), type=Counts)


def anew(prepared, heard):
    tally = Tally(prepared, Counts({}, {}))
    for one in sorted(heard, key=lambda one: one.at):
        for event in counted(prepared, one):
            tally.add(*event)
    return tally


def as_numbers(score):
    return Numbers(*(getattr(score, name) for name in Numbers._fields))


def agrees(prepared, fitting, attributes, points, heard, now):
    score = scoring.evaluate(prepared.rules, attributes, heard, now_ms=now)
    assert prepared.worth(fitting, points) == as_numbers(score), (now, heard)
    return score


@settings(max_examples=400, deadline=None)
@given(rule_sets, known, seen, arrivals)
def test_counts_that_are_kept_up_agree_with_the_score_at_every_moment(rules, attributes, history, arrival):
    prepared = Prepared(rules)
    fitting = prepared.fitting(attributes)
    rng = arrival[1]
    arriving = arrived(history, arrival)
    kept, heard, now = Counts({}, {}), [], START
    while arriving:
        batch = [arriving.pop(0) for _ in range(min(len(arriving), rng.choice((1, 1, 3, 9))))]
        read = [one for _, one in batch]
        if heard and rng.random() < 0.3:
            read.insert(0, rng.choice(heard))  # told again
        steps = [Step(one.at, one.id, counted(prepared, one)) for one in read]
        upto = max([now, *(one.at for one in read)])
        tally = Tally(prepared, kept)
        before = stored(tally)
        try:
            most = None
            for step in steps:
                for event in step.events:
                    tally.add(*event)
            most = tally.most()
            tally.at(upto)
            walked = Tally(prepared, before)
            stood = Tally(prepared, stored(Tally(prepared, before)))
            stood.at(now)
            last = sum(stood.points)
            way = list(walk(walked, steps, since=now, upto=upto))
            assert (walked.points, walked.next_change_at) == (tally.points, tally.next_change_at)
            gone = 0
            for moment, cause, points in way:
                gone += cause is not None
                agrees(prepared, fitting, attributes, points, heard + read[:gone], moment)
                assert sum(max(0, given) for given in points) <= most
                assert cause is None or sum(points) >= last or tally.may_fall
                last = sum(points)
        except TooLate:
            tally = anew(prepared, heard + read)
            tally.at(upto)
        heard += read
        score = agrees(prepared, fitting, attributes, tally.points, heard, upto)
        assert score.next_change_at is None or tally.next_change_at >= score.next_change_at
        kept, now = stored(tally), upto
        # By time alone: nothing before the moment that was told, and what is told then is right.
        if tally.next_change_at < NEVER and rng.random() < 0.5:
            later = tally.next_change_at
            agrees(prepared, fitting, attributes, tally.points, heard, later - 1)
            sweep = Tally(prepared, kept)
            sweep.at(later)
            agrees(prepared, fitting, attributes, sweep.points, heard, later)
            kept, now = stored(sweep), later


def test_of_two_visits_that_a_late_view_joins_a_third_takes_the_place():
    rule = EventRule(
        key="visits", group="engagement", points=POINT, event=PAGE, counting="visit", at_most=2, days=30
    )
    prepared = Prepared(msgspec.structs.replace(CLASSIC, rules=(rule,)))
    hour = 3_600_000

    def view(number, at):
        return (str(number), START + at, "v1", prepared.told(PAGE, {"path": "/"}), True)

    tally = Tally(prepared, Counts({}, {}))
    for number, at in enumerate((0, 10 * hour, 10 * hour + 2_400_000)):
        tally.add(*view(number, at))
    kept = Tally(prepared, stored(tally))
    with pytest.raises(TooLate):  # the oldest visit was left out, and counts again
        kept.add(*view(3, 10 * hour + 1_200_000))


def test_a_view_from_before_what_is_kept_is_too_late():
    prepared = Prepared(CLASSIC)
    means = prepared.told(PAGE, {"path": "/pricing/"})
    tally = Tally(prepared, Counts({}, {}))
    tally.add("1", START, "v1", means, True)
    kept = Tally(prepared, stored(tally))
    with pytest.raises(TooLate):
        kept.add("2", START - 3 * DAY_MS, "v1", means, True)


# Twelve hours apart, so that days, windows and thirty days are met to the millisecond.
one_rule = st.builds(
    lambda counting, capped, lasts, points: EventRule(
        key="one", group="engagement" if points > 0 else "against", points=points, event=OPENED,
        counting=counting, distinct="message", **capped, **lasts,
    ),
    st.sampled_from(["each", "distinct"]), caps, lasting, st.sampled_from([POINT, 7_000_003, -333_333]),
)  # fmt: skip
half_days = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["a", "b", "c", "d"])), min_size=3, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(one_rule, half_days, st.integers(0, 100), st.randoms(use_true_random=False))
def test_one_rule_with_caps_or_fading_agrees_in_any_order(rule, history, upto, rng):
    far = Limits(fit=0, engagement=10_000 * POINT, against=-10_000 * POINT)
    prepared = Prepared(msgspec.structs.replace(CLASSIC, limits=far, rules=(rule,)))
    read = [
        Evidence(str(number), OPENED, START + half_day * DAY_MS // 2, "", {"message": message})
        for number, (half_day, message) in enumerate(history)
        if half_day <= upto
    ]
    rng.shuffle(read)
    half = rng.randrange(len(read) + 1)
    first = anew(prepared, read[:half])
    tally = Tally(prepared, stored(first))
    for one in [*read[half:], *read[: half // 2]]:
        for event in counted(prepared, one):
            tally.add(*event)
    now = START + upto * DAY_MS // 2
    tally.at(now)
    agrees(prepared, (), {}, tally.points, read, now)
    while tally.next_change_at < min(NEVER, now + 30 * DAY_MS):
        before, later = tally.points[:], tally.next_change_at
        agrees(prepared, (), {}, before, read, later - 1)
        tally.at(later)
        agrees(prepared, (), {}, tally.points, read, later)


@pytest.mark.parametrize("caps", [{"at_most_30_days": 1}, {"half_life_days": 5}])
def test_only_the_newest_thousand_things_are_looked_at(caps, monkeypatch):
    for module in (scoring, points):
        monkeypatch.setattr(module, "LOOKED_AT", 4)
    rule = EventRule(key="one", group="engagement", points=POINT, event=OPENED, **caps)
    far = Limits(fit=0, engagement=10_000 * POINT, against=0)
    prepared = Prepared(msgspec.structs.replace(CLASSIC, limits=far, rules=(rule,)))
    read = [Evidence(str(number), OPENED, START - number * DAY_MS * 16, "", {}) for number in range(9)]
    tally = Tally(prepared, stored(anew(prepared, read)))
    assert len(stored(tally).units[0]) == 4 if "at_most_30_days" in caps else True
    tally.at(START)
    assert agrees(prepared, (), {}, tally.points, read, START).lines[0].counted == 2


def test_an_event_that_moves_a_thing_to_a_full_day_can_take_points():
    rule = EventRule(
        key="one", group="engagement", points=POINT, event=OPENED, counting="distinct", distinct="message",
        at_most_a_day=1,
    )  # fmt: skip
    prepared = Prepared(msgspec.structs.replace(CLASSIC, rules=(rule,)))
    first = [("a", 0), ("b", DAY_MS)]
    read = [Evidence(name, OPENED, START + at, "", {"message": name}) for name, at in first]
    tally = anew(prepared, read)
    tally.at(START + DAY_MS)
    assert (tally.points, tally.may_fall) == ([2 * POINT], True)
    kept = Tally(prepared, stored(tally))
    again = Evidence("again", OPENED, START + DAY_MS + 1, "", {"message": "a"})
    kept.add(*counted(prepared, again)[0])
    kept.at(START + DAY_MS + 1)
    assert (kept.points, kept.may_fall) == ([POINT], True)
