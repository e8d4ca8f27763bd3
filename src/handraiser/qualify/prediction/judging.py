"""How good a list of probabilities is: figures, intervals, and the points of the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handraiser.kit.statistics import Z95, wilson
from handraiser.qualify.prediction.table import Floats

Labels = NDArray[np.int8]
Subjects = NDArray[np.int64] | None  # whom each row is about; None: each row is about somebody else
BINS = 10


def auc(label: Labels, score: Floats) -> float:
    """The chance that a yes is ranked above a no; a tie counts half. NaN unless both are there."""
    return float(_placements([score], label)[0][0])


def auc_interval(label: Labels, score: Floats, subject: Subjects = None) -> tuple[float, float]:
    """The 95 % interval of the AUC (DeLong et al. 1988, Biometrics 44:837; Obuchowski 1997, Biometrics 53:567,
    where several rows are about one subject)."""
    areas, spread = _placements([score], label, subject)
    half = Z95 * sqrt(max(float(spread[0, 0]), 0.0))
    return max(0.0, float(areas[0]) - half), min(1.0, float(areas[0]) + half)


def beats(label: Labels, challenger: Floats, champion: Floats, subject: Subjects = None) -> bool:
    """True when the challenger's AUC is higher by more than noise: DeLong's test of two scores on the same rows,
    one-sided at 5 %."""
    areas, spread = _placements([challenger, champion], label, subject)
    gain = float(areas[0] - areas[1])
    noise = sqrt(max(float(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]), 0.0))
    return gain > 1.6448536269514722 * noise


def _placements(scores: Sequence[Floats], label: Labels, subject: Subjects = None) -> tuple[Floats, Floats]:
    """AUC of each score, and their covariance, by the placement of each row among the other class's."""
    yes, no = label == 1, label == 0
    m, n = int(yes.sum()), int(no.sum())
    if not m or not n:
        return np.full(len(scores), np.nan), np.full((len(scores), len(scores)), np.nan)
    of_yes, of_no = np.empty((len(scores), m)), np.empty((len(scores), n))
    for place, score in enumerate(scores):
        of_yes[place] = (_midranks(score)[yes] - _midranks(score[yes])) / n
        of_no[place] = 1 - (_midranks(score)[no] - _midranks(score[no])) / m
    if subject is not None:
        return of_yes.mean(axis=1), _spread_of_subjects(of_yes, of_no, subject[yes], subject[no])
    spread = np.zeros((len(scores), len(scores)))
    for part, size in ((of_yes, m), (of_no, n)):
        if size > 1:
            spread += np.atleast_2d(np.cov(part)) / size
    return of_yes.mean(axis=1), spread


def _spread_of_subjects(
    of_yes: Floats, of_no: Floats, yes: NDArray[np.int64], no: NDArray[np.int64]
) -> Floats:
    """The covariance when the rows of one subject go together: what each subject adds to the AUC, squared."""
    whose = np.unique(np.concatenate([yes, no]))
    added = np.zeros((len(of_yes), len(whose)))
    for part, rows in ((of_yes, yes), (of_no, no)):
        away = (part - part.mean(axis=1, keepdims=True)) / part.shape[1]
        for place, line in enumerate(away):
            np.add.at(added[place], np.searchsorted(whose, rows), line)
    spread: Floats = added @ added.T * len(whose) / max(len(whose) - 1, 1)
    return spread


def _midranks(values: Floats) -> Floats:
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[back]


def ece(label: Labels, probability: Floats) -> float:
    """Expected calibration error over ten bins of equal width (Naeini et al. 2015): how far, on average, what was
    promised lies from what happened."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=probability - label, minlength=BINS)
    return float(np.abs(gaps).sum() / len(label))


def log_loss(label: Labels, probability: Floats) -> float:
    """The mean logarithm of the probability that was given to what happened, turned round; lower is better."""
    return float(-np.log(np.where(label == 1, probability, 1 - probability)).mean())


def lift(label: Labels, score: Floats, share: float) -> float:
    """How many times the base rate the best `share` of the rows reach."""
    top = max(1, round(share * len(label)))
    return float(label[np.argsort(-score, kind="stable")[:top]].mean() / label.mean())


def figures(label: Labels, probability: Floats, subject: Subjects = None) -> dict[str, Any]:
    """The figures of a report. Both answers must be among the labels."""
    from sklearn.metrics import average_precision_score

    low, high = auc_interval(label, probability, subject)
    told = {
        "auc": auc(label, probability),
        "auc_low": low,
        "auc_high": high,
        "pr_auc": float(average_precision_score(label, probability)),
        "brier": float(np.mean((probability - label) ** 2)),
        "brier_of_base_rate": float(label.mean() * (1 - label.mean())),
        "ece": ece(label, probability),
        "lift_10": lift(label, probability, 0.1),
        "lift_20": lift(label, probability, 0.2),
        "base_rate": float(label.mean()),
    }
    return {**{name: round(value, 5) for name, value in told.items()}, "n": len(label)}


def pictures(label: Labels, probability: Floats) -> dict[str, Any]:
    """The points of four curves, for a screen to draw.

    `roc`: false and true positive rate. `lift`: share of rows from the top, times the base rate. `calibration`:
    promised, happened with its 95 % interval, rows, in bins of equal size. `capacity`: if the best N are called,
    how many say yes, and which share of all who do.
    """
    order = np.argsort(-probability, kind="stable")
    yes = np.cumsum(label[order])
    total, n = int(yes[-1]), len(label)
    cuts = np.unique(np.linspace(0, n - 1, 101).round().astype(int))
    tenths = [max(1, round(n * step / 20)) for step in range(1, 21)]
    roc = [[0.0, 0.0]] + [
        [round(float((cut + 1 - yes[cut]) / (n - total)), 4), round(float(yes[cut] / total), 4)]
        for cut in cuts
    ]
    calibration = []
    for part in np.array_split(order[::-1], min(BINS, n)):
        hits = int(label[part].sum())
        low, high = wilson(hits, len(part))
        told = (float(probability[part].mean()), hits / len(part), low, high)
        calibration.append([*(round(value, 4) for value in told), len(part)])
    return {
        "roc": roc,
        "lift": [[round(top / n, 4), round(float(yes[top - 1] / top / (total / n)), 4)] for top in tenths],
        "calibration": calibration,
        "capacity": [[top, int(yes[top - 1]), round(float(yes[top - 1] / total), 4)] for top in tenths],
    }
