from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.blueprints.northlight.install import FOLLOW_UP
from handraiser.nurture.rules import flow, words
from handraiser.nurture.starters import STARTERS

AT = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)

_wait = st.builds(
    lambda n, u: {"kind": "wait", "amount": n, "unit": u},
    st.integers(1, 9),
    st.sampled_from(list(flow.UNITS)),
)
_email = st.just({"kind": "email", "subject": "s", "body": "b"})
_task = st.just({"kind": "task", "title": "t", "hours": 1})
_exit = st.just({"kind": "exit"})


def _condition(children):
    return st.builds(
        lambda yes, no: {
            "kind": "condition",
            "test": {"type": "stage", "stage": "mql"},
            "yes": yes,
            "no": no,
        },
        st.lists(children, max_size=3),
        st.lists(children, max_size=3),
    )


_step = st.recursive(st.one_of(_wait, _email, _task, _exit), _condition, max_leaves=8)


def keyed(steps):
    numbered = {}

    def copy(step):
        made = dict(step, key=f"s{len(numbered)}")
        numbered[made["key"]] = made
        for branch in ("yes", "no"):
            if branch in step:
                made[branch] = [copy(child) for child in step[branch]]
        return made

    return [copy(step) for step in steps]


flows = st.lists(_step, max_size=6).map(keyed)


@given(flows, st.data())
def test_a_walk_ends_and_passes_no_step_twice(steps, data):
    keys = [step["key"] for step in flow.walk(steps)]
    answers = {key: data.draw(st.sampled_from(["yes", "no"])) for key in keys}
    happened = flow.simulate(steps, at=AT, answers=answers)
    passed = [line.step["key"] for line in happened]
    assert len(passed) == len(set(passed)) <= len(keys)
    assert [line.at for line in happened] == sorted(line.at for line in happened)


@given(flows)
def test_every_top_level_step_is_reached_unless_somebody_leaves(steps):
    if any(step["kind"] == "exit" for step in flow.walk(steps)):
        return
    for answer in ("yes", "no"):
        keys = [step["key"] for step in flow.walk(steps)]
        passed = flow.simulate(steps, at=AT, answers=dict.fromkeys(keys, answer))
        assert {step["key"] for step in steps} <= {line.step["key"] for line in passed}


@given(flows)
def test_holder_and_find_agree(steps):
    for step in flow.walk(steps):
        found = flow.holder(steps, step["key"])
        assert found is not None and found[0][found[1]] is flow.find(steps, step["key"])


def test_after_an_unknown_step_nothing_comes():
    assert flow.after([{"key": "a", "kind": "exit"}], "zzz") == ""


@pytest.mark.parametrize(
    ("path", "days_ago", "met"),
    [
        ("/pricing", 1, True),
        ("/pricing/", 1, True),
        ("/pricing/teams", 1, True),
        ("/pricing-old", 1, False),
        ("/pricing", 4, False),
    ],
)
def test_visited_means_that_page_or_below_in_that_time(path, days_ago, met):
    known = flow.Known(pages=[(path, AT - timedelta(days=days_ago))])
    test = {"type": "visited", "path": "/pricing", "days": 3}
    assert flow.holds(test, known, at=AT) is met


def test_reactions_and_stage():
    clicked = flow.Known(stage="mql", reactions=frozenset({"clicked"}))
    assert flow.holds({"type": "opened"}, clicked, at=AT)
    assert flow.holds({"type": "clicked"}, clicked, at=AT)
    assert flow.holds({"type": "stage", "stage": "mql"}, clicked, at=AT)
    assert not flow.holds({"type": "clicked"}, flow.Known(reactions=frozenset({"opened"})), at=AT)


def test_triggers_and_exits():
    form = {"type": "form", "form": "form_a"}
    assert flow.starts(form, "capture.form_submitted", {"form": "form_a", "intent": "demo"})
    assert not flow.starts(form, "capture.form_submitted", {"form": "form_b", "intent": "demo"})
    intent = {"type": "form", "form": "", "intent": "magnet"}
    assert flow.starts(intent, "capture.form_submitted", {"form": "x", "intent": "magnet"})
    assert not flow.starts({}, "capture.form_submitted", {"form": "", "intent": ""})
    assert flow.starts({"type": "stage", "stage": "sql"}, "qualify.stage_changed", {"stage": "sql"})
    assert flow.leaves([], "delivery.unsubscribed", {}) == "unsubscribed"
    assert flow.leaves([], "qualify.stage_changed", {"stage": "customer"}) == ""
    assert flow.leaves(["mql"], "qualify.stage_changed", {"stage": "mql"}) == "mql"


def test_problems_are_sentences_about_a_step():
    broken = {
        "trigger": {},
        "steps": [
            {"key": "a", "kind": "wait", "amount": 0, "unit": "days"},
            {"key": "b", "kind": "email", "subject": " ", "body": ""},
            {"key": "c", "kind": "condition", "test": {"type": "visited", "path": "pricing", "days": 3}},
            {"key": "c", "kind": "task", "title": ""},
        ],
    }
    found = flow.problems(broken, lambda text: [])
    assert [key for key, _ in found] == ["", "a", "b", "b", "c", "c", "c"]
    assert flow.problems({"trigger": {}, "steps": []}, lambda text: [])


@pytest.mark.parametrize("name", STARTERS)
def test_every_starter_can_be_published(name):
    plan = STARTERS[name].plan
    assert flow.problems(plan, lambda text: []) == []
    assert all(words.title(step) for step in flow.walk(plan["steps"]))


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_welcome_series_sends_five_different_emails_within_a_week(answer):
    steps = FOLLOW_UP.plan["steps"]
    happened = flow.simulate(steps, at=AT, answers={"c1": answer})
    subjects = [line.step["subject"] for line in happened if line.step["kind"] == "email"]
    assert len(set(subjects)) == len(subjects) == 5
    assert timedelta(days=6) < happened[-1].at - AT < timedelta(days=8)
