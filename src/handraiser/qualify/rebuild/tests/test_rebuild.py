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
    put(db, "numbered", "person uinteger, whose varchar", [(n + 1, f"person_{n}") for n in everybody])
    browsers = [(n + 1, f"{n}{visitor}") for n in everybody for visitor in ("v1", "v2")]
    put(db, "seen_as", "person uinteger, visitor varchar", browsers)
    db.execute("create temp view names as select hash(whose) as key, person from numbered")
    db.execute(
        "create temp view owners as select hash(visitor) as key, person, 0::bigint as linked from seen_as"
    )
    leads = [(f"lead_{n}", n + 1, "", "", "", "{}") for n in everybody]
    put(
        db,
        "scored",
        "lead varchar, person uinteger, channel varchar, source varchar, campaign varchar, attributes varchar",
        leads,
    )
    profiles = [(n + 1, n, START, json.dumps(attributes)) for n, (attributes, _) in enumerate(people)]
    put(db, "profiles", "person uinteger, id bigint, moment bigint, attributes varchar", profiles)
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


@st.composite
def watches(draw):
    """A few people with what is known of them and what they did, and from when to when they are watched."""
    people = draw(st.lists(st.tuples(known, seen), min_size=1, max_size=3))
    begins = START + draw(st.integers(0, DAYS * 4)) * DAY_MS // 4
    ends = begins + draw(st.integers(0, 10)) * DAY_MS
    return [(attributes, evidence(history)) for attributes, history in people], begins, ends


def walk(db, prepared, people, begins, ends):
    """Make the table `path` of what they were worth; returns what each rule gave when."""
    lay_out(db, prepared, people, since_ms=begins)
    db.execute(
        f"create temp table watched as select *, person as number, {begins} as begins, {ends} as ends from scored"
    )
    walked = paths.Walked(db, [prepared], {fact.name: fact for fact in counting.told(prepared)})
    paths.walk(db, prepared, walked, into="path")
    return walked


@given(rule_sets, watches())
@settings(max_examples=20, deadline=None)
def test_a_path_passes_through_every_moment_that_evaluate_knows(started, rules, watch):
    people, begins, ends = watch
    db = started.cursor()
    walk(db, Prepared(rules), people, begins, ends)
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
