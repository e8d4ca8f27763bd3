"""A model with its calibration: the thing that is trained, saved, and asked about new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handraiser.qualify.prediction import calibration, models
from handraiser.qualify.prediction.calibration import Calibration
from handraiser.qualify.prediction.judging import Labels, Subjects
from handraiser.qualify.prediction.models import Model, ModelKind
from handraiser.qualify.prediction.table import Column, Floats


@dataclass(frozen=True)
class Reason:
    """Why one row's probability is not the usual one: what a column says, and how much log-odds it adds."""

    column: str
    value: str
    adds: float


@dataclass(frozen=True)
class Predictor:
    """Answers with probabilities. Columns come in the order in which it was fitted."""

    model: Model
    calibration: Calibration

    def probability(self, columns: list[Column]) -> Floats:
        """The probability of yes for each row."""
        return self.calibration(self.model.odds(columns))

    def reasons(self, columns: list[Column], most: int = 3) -> list[list[Reason]]:
        """For each row the columns that move it furthest from the usual row, largest first."""
        parts = self.model.parts(columns)
        order = np.argsort(-np.abs(parts), axis=1)[:, :most]
        return [
            [
                Reason(columns[place].name, _said(columns[place], row), round(float(parts[row, place]), 4))
                for place in places
                if abs(parts[row, place]) > 1e-6
            ]
            for row, places in enumerate(order)
        ]


def _said(column: Column, row: int) -> str:
    value = column.values[row]
    if column.kind == "category":
        return "missing" if value is None else str(value)
    if np.isnan(value):
        return "missing"
    return (
        str(np.datetime64(0, "D") + np.timedelta64(int(value), "D"))
        if column.kind == "date"
        else f"{value:g}"
    )


def fit(
    kind: ModelKind,
    columns: list[Column],
    label: Labels,
    *,
    newest: int | None = None,
    unseen: Floats | None = None,
    subject: Subjects = None,
) -> Predictor:
    """Fit a model to all rows, and its calibration to what it says of rows it has not seen.

    With `newest` the calibration listens to the last rows alone: in a business that changes they are the ones that
    say how often a score comes true now. `unseen`: the out-of-fold log-odds, when they are known already.
    """
    strength = models.strength(columns, label) if kind == "logistic" else None
    odds = unseen
    if odds is None:
        odds = out_of_fold(kind, columns, label, strength=strength, subject=subject)[0]
    recent = slice(None) if newest is None else slice(-newest, None)
    both = len(np.unique(label[recent])) == 2
    curve = calibration.learn(odds[recent], label[recent]) if both else calibration.learn(odds, label)
    return Predictor(models.fit(kind, columns, label, strength=strength), curve)


def out_of_fold(
    kind: ModelKind,
    columns: list[Column],
    label: Labels,
    folds: int = 5,
    *,
    strength: float | None = None,
    subject: Subjects = None,
) -> tuple[Floats, NDArray[np.int64]]:
    """Log-odds of each row by a model that has not seen it, and the fold it was in; both answers in every fold.

    A model has seen no row of the same subject either.
    `strength`: one penalty for all folds. Cheaper, but chosen by rows that it is asked about: not for figures.
    """
    fold = _folds(label, folds, subject)
    odds: Floats = np.empty(len(label))
    for part in range(folds):
        rest, here = np.flatnonzero(fold != part), np.flatnonzero(fold == part)
        fitted = models.fit(kind, take(columns, rest), label[rest], strength=strength)
        odds[here] = fitted.odds(take(columns, here))
    return odds, fold


def _folds(label: Labels, folds: int, subject: Subjects) -> NDArray[np.int64]:
    if subject is not None:
        whose, place = np.unique(subject, return_inverse=True)
        ever = np.zeros(len(whose), dtype=np.int8)
        np.maximum.at(ever, place, label)
        return _folds(ever, folds, None)[place]
    fold = np.empty(len(label), dtype=int)
    chance = np.random.default_rng(0)
    for answer in (0, 1):
        rows = chance.permutation(np.flatnonzero(label == answer))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def cross_calibrated(odds: Floats, fold: NDArray[np.int64], label: Labels) -> Floats:
    """Probabilities for out-of-fold log-odds, each fold by a calibration learned on the others."""
    told: Floats = np.empty(len(label))
    for part in np.unique(fold):
        told[fold == part] = calibration.learn(odds[fold != part], label[fold != part])(odds[fold == part])
    return told


def take(columns: list[Column], rows: NDArray[Any]) -> list[Column]:
    """Some rows of all columns."""
    return [column.take(rows) for column in columns]
