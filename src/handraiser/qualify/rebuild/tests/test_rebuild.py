"""The rules as SQL, held equal to the score with its reasons and to the counts that are kept up, for anybody."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.core.journal.lake import engine
from handraiser.qualify.rebuild import counting, laying, paths, scores
from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.points import NEVER, Counts, Prepared, Tally
from handraiser.qualify.rules.scoring import DAY_MS, Evidence
from handraiser.qualify.tests.test_points import DAYS, PAGE, START, known, rule_sets, seen


@pytest.fixture(scope="module")
def started():
    with engine.connect() as db:
        yield db


def put(db, table, columns, rows):
    db.execute(f"create or replace temp table {table}({columns})")
    scores.insert(db, table, rows)


def lay_out(db, prepared, people, *, since_ms):
    """`people`: what is known of each, and what they did; every second event names its visitor only."""
    did = [
        (
            position,
            one.name,
            one.at,
            f"{who}{one.visitor}" if one.visitor else None,
            f"person_{who}" if one.visitor == "" or position % 2 else None,
            None,
            json.dumps(one.body),
            one.body.get("path") if isinstance(one.body.get("path"), str) else None,
            one.body.get("bot"),
        )
        for who, (_, history) in enumerate(people)
        for position, one in enumerate(history, who * 1_000)
    ]
    put(
        db,
        "events",
        "position bigint, name varchar, occurred_at bigint, visitor varchar, person varchar, lead varchar,"
        " body varchar, path varchar, bot varchar",
        did,
    )
    everybody = range(len(people))
    hashed = "key varchar, whose varchar"
    put(db, "leads_of", hashed, [])
    put(db, "old_ids", hashed, [])
    put(
        db,
        "seen_as",
        hashed,
        [(f"{who}{visitor}", f"person_{who}") for who in everybody for visitor in ("v1", "v2")],
    )
    for view, of in (("of_lead", "leads_of"), ("renamed", "old_ids"), ("known_as", "seen_as")):
        db.execute(
            f"create temp view {view} as select hash(key) as key, hash(whose) as person, 0::bigint as linked"
            f" from {of}"
        )
    leads = [(f"lead_{who}", f"person_{who}", "", "", "", "{}") for who in everybody]
    put(
        db,
        "asked",
        "lead varchar, whose varchar, channel varchar, source varchar, campaign varchar, attributes varchar",
        leads,
    )
    profiles = [
        (f"person_{who}", who, START, json.dumps(attributes)) for who, (attributes, _) in enumerate(people)
    ]
    put(db, "noted", "whose varchar, id bigint, moment bigint, attributes varchar", profiles)
    for view, of in (("scored", "asked"), ("profiles", "noted")):
        db.execute(f"create temp view {view} as select hash(whose) as person, * exclude (whose) from {of}")
    laying.lay_out(db, counting.told(prepared), since_ms=since_ms)


def evidence(history):
    """Machines are marked where mail is opened only."""
    return [
        Evidence(str(number), name, at, who, body if name != PAGE else {**body, "machine": ""})
        for number, (name, at, who, body) in enumerate(history)
    ]


def kept(prepared, attributes, history, now):
    """What the counts say: the numbers, and when time changes them."""
    tally = Tally(prepared, Counts({}, {}))
    for one in sorted(history, key=lambda one: one.at):
        means = prepared.read(one.name, json.dumps(one.body)) if one.at <= now else None
        if means is not None:
            tally.add(one.id, one.at, one.visitor, means, prepared.is_view(one.name))
    tally.at(now)
    until = tally.next_change_at if tally.next_change_at < NEVER else None
    return (*prepared.worth(prepared.fitting(attributes), tally.points), until)


@given(rule_sets, st.lists(st.tuples(known, seen), min_size=1, max_size=4), st.integers(0, DAYS * 4))
@settings(max_examples=30, deadline=None)
def test_a_rebuild_says_what_evaluate_and_the_counts_say(started, rules, people, quarter):
    db = started.cursor()  # temporary tables go with it
    now = START + quarter * DAY_MS // 4
    prepared = Prepared(rules)
    people = [(attributes, evidence(history)) for attributes, history in people]
    lay_out(db, prepared, people, since_ms=now)
    scores.score(db, prepared, now_ms=now)
    columns = "lead, fit, engagement, total, grade, temperature, next_change_at"
    found = {row[0]: row[1:] for row in db.execute(f"select {columns} from worth").fetchall()}
    for who, (attributes, history) in enumerate(people):
        score = scoring.evaluate(rules, attributes, history, now_ms=now)
        told = (score.fit, score.engagement, score.total, score.grade, score.temperature)
        assert found[f"lead_{who}"][:-1] == told
        assert found[f"lead_{who}"] == kept(prepared, attributes, history, now)


@given(
    rule_sets,
    st.lists(st.tuples(known, seen), min_size=1, max_size=3),
    st.integers(0, DAYS * 4),
    st.integers(0, 10),
)
@settings(max_examples=20, deadline=None)
def test_a_path_passes_through_every_moment_that_evaluate_knows(started, rules, people, quarter, days):
    begins = START + quarter * DAY_MS // 4
    ends = begins + days * DAY_MS
    db, prepared = started.cursor(), Prepared(rules)
    people = [(attributes, evidence(history)) for attributes, history in people]
    lay_out(db, prepared, people, since_ms=begins)
    db.execute(f"create temp table watched as select *, {begins} as begins, {ends} as ends from scored")
    paths.walk(db, prepared, {fact.name: fact for fact in counting.told(prepared)}, into="path", done={})
    found = {row[0]: row[1:] for row in db.execute("select lead, mql, top from path").fetchall()}
    for who, (attributes, history) in enumerate(people):
        # Points change when something happens, and when time alone says so.
        moments, at = {begins, *(one.at for one in history if begins < one.at <= ends)}, begins
        worth = {}
        for at in sorted(moments):
            while at is not None and at <= ends and at not in worth:
                score = scoring.evaluate(rules, attributes, history, now_ms=at)
                worth[at], at = score.total, score.next_change_at
        reached = [at for at, total in worth.items() if total >= rules.threshold]
        assert found[f"lead_{who}"] == (min(reached, default=None), max(worth.values()))
