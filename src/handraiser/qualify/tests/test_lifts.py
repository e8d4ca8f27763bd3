"""Whom each rule of a back-test fitted, held equal to `evaluate` at every moment, and what is said of it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings

from handraiser.qualify import lifts
from handraiser.qualify.actions import back_tests
from handraiser.qualify.rebuild.tests.test_rebuild import started, walk, watches
from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.points import Prepared
from handraiser.qualify.rules.rule_set import POINT, Limits
from handraiser.qualify.tests.test_back_tests import draft_with, past, tried
from handraiser.qualify.tests.test_points import rule_sets

__all__ = ["past", "started"]
WIDE = Limits(fit=900 * POINT, engagement=900 * POINT, against=-900 * POINT)


@given(rule_sets, watches())
@settings(max_examples=25, deadline=None)
def test_a_rule_fits_whom_it_gives_points_at_some_moment(started, rules, watch):
    rules = msgspec.structs.replace(rules, exclusions=(), limits=WIDE)
    people, begins, ends = watch
    db, prepared = started.cursor(), Prepared(rules)
    walked = walk(db, prepared, people, begins, ends)
    db.execute(
        "create temp table outcomes as select lead, case when lead = 'lead_0' then 1 end as sql_at,"
        " null::bigint as customer_at from watched"
    )
    expected = dict.fromkeys((rule.key for rule in rules.rules), (0, 0, 0))
    for who, (attributes, history) in enumerate(people):
        fitted, moments, looked = set(), {begins, *(e.at for e in history if begins < e.at <= ends)}, set()
        for at in sorted(moments):
            while at is not None and at <= ends and at not in looked:
                score = scoring.evaluate(rules, attributes, history, now_ms=at)
                looked.add(at)
                fitted |= {line.rule for line in score.lines if line.points}
                at = score.next_change_at
        for key in fitted:
            leads, sqls, customers = expected[key]
            expected[key] = (leads + 1, sqls + (who == 0), customers)
    assert lifts.count(db, prepared, walked) == expected


@pytest.mark.django_db
def test_a_back_test_counts_whom_each_rule_fitted_before_sales_took_them(past):
    result = msgspec.convert(tried(draft_with(40)).result, back_tests.Result)
    # Cy asked for a demo too, but after sales had taken her further.
    assert result.rules["demo"] == (2, 1, 0)
    assert result.rules["pricing"] == (0, 0, 0)


def test_a_lift_has_its_range_and_too_few_have_none():
    told = lifts.lifts({"a": (100, 40, 3), "b": (9, 8, 1), "c": (200, 40, 9)}, all_leads=(1_000, 200, 9))
    assert (told.became, told.base.value) == ("SQL", 0.2)
    better, few, same = told.by_rule.values()
    assert (better.times, better.tone) == (2.0, "good")
    assert better.low == pytest.approx(0.3094 / 0.2, abs=1e-3) and better.high == pytest.approx(
        2.49, abs=0.01
    )
    assert (few.leads, few.times, few.tone) == (9, None, "")
    assert (same.times, same.tone) == (1.0, "")


def test_customers_are_told_where_there_are_enough():
    told = lifts.lifts({"a": (400, 90, 0)}, all_leads=(1_000, 200, 40))
    assert (told.became, told.by_rule["a"].times, told.by_rule["a"].tone) == ("customer", 0.0, "bad")


def test_nothing_is_said_where_nothing_came_of_anybody():
    told = lifts.lifts({"a": (400, 2, 0)}, all_leads=(1_000, 2, 0))
    assert told.by_rule["a"].times is None
