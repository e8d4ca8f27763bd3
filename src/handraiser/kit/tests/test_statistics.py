"""Intervals against published and independently computed figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.kit.statistics import rate, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # statsmodels 0.15, proportion_confint(method="wilson")
        (2, 10, 0.0567, 0.5098),
        (10, 100, 0.0552, 0.1744),
        (2, 100, 0.0055, 0.0700),
        (842, 8000, 0.0987, 0.1122),
        (0, 30, 0.0, 0.1135),
    ],
)
def test_it_works(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_is_unknown_not_zero():
    assert rate(0, 0).value is None and rate(0, 0).as_dict() == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
    }


def test_not_a_share_is_refused():
    for hits, n in [(1, 0), (3, 2), (-1, 5)]:
        with pytest.raises(ValueError, match="not a share"):
            wilson(hits, n)


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_range_holds_the_share(case):
    hits, n = case
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1


@given(st.integers(0, 50), st.integers(50, 100))
def test_more_rows_narrow_the_range(hits, n):
    narrow, wide = wilson(hits * 10, n * 10), wilson(hits, n)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
