"""Plays the past forward: each block of rows is scored by what was known before it, then learned from."""

from __future__ import annotations

from typing import Any

import numpy as np

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import judging, predictor, retraining, training
from handraiser.qualify.prediction.judging import Labels
from handraiser.qualify.prediction.outcomes import Examples
from handraiser.qualify.prediction.table import Floats


def run(examples: Examples, *, block: int, start: int) -> dict[str, Any]:
    """Score the rows from `start` on, oldest first, in blocks of `block`, retraining after each.

    Columns are chosen, and leaks refused, by the rows before `start` alone. Outcomes of a block are taken as known
    before the next one is scored. Raises DomainError `backtest` when there is nothing to play.
    """
    if block < 50 or start < training.LABELLED or start + block > examples.n:
        raise DomainError(
            "backtest",
            f"There are {examples.n:,} rows with an answer: --from must be at least {training.LABELLED} and"
            " leave one block of at least 50.",
        )
    label = examples.label
    past = np.arange(start)
    told = training.choose(examples.take(past))
    # A column that says the same all along may begin to speak later; a leak stays a leak.
    useless = {name for name, why in told.left_out.items() if why != training.SAME}
    columns = [column for column in examples.columns if column.name not in useless | told.refused.keys()]
    if not columns or len(np.unique(label[past])) < 2:
        raise DomainError("backtest", f"The first {start:,} rows hold nothing to learn from.")
    first = retraining.begin("logistic", columns, label, past, start)
    champion, former = retraining.begin("logistic", columns, label, past, min(block, start)), None
    moving, still = np.empty(examples.n), np.empty(examples.n)
    blocks: list[dict[str, Any]] = []
    for begins in range(start, examples.n, block):
        here = np.arange(begins, min(begins + block, examples.n))
        rows = predictor.take(columns, here)
        moving[here] = champion.predictor.probability(rows)
        still[here] = first.predictor.probability(rows)
        blocks.append(_block(begins, label[here], moving[here], still[here], champion.kind))
        if len(here) < block or here[-1] + 1 == examples.n:
            break
        change = retraining.retrain(
            columns, label, known=int(here[-1]) + 1, block=block, champion=champion, former=former
        )
        champion, former = change.champion, change.former
        blocks[-1] |= {"then": change.decision, "drift": change.drift.alarm, "moved": change.drift.sentence()}
    played = slice(start, blocks[-1]["from"] + blocks[-1]["n"])
    return {
        "refused_columns": told.refused,
        "left_out_columns": told.left_out,
        "used_columns": [column.name for column in columns],
        "n": played.stop - start,
        **_summary(label[played], moving[played], [b["auc"] for b in blocks]),
        "never_retrained": _summary(label[played], still[played], [b["auc_never_retrained"] for b in blocks]),
        "blocks": blocks,
    }


def _block(begins: int, label: Labels, moving: Floats, still: Floats, kind: str) -> dict[str, Any]:
    return {
        "from": begins,
        "n": len(label),
        "base_rate": round(float(label.mean()), 5),
        "model": kind,
        "auc": _rounded(judging.auc(label, moving)),
        "ece": round(judging.ece(label, moving), 5),
        "auc_never_retrained": _rounded(judging.auc(label, still)),
    }


def _summary(label: Labels, probability: Floats, areas: list[float | None]) -> dict[str, Any]:
    known = [area for area in areas if area is not None]
    return {
        "mean_block_auc": round(float(np.mean(known)), 5) if known else None,
        "pooled_auc": _rounded(judging.auc(label, probability)),
        "brier": round(float(np.mean((probability - label) ** 2)), 5),
        "ece": round(judging.ece(label, probability), 5),
    }


def _rounded(area: float) -> float | None:
    return None if np.isnan(area) else round(area, 5)
