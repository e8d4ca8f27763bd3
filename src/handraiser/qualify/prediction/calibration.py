"""Makes a score say how often: of a hundred rows with .30, about thirty say yes.

Two numbers (Platt 1999) while yes is rare, a rising curve (isotonic regression) from a thousand of each answer on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.table import Floats

ENOUGH_FOR_A_CURVE = 1000
_EDGE = 1e-4  # nothing is certain: no probability leaves [_EDGE, 1 - _EDGE]


@dataclass(frozen=True)
class Calibration:
    """From a model's log-odds to a probability: `slope` and `intercept`, or the corners `at`, `says` of a curve."""

    how: Literal["platt", "isotonic"]
    slope: float = 1.0
    intercept: float = 0.0
    at: list[float] = field(default_factory=list)
    says: list[float] = field(default_factory=list)

    def __call__(self, odds: Floats) -> Floats:
        """Probabilities for log-odds."""
        if self.how == "isotonic":
            told: Floats = np.interp(odds, self.at, self.says)
        else:
            told = 1 / (1 + np.exp(-np.clip(self.slope * odds + self.intercept, -30, 30)))
        return np.clip(told, _EDGE, 1 - _EDGE)

    def as_data(self) -> dict[str, Any]:
        """For the model file."""
        if self.how == "platt":
            return {"how": "platt", "slope": self.slope, "intercept": self.intercept}
        return {"how": "isotonic", "at": self.at, "says": self.says}


def learn(odds: Floats, label: Labels) -> Calibration:
    """From the log-odds of rows that the model had not seen, and what became of them."""
    if min(int(label.sum()), len(label) - int(label.sum())) < ENOUGH_FOR_A_CURVE:
        return _platt(odds, label)
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(odds, label)
    at, says = _ramps(curve.X_thresholds_, curve.y_thresholds_)
    return Calibration("isotonic", at=[float(x) for x in at], says=[float(y) for y in says])


def _ramps(at: Floats, says: Floats) -> tuple[Floats, Floats]:
    """The steps of a curve as slopes between the middles of its steps, so that rows keep their order."""
    levels, first = np.unique(says, return_index=True)
    last = np.append(first[1:], len(says)) - 1
    middles = (at[first] + at[last]) / 2
    return middles, levels


def _platt(odds: Floats, label: Labels) -> Calibration:
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=1e3).fit(odds.reshape(-1, 1), label)
    # A falling line would turn the ranking over; then the score says no more than the base rate does.
    slope = max(float(fit.coef_[0, 0]), 1e-3)
    return Calibration("platt", slope=slope, intercept=float(fit.intercept_[0]))
