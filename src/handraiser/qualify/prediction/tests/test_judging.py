"""Figures against their definitions and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from handraiser.qualify.prediction import calibration, drift, judging
from handraiser.qualify.prediction.table import Column

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=4, max_size=80).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(ROWS)
def test_auc_is_that_of_scikit_learn(rows):
    label = np.array([label for label, _ in rows], dtype=np.int8)
    score = np.array([score / 8 for _, score in rows])
    assert judging.auc(label, score) == pytest.approx(roc_auc_score(label, score))
    low, high = judging.auc_interval(label, score)
    assert 0 <= low <= judging.auc(label, score) + 1e-9 <= high + 2e-9 <= 1 + 2e-9


def test_the_interval_holds_the_truth_nineteen_times_of_twenty():
    chance = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        label = (chance.random(200) < 0.3).astype(np.int8)
        low, high = judging.auc_interval(label, chance.normal(size=200) + label)
        held += low <= 0.7602 <= high  # the normal distribution at 1 / sqrt 2
    assert 270 <= held <= 298


def test_calibration_error_is_zero_for_kept_promises_and_the_gap_for_broken_ones():
    label = np.array([1, 0, 0, 0] * 25, dtype=np.int8)
    assert judging.ece(label, np.full(100, 0.25)) == pytest.approx(0)
    assert judging.ece(label, np.full(100, 0.65)) == pytest.approx(0.4)


def test_noise_does_not_beat_and_signal_does():
    chance = np.random.default_rng(1)
    label = (chance.random(3000) < 0.3).astype(np.int8)
    good, same = chance.normal(size=3000) + label, chance.normal(size=3000) + label
    assert judging.beats(label, good, chance.normal(size=3000))
    assert not judging.beats(label, chance.normal(size=3000), good)
    assert not judging.beats(label, good, good)
    assert not (judging.beats(label, good, same) and judging.beats(label, same, good))


def test_pictures_end_where_curves_end():
    chance = np.random.default_rng(2)
    label = (chance.random(500) < 0.3).astype(np.int8)
    drawn = judging.pictures(label, 1 / (1 + np.exp(-chance.normal(size=500) - label)))
    assert drawn["roc"][0] == [0, 0] and drawn["roc"][-1] == [1, 1]
    assert drawn["lift"][-1] == [1, 1]
    assert drawn["capacity"][-1] == [500, int(label.sum()), 1]
    assert sum(line[4] for line in drawn["calibration"]) == 500


@pytest.mark.parametrize("rows", [400, 20_000])
def test_calibration_mends_a_score_that_promises_too_much(rows):
    chance = np.random.default_rng(3)
    odds = chance.normal(-1, 1, rows)
    label = (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    boastful = 3 * odds + 2
    learned = calibration.learn(boastful[: rows // 2], label[: rows // 2])
    told = learned(boastful[rows // 2 :])
    assert judging.ece(label[rows // 2 :], told) < (0.08 if rows < 1000 else 0.025)
    assert judging.auc(label[rows // 2 :], told) == pytest.approx(
        judging.auc(label[rows // 2 :], odds[rows // 2 :]), abs=0.01
    )


def test_drift_is_silent_on_the_same_and_loud_on_the_moved():
    chance = np.random.default_rng(4)

    def rows(middle, rate):
        numbers = Column("age", "number", chance.normal(middle, 1, 2000))
        return [numbers], chance.random(2000), (chance.random(2000) < rate).astype(np.int8)

    (old, score, label), (same, score2, label2), (far, score3, label3) = (
        rows(0, 0.1),
        rows(0, 0.1),
        rows(1.5, 0.3),
    )
    assert not drift.compare(old, same, (score, score2), (label, label2)).alarm
    moved = drift.compare(old, far, (score, score3), (label, label3))
    assert moved.alarm and moved.columns["age"] > 0.25 and moved.base_rate_moved
    assert "age" in moved.sentence()
