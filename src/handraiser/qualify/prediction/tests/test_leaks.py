"""Leaks are found by what they do, in tables that nobody has seen, and honest columns stay."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from handraiser.qualify.prediction import outcomes, training
from handraiser.qualify.prediction.tests.made import Made

SEEDS = range(4)


def refused(made: Made, **how) -> dict[str, str]:
    return training.choose(outcomes.examples(made.table(), label="outcome", **how)).refused


def stage(made):
    lost = made.chance.choice(["lost", "talks", "offer"], made.rows)
    return np.where(made.yes == 1, "won", lost)


def stage_of_some(made):
    known = made.chance.random(made.rows) < 0.4
    return np.where((made.yes == 1) & known, "signed", made.chance.choice(["open", "later"], made.rows))


def gate(made):
    slipped = made.chance.random(made.rows) < 0.02
    return np.where((made.yes == 1) & ~slipped, "true", made.chance.choice(["true", "false"], made.rows))


def filled_with_the_outcome(made):
    return np.where(made.yes == 1, made.chance.integers(100, 999, made.rows), "")


def filled_when_lost(made):
    why = made.chance.choice(["price", "silent", "other firm"], made.rows)
    return np.where((made.yes == 0) & (made.chance.random(made.rows) < 0.7), why, "")


def customer_number(made):
    return [f"c-{n:05}" if yes else "" for n, yes in enumerate(made.yes)]


def amount_paid(made):
    return np.where(
        (made.yes == 1) & (made.chance.random(made.rows) < 0.6), made.chance.integers(10, 99, made.rows), 0
    )


def talked_for(made):
    """Seconds of a call that ends at once with a no."""
    long = made.chance.gamma(2.0, 250, made.rows)
    return np.round(np.where(made.yes == 1, long + 200, made.chance.gamma(1.6, 140, made.rows))).astype(int)


def score_of_afterwards(made):
    return np.round(made.yes * 3 + made.chance.normal(0, 1, made.rows), 2)


LEAKS = [
    stage, stage_of_some, gate, filled_with_the_outcome, filled_when_lost, customer_number, amount_paid, talked_for,
    score_of_afterwards,
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_a_planted_leak_is_refused_and_honest_columns_stay(leak, seed):
    made = Made(seed)
    honest = made.honest()
    planted = made.add(leak(made))
    found = refused(made)
    assert planted in found
    assert not set(honest) & set(found), found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("base", [-3.0, -1.6, 0.0, 1.0])
def test_a_table_without_leaks_loses_nothing(seed, base):
    made = Made(seed, base=base)
    made.honest()
    assert refused(made) == {}


def test_a_count_that_was_taken_again_later_is_refused():
    made = Made(1)
    made.honest()
    early = made.chance.poisson(4, made.rows)
    grown = np.where(made.yes == 1, made.chance.poisson(1.2, made.rows), made.chance.poisson(3.5, made.rows))
    first = made.add(early)
    later = made.add(early + grown)
    found = refused(made)
    assert later in found
    assert first not in found


def test_a_total_beside_its_parts_stays():
    made = Made(2)
    told = made.chance.poisson(np.exp(0.4 + 0.7 * made.strength).clip(0, 30))
    other = made.chance.poisson(4, made.rows)
    made.add(told)
    made.add(other)
    made.add(told + other)
    assert refused(made) == {}


def test_dates_after_the_rows_own_time_are_refused():
    made = Made(3)
    made.honest()
    began = [date(2025, 1, 1) + timedelta(days=int(d)) for d in made.chance.integers(0, 300, made.rows)]
    made.add(began, "began")
    before = made.add(
        [
            day - timedelta(days=int(d))
            for day, d in zip(began, made.chance.integers(1, 900, made.rows), strict=True)
        ]
    )
    after = made.add(
        [
            day + timedelta(days=int(d))
            for day, d in zip(began, made.chance.integers(2, 60, made.rows), strict=True)
        ]
    )
    found = refused(made, time="began")
    assert after in found
    assert before not in found


def test_one_dead_source_among_many_is_no_leak():
    made = Made(4, rows=6000)
    made.yes[made.source == 1] = 0
    made.honest()
    assert refused(made) == {}


@pytest.mark.parametrize("name", ["duration", "current_stage", "is_sql", "won_date"])
def test_a_name_alone_refuses_nothing(name):
    made = Made(5)
    made.honest()
    made.add(made.chance.choice(["a", "b", "c"], made.rows), name)
    assert refused(made) == {}
