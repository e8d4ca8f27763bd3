"""The model card: what a model is, what it may be used for, and how far to trust it (Mitchell et al. 2019)."""

from __future__ import annotations

from typing import Any

from handraiser.qualify.prediction import drift

_FIGURES = {
    "auc": "AUC: a yes is ranked above a no this often",
    "pr_auc": "Area under precision and recall",
    "brier": "Brier score; lower is better",
    "brier_of_base_rate": "Brier score of always saying the base rate",
    "ece": "Calibration error: how far promises lie from what happened",
    "lift_10": "Times the base rate in the best tenth",
    "base_rate": "Base rate",
    "n": "Rows",
}


def card(report: dict[str, Any], about: dict[str, Any]) -> str:
    """A page of Markdown for a trained model: `report` as training wrote it, `about` as the model file keeps it."""
    kind = (
        "Logistic regression with a ridge penalty"
        if report["model"] == "logistic"
        else "Gradient-boosted trees"
    )
    lines = [
        f"# The chance of {about['label']}",
        "",
        f"{kind}, calibrated, learned from {report['rows']['learned_from']:,} rows of `{about['table']}`"
        f" (sha256 `{about['fingerprint'][:16]}…`). {report['why']}",
        "",
        "## What it is for",
        f"It ranks rows like those it learned from by the chance of {about['label']}"
        + (f" within {about['window']:g} days." if about["window"] is not None else ".")
        + " It says what goes together, not what causes what, and it decides nothing about a person by itself.",
        "",
        "## How good it is",
        *_table(report),
        "",
        "## What it looks at",
        *(f"- {name}: {weight:g}" for name, weight in report["weight_of_columns"].items()),
        "",
        "The number is how far the column moves a row on average, in log-odds. Look for columns that stand for a"
        " group of people (names, countries, mail hosts); leave them out of the table where they must not count.",
        "",
        "## What it may not look at",
        *(
            [f"- {name}: {why}." for name, why in report["refused_columns"].items()]
            or ["Nothing was refused."]
        ),
        *(f"- {name}: left out, {why}." for name, why in report["left_out_columns"].items()),
        "",
        "## When not to trust it",
        f"- {report['rows']['too_young']:,} rows were too young to be counted, {report['rows']['unlabelled']:,}"
        " had no answer.",
        f"- When a column or the score moves (population stability index over {drift.ALARM}) or the base rate does,"
        " train again: `handraiser model backtest` shows what that was worth in the past.",
        "",
    ]
    return "\n".join(lines)


def _table(report: dict[str, Any]) -> list[str]:
    judged = [("rows it had not seen", report["cross_validated"]), ("a later period", report["time_split"])]
    judged = [(name, figures) for name, figures in judged if figures]
    lines = ["| | " + " | ".join(name for name, _ in judged) + " |", "|---" * (len(judged) + 1) + "|"]
    for key, told in _FIGURES.items():
        lines.append(f"| {told} | " + " | ".join(f"{figures[key]:,}" for _, figures in judged) + " |")
    return lines
