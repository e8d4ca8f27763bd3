"""From a table to a verdict: is there enough, what may be used, which model, how good is it, does it hold later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from handraiser.qualify.prediction import calibration, judging, leaks, models, predictor
from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.models import ModelKind
from handraiser.qualify.prediction.outcomes import Examples
from handraiser.qualify.prediction.predictor import Predictor
from handraiser.qualify.prediction.table import Column, Floats

Verdict = Literal["usable", "no_signal", "too_little_data"]

LABELLED, OF_EACH = 100, 20  # rows with an answer, and rows with each answer, below which nothing is learned
CHALLENGED = 200  # rows below which trees need not try
FEW = 10_000  # rows: up to here ten folds, so that each fit sees nearly all of the little there is
LATER = 0.25  # share of the rows, the newest, that the model is tested on
OF_EACH_LATER = 10
SAME = "always the same"


@dataclass(frozen=True)
class Trained:
    """What came of it. There is a predictor only when the verdict is `usable`."""

    verdict: Verdict
    why: str
    refused: dict[str, str]
    left_out: dict[str, str]
    report: dict[str, Any]
    columns: list[Column]
    predictor: Predictor | None


def train(examples: Examples) -> Trained:
    """Learn from examples, judge honestly, and keep a model only when it has something to say."""
    label = examples.label
    yes, no = int(label.sum()), int(len(label) - label.sum())
    if examples.n < LABELLED or min(yes, no) < OF_EACH:
        why = (
            f"{examples.n:,} rows have an answer, {yes:,} yes and {no:,} no. Learning begins at {LABELLED} answers"
            f" with {OF_EACH} of each; until then use a rule set."
        )
        return _told(examples, "too_little_data", why, {}, {}, [], {})
    chosen = choose(examples)
    columns, refused, left_out = chosen.columns, chosen.refused, chosen.left_out
    if not columns:
        return _told(examples, "no_signal", "No column is left to learn from.", refused, left_out, [], {})
    split = _later(examples)
    kind, candidates, later_odds = _contest(columns, label, split)
    odds, fold = predictor.out_of_fold(kind, columns, label, folds=10 if examples.n <= FEW else 5)
    across = predictor.cross_calibrated(odds, fold, label)
    body: dict[str, Any] = {
        "model": kind,
        "candidates": candidates,
        "cross_validated": judging.figures(label, across),
        "pictures": {"cross_validated": judging.pictures(label, across)},
    }
    if split:
        calibrated = _on_earlier(kind, columns, label, split, later_odds)
        body["time_split"] = judging.figures(label[split:], calibrated)
        body["pictures"]["time_split"] = judging.pictures(label[split:], calibrated)
    verdict, why = _verdict(body)
    if verdict != "usable":
        return _told(examples, verdict, why, refused, left_out, columns, body)
    fitted = predictor.fit(kind, columns, label)
    weight = np.abs(fitted.model.parts(columns)).mean(axis=0)
    body["weight_of_columns"] = {
        columns[place].name: round(float(weight[place]), 4) for place in np.argsort(-weight)
    }
    return _told(examples, verdict, why, refused, left_out, columns, body, fitted)


@dataclass(frozen=True)
class Chosen:
    """The columns to learn from; those refused because they know the outcome, and those of no use, with reasons."""

    columns: list[Column]
    refused: dict[str, str]
    left_out: dict[str, str]


def choose(examples: Examples) -> Chosen:
    """What may be learned from."""

    def together(columns: list[Column]) -> float:
        usable = [column for column in columns if not _no_use(column)]
        if not usable:
            return 0.5
        return judging.auc(examples.label, predictor.out_of_fold("logistic", usable, examples.label)[0])

    left_out = {column.name: why for column in examples.columns if (why := _no_use(column))}
    # A name of the row itself is harmless left out, but a field that is filled with the outcome is worth saying.
    refused = leaks.find(examples, together=together, names=set(left_out))
    left_out = {name: why for name, why in left_out.items() if name not in refused}
    columns = [c for c in examples.columns if c.name not in refused and c.name not in left_out]
    return Chosen(columns, refused, left_out)


def _no_use(column: Column) -> str:
    filled = column.values[~column.missing]
    if not len(filled):
        return "empty"
    values, counts = np.unique(
        filled.astype(str) if column.kind == "category" else filled, return_counts=True
    )
    if len(values) == 1 and not column.missing.any():
        return SAME
    if column.kind == "category" and counts[counts >= 10].sum() < len(filled) / 2:
        return (
            f"{len(values):,} different texts in {len(filled):,} rows: names rows rather than describes them"
        )
    whole = column.kind == "number" and bool((filled == filled.round()).all())
    if whole and len(values) == len(filled) > 20 and values[-1] - values[0] < 1.5 * len(filled):
        return "numbers the rows"
    return ""


def _later(examples: Examples) -> int:
    """Where the later period begins; 0 when there is no time or too little in either part.

    Rows of one moment stay together.
    """
    if examples.time is None:
        return 0
    at = int(np.searchsorted(examples.time, examples.time[int(examples.n * (1 - LATER))]))
    for part, least in ((examples.label[:at], OF_EACH), (examples.label[at:], OF_EACH_LATER)):
        if min(int(part.sum()), len(part) - int(part.sum())) < least:
            return 0
    return at


def _contest(
    columns: list[Column], label: Labels, split: int
) -> tuple[ModelKind, dict[str, dict[str, Any]], Floats]:
    """The logistic regression, unless the trees rank a later period (without a time: unseen rows) better by more
    than noise. Also what each reached, and the winner's log-odds of those rows."""
    truth = label[split:]

    def asked(kind: ModelKind) -> Floats:
        if not split:
            return predictor.out_of_fold(kind, columns, label)[0]
        earlier, later = np.arange(split), np.arange(split, len(label))
        fitted = models.fit(kind, predictor.take(columns, earlier), label[:split])
        return fitted.odds(predictor.take(columns, later))

    odds: dict[ModelKind, Floats] = {"logistic": asked("logistic")}
    if len(label) >= CHALLENGED:
        odds["boosted"] = asked("boosted")
    wins = "boosted" in odds and judging.beats(truth, odds["boosted"], odds["logistic"])
    kind: ModelKind = "boosted" if wins else "logistic"
    reached: dict[str, dict[str, Any]] = {
        name: {
            "auc": round(judging.auc(truth, told), 5),
            "judged_on": "later period" if split else "unseen rows",
        }
        for name, told in odds.items()
    }
    return kind, reached, odds[kind]


def _on_earlier(kind: ModelKind, columns: list[Column], label: Labels, split: int, later: Floats) -> Floats:
    """Probabilities for the later period by a calibration that knows the earlier one only."""
    before = predictor.take(columns, np.arange(split))
    return calibration.learn(predictor.out_of_fold(kind, before, label[:split])[0], label[:split])(later)


def _verdict(body: dict[str, Any]) -> tuple[Verdict, str]:
    judged = body.get("time_split") or body["cross_validated"]
    where = "a later period" if "time_split" in body else "rows it had not seen"
    span = f"AUC {judged['auc']:.3f}, likely {judged['auc_low']:.3f} to {judged['auc_high']:.3f}, on {where}"
    if judged["auc_low"] <= 0.5:
        return (
            "no_signal",
            f"What these columns say does not tell yes from no ({span}). A score would be a guess.",
        )
    return "usable", f"It ranks better than chance ({span})."


def _told(
    examples: Examples,
    verdict: Verdict,
    why: str,
    refused: dict[str, str],
    left_out: dict[str, str],
    columns: list[Column],
    body: dict[str, Any],
    fitted: Predictor | None = None,
) -> Trained:
    report = {
        "verdict": verdict,
        "why": why,
        "refused_columns": refused,
        "left_out_columns": left_out,
        "used_columns": [column.name for column in columns],
        "rows": {
            "learned_from": examples.n,
            "unlabelled": examples.unlabelled,
            "too_young": examples.too_young,
        },
        "model": None,
        "candidates": {},
        "cross_validated": None,
        "time_split": None,
        "pictures": {},
    } | body
    return Trained(verdict, why, refused, left_out, report, columns, fitted)
