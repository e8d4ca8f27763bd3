"""The two kinds of model: a regularised logistic regression, and gradient-boosted trees that must beat it.

Both are fitted to columns, answer with log-odds, say what each column added, and are kept as plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from handraiser.qualify.prediction import encoding
from handraiser.qualify.prediction.encoding import Feature
from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.table import Column, Floats

ModelKind = Literal["logistic", "boosted"]
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)  # inverse ridge penalties, in scikit-learn's sense
_ASKED = 6000  # rows are enough to choose among them
_TREES = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "cat_smooth": 20.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}
ROUNDS = 200


@dataclass(frozen=True)
class Model:
    """A fitted model. `kind` decides which of `weights` and `trees` (LightGBM's own text) is filled."""

    kind: ModelKind
    features: list[Feature]
    intercept: float = 0.0
    weights: list[float] = field(default_factory=list)
    usual: list[float] = field(default_factory=list)
    trees: str = ""

    def odds(self, columns: list[Column]) -> Floats:
        """Log-odds for each row. `columns` come in the order of `features`."""
        if self.kind == "logistic":
            return encoding.matrix(self.features, columns) @ np.array(self.weights) + self.intercept
        told: Floats = self._booster.predict(
            encoding.raw(self.features, columns), raw_score=True, num_threads=1
        )
        return told

    def parts(self, columns: list[Column]) -> Floats:
        """What each column added to a row's log-odds against the usual row: one line for each row.

        Linear: weight times the difference from the mean. Trees: exact Shapley values (Lundberg et al. 2018).
        """
        if self.kind == "boosted":
            told = self._booster.predict(
                encoding.raw(self.features, columns), pred_contrib=True, num_threads=1
            )
            return np.asarray(told)[:, :-1]
        table = encoding.matrix(self.features, columns)
        weights = np.array(self.weights)
        added, start = [], 0
        for feature, usual in zip(self.features, self.usual, strict=True):
            here = slice(start, start + feature.width)
            added.append(table[:, here] @ weights[here] - usual)
            start += feature.width
        return np.column_stack(added)

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.trees)


def fit(kind: ModelKind, columns: list[Column], label: Labels, *, strength: float | None = None) -> Model:
    """Fit one kind to rows with answers; both answers must be there.

    `strength` is that of the logistic regression's penalty; None: chosen by these rows.
    """
    features = encoding.learn(columns)
    if kind == "boosted":
        return _boosted(features, columns, label)
    return _logistic(features, columns, label, strength)


def strength(columns: list[Column], label: Labels) -> float:
    """The strength of the penalty that these rows would choose."""
    return _strength(encoding.matrix(encoding.learn(columns), columns), label)


def _logistic(features: list[Feature], columns: list[Column], label: Labels, strength: float | None) -> Model:
    table = encoding.matrix(features, columns)
    fitted = _ridge(_strength(table, label) if strength is None else strength, table, label)
    weights = fitted.coef_[0]
    means = np.asarray(table.mean(axis=0)).ravel()
    usual, start = [], 0
    for feature in features:
        here = slice(start, start + feature.width)
        usual.append(float(means[here] @ weights[here]))
        start += feature.width
    return Model(
        "logistic",
        features,
        intercept=float(fitted.intercept_[0]),
        weights=[float(w) for w in weights],
        usual=usual,
    )


def _ridge(strength: float, table: Any, label: Labels, begin: Any = None) -> Any:
    from sklearn.linear_model import LogisticRegression

    ridge = begin or LogisticRegression(max_iter=300, tol=1e-3, warm_start=True)
    return ridge.set_params(C=strength).fit(table, label)


def _strength(table: Any, label: Labels) -> float:
    """The penalty with the least log loss on rows that were held back, in three parts."""
    order = np.random.default_rng(0).permutation(len(label))[:_ASKED]
    table, label = table[order], label[order]
    parts = np.arange(len(label)) % 3
    losses = dict.fromkeys(STRENGTHS, 0.0)
    for part in range(3):
        rest, here = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
        if len(np.unique(label[rest])) < 2:
            continue
        learned, answers, asked = table[rest], label[rest], table[here]
        ridge = None
        for strength in STRENGTHS:
            # Each begins where the one before it ended: they lie close together.
            ridge = _ridge(strength, learned, answers, ridge)
            odds = ridge.decision_function(asked)
            losses[strength] += float(np.logaddexp(0, np.where(label[here] == 1, -odds, odds)).sum())
    return min(losses, key=losses.__getitem__)


def _boosted(features: list[Feature], columns: list[Column], label: Labels) -> Model:
    import lightgbm

    categories = [place for place, feature in enumerate(features) if feature.kind == "category"]
    data = lightgbm.Dataset(
        encoding.raw(features, columns), label=label, categorical_feature=categories, free_raw_data=True
    )
    booster = lightgbm.train(_TREES, data, num_boost_round=ROUNDS)
    return Model("boosted", features, trees=booster.model_to_string())
