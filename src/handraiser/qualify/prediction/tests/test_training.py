"""Verdicts, the contest of two models, reasons, and a backtest, on made tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import backtest, outcomes, training
from handraiser.qualify.prediction.tests.made import Made

FIGURES = {"auc", "pr_auc", "brier", "ece", "lift_10", "n", "base_rate"}


def trained(made: Made, **how) -> training.Trained:
    return training.train(outcomes.examples(made.table(), label="outcome", **how))


def test_signal_is_used_and_its_figures_are_told():
    made = Made(0, rows=1500)
    honest = made.honest()
    made.add(range(made.rows), "when")
    told = trained(made, time="when")
    assert told.verdict == "usable" and told.predictor
    for judged in ("cross_validated", "time_split"):
        assert told.report[judged].keys() >= FIGURES
        assert told.report[judged]["auc"] > 0.7
        assert told.report[judged]["brier"] < told.report[judged]["brier_of_base_rate"]
    assert next(iter(told.report["weight_of_columns"])) in honest[:3]
    json.dumps(told.report, allow_nan=False)


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_called_noise(seed):
    made = Made(seed, rows=800)
    made.yes = made.chance.permutation(made.yes)
    made.honest()
    told = trained(made)
    assert told.verdict == "no_signal"
    assert told.predictor is None


def test_what_held_once_and_holds_no_more_is_no_signal():
    made = Made(1, rows=2000)
    made.honest()
    made.add(range(made.rows), "when")
    made.yes[1500:] = made.chance.permutation(made.yes[1500:])
    assert trained(made, time="when").verdict == "no_signal"


@pytest.mark.parametrize(("rows", "base"), [(90, 0.0), (300, -5.0), (300, 7.0)])
def test_too_little_is_called_too_little(rows, base):
    made = Made(2, rows=rows, base=base)
    made.honest()
    told = trained(made)
    assert told.verdict == "too_little_data"
    assert told.report["cross_validated"] is None and told.report["time_split"] is None


def test_trees_reign_only_where_they_earn_it():
    straight = Made(3, rows=2500)
    straight.honest()
    assert trained(straight).report["model"] == "logistic"
    bent = Made(3, rows=2500)
    one, other = bent.chance.normal(size=(2, bent.rows))
    bent.yes = (bent.chance.random(bent.rows) < np.where(one * other > 0, 0.45, 0.1)).astype(int)
    bent.add(one)
    bent.add(other)
    assert trained(bent).report["model"] == "boosted"


@pytest.mark.parametrize(("afterwards", "model"), [("nothing", "boosted"), ("straight", "logistic")])
def test_trees_that_win_on_unseen_rows_may_draw_in_the_later_period_but_not_lose(afterwards, model):
    made = Made(3, rows=1600)
    one, other = made.chance.normal(size=(2, made.rows))
    later = 2 * one - 1 if afterwards == "straight" else np.full(made.rows, -1.0)
    bent = np.where(one * other > 0, 0, -3) + one
    odds = np.where(np.arange(made.rows) >= 1200, later, bent)
    made.yes = (made.chance.random(made.rows) < 1 / (1 + np.exp(-odds))).astype(int)
    made.add(one)
    made.add(other)
    made.add(range(made.rows), "when")
    told = trained(made, time="when").report
    trees, line = told["candidates"]["boosted"], told["candidates"]["logistic"]
    assert trees["cross_validated_auc"] > line["cross_validated_auc"] + 0.02
    assert trees["later_period_auc"] < line["later_period_auc"] + 0.05
    assert told["model"] == model


def test_texts_and_row_numbers_are_left_out():
    made = Made(4, rows=600)
    made.honest()
    text = made.add([f"note {n}" for n in range(made.rows)])
    number = made.add(range(100_000, 100_000 + made.rows))
    same = made.add(["x"] * made.rows)
    assert set(trained(made).left_out) == {text, number, same}


def test_reasons_name_what_moved_a_row():
    made = Made(5, rows=1500)
    strong = made.honest()[1]
    told = trained(made)
    columns = told.columns
    best = int(np.argmax(next(c for c in columns if c.name == strong).values))
    why = told.predictor.reasons([column.take(np.array([best])) for column in columns])[0]
    assert strong in [reason.column for reason in why]
    assert why[0].adds > 0


def test_training_twice_gives_the_same():
    made = Made(6, rows=700)
    made.honest()
    assert trained(made).report == trained(made).report


def test_a_model_that_learns_on_outlives_one_that_does_not():
    made = Made(7, rows=4000)
    turned = np.where(np.arange(made.rows) < 2200, made.strength, -made.strength)
    made.yes = (made.chance.random(made.rows) < 1 / (1 + np.exp(1 - 1.3 * turned))).astype(int)
    made.add(np.round(made.strength, 3))
    made.add(range(made.rows), "when")
    told = backtest.run(outcomes.examples(made.table(), label="outcome", time="when"), block=400, start=2000)
    assert told["mean_block_auc"] > told["never_retrained"]["mean_block_auc"] + 0.2
    assert any("promoted" in block.get("then", "") for block in told["blocks"])
    assert any(block.get("drift") for block in told["blocks"])
    assert told["n"] == 2000


def test_a_backtest_without_a_past_is_refused():
    made = Made(8, rows=300)
    made.honest()
    with pytest.raises(DomainError, match="--from"):
        backtest.run(outcomes.examples(made.table(), label="outcome"), block=100, start=250)
