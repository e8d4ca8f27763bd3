"""Keeps a model current: champion, challenger, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handraiser.qualify.prediction import calibration, drift, judging, models, predictor
from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.models import ModelKind
from handraiser.qualify.prediction.predictor import Predictor
from handraiser.qualify.prediction.table import Column, Floats

REACH = (4, 1)  # blocks: how much of the past the challengers learn from once it has moved; else all of it
CHALLENGERS = ("challenger", "short challenger")
LEAST = 10  # rows of each answer, for a challenger to learn from
KINDS: tuple[ModelKind, ModelKind] = ("logistic", "boosted")


@dataclass(frozen=True)
class Reign:
    """A model in force, and the rows it learned from."""

    predictor: Predictor
    kind: ModelKind
    learned: NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """What a retraining decided: who reigns now, who did before, and why."""

    champion: Reign
    former: Reign | None
    decision: str
    drift: drift.Drift


def begin(
    kind: ModelKind, columns: list[Column], label: Labels, rows: NDArray[np.int64], newest: int
) -> Reign:
    """The first champion: from all rows so far, calibrated by the newest ones."""
    learned = predictor.fit(kind, predictor.take(columns, rows), label[rows], newest=newest)
    return Reign(learned, kind, rows)


def retrain(
    columns: list[Column], label: Labels, *, known: int, block: int, champion: Reign, former: Reign | None
) -> Change:
    """After the outcomes of one more block are known (`known` rows in all), decide who reigns.

    The champion, the one before it and challengers are asked about the newest block, which none has seen. The first
    challenger wins unless another is better by more than noise; the winner learns the newest block too before it
    rules. When the past has moved, a second one is there that learned from the last block alone.
    Champion and former champion stay as they are but for their calibration: promises age before the ranking does.
    """
    newest = np.arange(known - block, known)
    now = predictor.take(columns, newest)
    seen = predictor.take(columns, champion.learned)
    moved = drift.compare(
        seen,
        now,
        (champion.predictor.probability(seen), champion.predictor.probability(now)),
        (label[champion.learned], label[newest]),
    )
    asked: dict[str, Reign] = {}
    reaches = dict(zip(CHALLENGERS, (REACH if moved.alarm else (known,)), strict=False))
    for name, reach in reaches.items():
        before = np.arange(max(0, known - block - reach * block), known - block)
        if min(int(label[before].sum()), int((label[before] == 0).sum())) >= LEAST:
            kind = _kind(columns, label, before, block)
            asked[name] = begin(kind, columns, label, before, block)
    asked |= {"champion": champion} | ({"former": former} if former else {})
    best = _best(
        {name: _log_loss(label[newest], reign.predictor.probability(now)) for name, reign in asked.items()}
    )
    if best in reaches:
        rows = np.arange(max(0, known - reaches[best] * block), known)
        return Change(
            begin(asked[best].kind, columns, label, rows, block), champion, f"{best} promoted", moved
        )
    if best == "former":
        return Change(_calibrated_anew(asked[best], now, label[newest]), None, "rolled back", moved)
    return Change(_calibrated_anew(champion, now, label[newest]), former, "champion kept", moved)


def _kind(columns: list[Column], label: Labels, rows: NDArray[np.int64], block: int) -> ModelKind:
    """The logistic regression, unless trees rank the last block of these rows better by more than noise."""
    earlier, later = rows[:-block], rows[-block:]
    if min(len(np.unique(label[earlier])), len(np.unique(label[later]))) < 2:
        return "logistic"
    told = [
        models.fit(kind, predictor.take(columns, earlier), label[earlier]).odds(
            predictor.take(columns, later)
        )
        for kind in KINDS
    ]
    return "boosted" if judging.beats(label[later], told[1], told[0]) else "logistic"


def _calibrated_anew(reign: Reign, columns: list[Column], label: Labels) -> Reign:
    if len(np.unique(label)) < 2:
        return reign
    curve = calibration.learn(reign.predictor.model.odds(columns), label)
    return Reign(Predictor(reign.predictor.model, curve), reign.kind, reign.learned)


def _best(losses: dict[str, Floats]) -> str:
    """The first, for it is a challenger and the newest, unless another was better on the same rows by two standard
    errors."""
    best, *others = losses
    for name in others:
        gain = losses[best] - losses[name]
        if gain.mean() > 2 * gain.std() / np.sqrt(len(gain)):
            best = name
    return best


def _log_loss(label: Labels, probability: Floats) -> Floats:
    return -np.log(np.where(label == 1, probability, 1 - probability))
