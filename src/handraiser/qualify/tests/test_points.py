"""The numbers alone, held equal to the score with its reasons on arbitrary rules and histories."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.points import Prepared, Seen
from handraiser.qualify.rules.rule_set import POINT, AttributeRule, EventRule, FrequencyRule, Limits
from handraiser.qualify.rules.scoring import DAY_MS, Evidence

START = 400 * DAY_MS
DAYS = 20
PAGE, OPENED = "attract.page_viewed", "delivery.email_opened"

signed = st.sampled_from([("engagement", 1), ("engagement", 3), ("fit", 2), ("against", -2)])
narrowed = st.sampled_from([("", ""), ("path", "/pricing/"), ("path", "/b*, /c"), ("message", "1, x")])
windows = st.one_of(st.none(), st.integers(1, 10))
event_rules = st.builds(
    lambda group, where, event, counting, most, days: {
        "group": group[0], "points": group[1] * POINT, "event": event, "where_field": where[0], "value": where[1],
        "counting": counting, "at_most": most, "days": days, "distinct": "path" if event == PAGE else "message",
    },
    signed, narrowed, st.sampled_from([PAGE, OPENED]), st.sampled_from(["each", "visit", "distinct", "once"]),
    st.one_of(st.none(), st.integers(1, 4)), windows,
)  # fmt: skip
frequency_rules = st.builds(
    lambda group, times, within, keep: {
        "group": group[0], "points": group[1] * POINT, "event": PAGE, "distinct": "path", "times": times,
        "within_days": within, "keep_days": keep,
    },
    signed, st.integers(2, 3), st.integers(1, 5), st.integers(1, 8),
)  # fmt: skip
attribute_rules = st.builds(
    lambda group, what: {
        "group": group[0], "points": group[1] * POINT, "field": what[0], "test": what[1], "value": "vp, 1",
        "low": 1 if what[1] == "between" else None,
    },
    signed,
    st.sampled_from([("job_title", "contains"), ("job_title", "is"), ("x", "is_true"), ("x", "between")]),
)  # fmt: skip
rule_sets = st.builds(
    lambda events, frequencies, attributes, limit: msgspec.structs.replace(
        CLASSIC,
        threshold=6 * POINT,
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
    st.integers(0, 5),
)
seen = st.lists(
    st.tuples(
        st.sampled_from([PAGE, PAGE, OPENED, "people.lead_opened"]),
        st.integers(0, DAYS * 48).map(lambda half_hours: START + half_hours * 1_799_999),
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


@settings(max_examples=300, deadline=None)
@given(rule_sets, known, seen, st.integers(0, DAYS * DAY_MS), st.integers(0, 6 * DAY_MS))
def test_the_numbers_are_those_of_the_score(rules, attributes, history, end, back):
    now = START + end
    told = [
        Seen(number, name, at, who, json.dumps(body)) for number, (name, at, who, body) in enumerate(history)
    ]
    proofs = [Evidence(str(number), *one) for number, one in enumerate(history)]
    prepared = Prepared(rules)
    done = prepared.done(reversed(told), now_ms=now, since_ms=now - back)
    numbers = prepared.numbers(attributes, done)
    score = scoring.evaluate(rules, attributes, proofs, now_ms=now)
    assert numbers._asdict() == {name: getattr(score, name) for name in numbers._fields}
    if prepared.out_of_reach(attributes, done):
        for moment in {now - back, now, *(at for _, at, _, _ in history if now - back <= at <= now)}:
            for heard in range(len(proofs) + 1):
                past = scoring.evaluate(rules, attributes, proofs[:heard], now_ms=moment)
                assert past.total < rules.threshold
