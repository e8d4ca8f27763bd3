"""Says when the rows that come are no longer like those that were learned from."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from handraiser.qualify.prediction import encoding, judging
from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.table import Column, Floats

WATCH, ALARM = 0.10, 0.25  # the customary bounds of the population stability index
FLATTERED = 0.05  # AUC
CERTAIN = 3.0  # standard errors by which a base rate must have moved


@dataclass(frozen=True)
class Drift:
    """How far new rows lie from old ones: PSI of columns and score; base rate and AUC, then and now."""

    columns: dict[str, float]
    score: float
    base_rate: tuple[float, float]
    base_rate_moved: bool
    auc: tuple[float, float]
    ranking_fell: bool

    @property
    def alarm(self) -> bool:
        """True when something moved so far that the model's figures no longer hold."""
        return self.base_rate_moved or self.ranking_fell or max([self.score, *self.columns.values()]) >= ALARM

    def sentence(self) -> str:
        """What moved, for a person."""
        moved = [f"{name} (PSI {psi:.2f})" for name, psi in self.columns.items() if psi >= ALARM]
        if self.score >= ALARM:
            moved.append(f"the score (PSI {self.score:.2f})")
        if self.base_rate_moved:
            moved.append(f"the share of yes ({self.base_rate[0]:.1%} then, {self.base_rate[1]:.1%} now)")
        if self.ranking_fell:
            moved.append(f"the ranking (AUC {self.auc[0]:.2f} then, {self.auc[1]:.2f} now)")
        return "Moved: " + ", ".join(moved) if moved else "Nothing moved"


def psi(before: Floats, now: Floats) -> float:
    """Population stability index of two lists of shares over the same bins; an empty bin counts as half a row in
    a thousand."""
    first, second = np.maximum(before, 5e-4), np.maximum(now, 5e-4)
    return float(np.sum((second - first) * np.log(second / first)))


def compare(
    before: list[Column], now: list[Column], score: tuple[Floats, Floats], label: tuple[Labels, Labels]
) -> Drift:
    """Old rows against new ones: the same columns, scores and answers of both (new answers may be none)."""
    moved = {}
    for feature, old, new in zip(encoding.learn(before), before, now, strict=True):
        places = feature.width
        shares = [
            np.bincount(feature.codes(side), minlength=places) / len(side.values) for side in (old, new)
        ]
        moved[old.name] = round(psi(*shares), 4)
    edges = np.quantile(score[0], np.linspace(0, 1, 11)[1:-1])
    tenths = [np.bincount(np.searchsorted(edges, side), minlength=10) / len(side) for side in score]
    was = float(label[0].mean())
    rate = float(label[1].mean()) if len(label[1]) else was
    pooled = float(np.concatenate(label).mean())
    noise = sqrt(pooled * (1 - pooled) * (1 / len(label[0]) + 1 / max(len(label[1]), 1)))
    far = bool(len(label[1])) and abs(rate - was) > CERTAIN * noise
    areas, fell = (float("nan"), float("nan")), False
    if all(len(np.unique(side)) == 2 for side in label):
        areas = (judging.auc(label[0], score[0]), judging.auc(label[1], score[1]))
        # Rows that were learned from flatter the old figure a little; that much is not a fall.
        fell = judging.auc_interval(label[1], score[1])[1] < areas[0] - FLATTERED
    return Drift(moved, round(psi(*tenths), 4), (round(was, 5), round(rate, 5)), far, areas, fell)
