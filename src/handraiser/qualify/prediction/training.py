"""From a table to a verdict: is there enough, what may be used, which model, how good is it, does it hold later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handraiser.qualify.prediction import calibration, judging, leaks, models, predictor
from handraiser.qualify.prediction.judging import Labels, Subjects
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
WEIGHED = 4_000  # rows that tell how much a column matters; for trees each costs a third of a millisecond
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


def train(examples: Examples, *, step: Callable[[str], object] = lambda what: None) -> Trained:
    """Learn from examples, judge honestly, and keep a model only when it has something to say.

    `step` is told what is done next.
    """
    label, subject = examples.label, examples.subject
    known, yes = examples.answers()
    no = known - yes
    if known < LABELLED or min(yes, no) < OF_EACH:
        why = (
            f"{known:,} rows have an answer, {yes:,} yes and {no:,} no. Learning begins at {LABELLED} answers"
            f" with {OF_EACH} of each; until then use a rule set."
        )
        return _told(examples, "too_little_data", why, {}, {}, [], {})
    step("Looking for columns that know the outcome")
    chosen = choose(examples)
    columns, refused, left_out = chosen.columns, chosen.refused, chosen.left_out
    if not columns:
        return _told(examples, "no_signal", "No column is left to learn from.", refused, left_out, [], {})
    split = _later(examples)
    step(
        "Trying two kinds of model on leads that they have not seen"
        if subject is not None
        else "Trying models"
    )
    contest = _contest(columns, label, split, subject)
    kind = contest.winner
    odds, fold = contest.unseen[kind]
    across = predictor.cross_calibrated(odds, fold, label)
    body: dict[str, Any] = {
        "model": kind,
        "candidates": contest.reached(label, split),
        "cross_validated": judging.figures(label, across, subject),
        "pictures": {"cross_validated": judging.pictures(label, across)},
    }
    if split:
        calibrated = _on_earlier(kind, columns, label, split, contest.later[kind], subject)
        body["time_split"] = judging.figures(
            label[split:], calibrated, None if subject is None else subject[split:]
        )
        body["pictures"]["time_split"] = judging.pictures(label[split:], calibrated)
    verdict, why = _verdict(body)
    if verdict != "usable":
        return _told(examples, verdict, why, refused, left_out, columns, body)
    step("Learning from all of them")
    fitted = predictor.fit(kind, columns, label, unseen=odds)
    some = np.unique(np.linspace(0, examples.n - 1, min(examples.n, WEIGHED)).round().astype(int))
    weight = np.abs(fitted.model.parts(predictor.take(columns, some))).mean(axis=0)
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
        strength = models.strength(usable, examples.label)
        odds, _ = predictor.out_of_fold(
            "logistic", usable, examples.label, strength=strength, subject=examples.subject
        )
        return judging.auc(examples.label, odds)

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


@dataclass(frozen=True)
class _Contest:
    """What each kind said of rows that it had not seen: the folds of all rows, and the later period, if any."""

    unseen: dict[ModelKind, tuple[Floats, NDArray[np.int64]]]
    later: dict[ModelKind, Floats]
    winner: ModelKind

    def reached(self, label: Labels, split: int) -> dict[str, dict[str, float]]:
        """The AUC of each kind on both."""
        told: dict[str, dict[str, float]] = {
            name: {"cross_validated_auc": round(judging.auc(label, odds), 5)}
            for name, (odds, _) in self.unseen.items()
        }
        for name, odds in self.later.items():
            told[name]["later_period_auc"] = round(judging.auc(label[split:], odds), 5)
        return told


def _contest(columns: list[Column], label: Labels, split: int, subject: Subjects) -> _Contest:
    """The logistic regression, unless the trees rank better by more than noise: on the later period, or on unseen
    rows of all times, and on neither worse by more than noise."""
    kinds: tuple[ModelKind, ...] = ("logistic", "boosted") if len(label) >= CHALLENGED else ("logistic",)
    folds = 10 if len(label) <= FEW else 5
    unseen = {kind: predictor.out_of_fold(kind, columns, label, folds, subject=subject) for kind in kinds}
    later: dict[ModelKind, Floats] = {}
    if split:
        earlier, rest = np.arange(split), np.arange(split, len(label))
        known, asked = predictor.take(columns, earlier), predictor.take(columns, rest)
        later = {kind: models.fit(kind, known, label[:split]).odds(asked) for kind in kinds}
    if len(kinds) == 1:
        return _Contest(unseen, later, "logistic")
    bouts = [(label, unseen["boosted"][0], unseen["logistic"][0], subject)]
    if split:
        whose = None if subject is None else subject[split:]
        bouts.append((label[split:], later["boosted"], later["logistic"], whose))
    won = any(judging.beats(truth, trees, line, whose) for truth, trees, line, whose in bouts)
    lost = any(judging.beats(truth, line, trees, whose) for truth, trees, line, whose in bouts)
    return _Contest(unseen, later, "boosted" if won and not lost else "logistic")


def _on_earlier(
    kind: ModelKind, columns: list[Column], label: Labels, split: int, later: Floats, subject: Subjects
) -> Floats:
    """Probabilities for the later period by a calibration that knows the earlier one only."""
    before = predictor.take(columns, np.arange(split))
    whose = None if subject is None else subject[:split]
    odds, _ = predictor.out_of_fold(kind, before, label[:split], subject=whose)
    return calibration.learn(odds, label[:split])(later)


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
