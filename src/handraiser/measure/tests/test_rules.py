"""Ranges, tests of change, periods: against numbers that others worked out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.measure.rules import comparisons, counts, periods
from handraiser.measure.rules.comparisons import Change, Verdict
from handraiser.measure.rules.periods import Period

COUNT = st.integers(0, 3_000)
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def test_two_shares_as_statsmodels_says():
    z = comparisons.shares_z(120, 2400, 150, 2400)
    assert z == pytest.approx(-1.87936, abs=1e-5)
    assert comparisons.two_sided(z) == pytest.approx(0.06019, abs=1e-5)


@pytest.mark.parametrize(
    ("hits", "n", "share", "p"),
    [
        (51, 235, 1 / 6, 0.0437479701823997),  # R, binom.test
        (682, 925, 3 / 4, 0.3824916),  # R, the example of ?binom.test
        (5, 10, 0.5, 1.0),
        (0, 10, 0.5, 2 / 1024),
    ],
)
def test_one_share_as_r_says(hits, n, share, p):
    assert comparisons.binomial_p(hits, n, share) == pytest.approx(p, rel=1e-5)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's limits as tables give them.
    [(0, 0, 3.688879), (1, 0.025318, 5.571643), (10, 4.795389, 18.390356), (17, 9.903081, 27.218648)],
)
def test_a_count_has_garwoods_range(count, low, high):
    assert counts.poisson_range(count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("count", [101, 400, 900])
def test_above_a_hundred_the_approximation_is_close(count, monkeypatch):
    close = counts.poisson_range(count)
    monkeypatch.setattr(counts, "_EXACT_UP_TO", 1_000)
    assert close == pytest.approx(counts.poisson_range(count), abs=0.01)


@given(COUNT, COUNT)
def test_a_larger_count_has_a_higher_range(one, other):
    low, high = sorted((one, other))
    assert counts.poisson_range(low)[0] <= counts.poisson_range(high)[0]
    assert counts.poisson_range(low)[0] <= low <= counts.poisson_range(low)[1]


@given(st.one_of(st.none(), st.integers(0, 10**9)), st.integers(0, 500))
def test_a_cost_lies_in_its_range_and_unknown_is_not_zero(amount, count):
    cost = counts.each(amount, count)
    if amount is None:
        assert cost.value is None and cost.low is None
    elif count:
        assert cost.low <= cost.value <= cost.high
    else:
        assert cost.value is None and cost.high is None


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 500))
def test_roi_is_roas_less_one(amount, revenue, wins):
    roi, roas = counts.return_on(amount, revenue if wins else 0, wins)
    assert roi.value == pytest.approx(roas.value - 1)
    assert roi.low <= roi.value
    assert counts.return_on(None, revenue, wins)[0].value is None
    assert counts.return_on(amount, None, wins)[0].value is None


def test_worked_returns():
    roi, roas = counts.return_on(100_00, 250_00, 3)
    assert (roi.value, roas.value) == (1.5, 2.5)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_a_verdict_never_contradicts_its_difference(hits, more, hits_before, more_before):
    change = comparisons.of_shares(hits, hits + more, hits_before, hits_before + more_before)
    if change.verdict == Verdict.RISE:
        assert change.difference > 0 and change.p < comparisons.DAILY_ALPHA
    if change.verdict == Verdict.FALL:
        assert change.difference < 0
    if change.p is not None:
        assert 0 <= change.p <= 1


def test_what_people_would_call_a_rise_but_chance_explains():
    assert comparisons.of_shares(150, 2400, 120, 2400).verdict == Verdict.NONE
    assert comparisons.of_counts(99, 7, 87, 7).verdict == Verdict.NONE
    assert comparisons.of_counts(1284, 91, 1131, 91).verdict == Verdict.RISE
    assert comparisons.of_shares(2, 10, 2, 100).verdict == Verdict.NONE


def test_young_leads_and_empty_pasts_are_not_judged():
    assert comparisons.of_shares(1, 100, 30, 100, young=11).verdict == Verdict.EARLY
    assert comparisons.of_shares(1, 100, 30, 100, young=10).verdict == Verdict.FALL
    assert comparisons.of_counts(10, 7, 0, 7).verdict == Verdict.UNKNOWN
    assert comparisons.of_costs(None, 10, 100, 10).verdict == Verdict.UNKNOWN
    assert comparisons.of_costs(40_000_00, 1600, 40_000_00, 1131).verdict == Verdict.FALL


def test_the_first_sentence_is_made_of_tested_facts():
    rise, fall, same = Change(Verdict.RISE), Change(Verdict.FALL), Change(Verdict.NONE)
    say = comparisons.answer
    assert say(same, same, same, period="these 13 weeks") == "No clear change in these 13 weeks"
    assert say(rise, fall, same, period="x") == "More leads, at a lower cost"
    assert say(same, rise, fall, period="x") == "Leads at a higher cost, of lower quality"
    unknown = Change(Verdict.UNKNOWN)
    assert (
        say(unknown, unknown, unknown, period="these 4 weeks") == "Nothing to compare these 4 weeks with yet"
    )


def test_a_day_is_the_organisations_day():
    summer = Period(date(2026, 6, 1), date(2026, 6, 2), "Europe/London")
    assert summer.begins_at.isoformat() == "2026-05-31T23:00:00+00:00"
    change = Period(date(2026, 3, 29), date(2026, 3, 30), "Europe/London")
    assert change.ends_at - change.begins_at == timedelta(hours=23)
    assert summer.before == Period(date(2026, 5, 31), date(2026, 6, 1), "Europe/London")
    with pytest.raises(ValueError, match="ends after"):
        Period(date(2026, 6, 2), date(2026, 6, 2), "UTC")


DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(DAYS, st.integers(1, 400), DAYS, st.integers(0, 400))
def test_a_spend_is_shared_out_by_its_days(start, length, first, more):
    last = first + timedelta(days=more)
    period = Period(start, start + timedelta(days=length), "UTC")
    parts = [
        periods.share_of(Period(a, b, "UTC"), first, last)
        for a, b in (
            (date(2000, 1, 1), period.start),
            (period.start, period.end),
            (period.end, date(2050, 1, 1)),
        )
    ]
    assert sum(parts) == pytest.approx(1)
    assert all(0 <= part <= 1 for part in parts)


@given(DAYS, st.integers(1, 400), st.integers(0, 50))
def test_a_series_loses_nobody(start, length, daily):
    period = Period(start, start + timedelta(days=length), "UTC")
    days = {start + timedelta(days=n): daily for n in range(length)}
    buckets = periods.series(period, days)
    assert sum(bucket.count for bucket in buckets) == daily * length
    assert len(buckets) <= max(length, 2)
