"""What `handraiser model …` does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction import backtest, cards, model_file, outcomes, table, training

Say = Callable[[str], object]


def train(
    *,
    file: Path,
    label: str,
    time: str,
    window: float | None,
    as_of: str,
    positive: str,
    report_file: Path | None,
    save: Path | None,
    say: Say,
) -> None:
    """Learn from a table, say how good that is, and write the report, the model and its card where told."""
    read = table.read(file)
    examples = outcomes.examples(read, label=label, time=time, window=window, as_of=as_of, positive=positive)
    trained = training.train(examples)
    if report_file:
        report_file.write_text(_json(trained.report), encoding="utf-8")
    say(f"{trained.verdict}: {trained.why}")
    for name, why in trained.refused.items():
        say(f"  refused {name}: {why}")
    for name, figures in (
        ("cross-validated", trained.report["cross_validated"]),
        ("later period", trained.report["time_split"]),
    ):
        if figures:
            told = "  ".join(
                f"{key} {figures[key]:g}" for key in ("auc", "pr_auc", "brier", "ece", "lift_10", "n")
            )
            say(f"  {name}: {told}")
    if save is None:
        return
    if trained.predictor is None:
        say(f"  {save} was not written: there is no model to keep.")
        return
    about = {
        "label": label,
        "time": time,
        "window": window,
        "table": file.name,
        "fingerprint": read.fingerprint,
        "base_rate": trained.report["cross_validated"]["base_rate"],
        "refused_columns": trained.refused,
        "cross_validated": trained.report["cross_validated"],
        "time_split": trained.report["time_split"],
    }
    model_file.save(save, trained.predictor, about)
    save.with_suffix(".md").write_text(cards.card(trained.report, about), encoding="utf-8")
    say(f"  model {save}, card {save.with_suffix('.md')}")


def play_forward(
    *,
    file: Path,
    label: str,
    time: str,
    positive: str,
    block: int,
    start: int,
    as_json: bool,
    target: Path | None,
    say: Say,
) -> None:
    """Print the figures of a backtest, or write them into `target` as JSON."""
    examples = outcomes.examples(table.read(file), label=label, time=time, positive=positive)
    told = backtest.run(examples, block=block, start=start)
    if target is not None:
        target.write_text(_json(told), encoding="utf-8")
    elif as_json:
        say(_json(told).rstrip())
    else:
        for line in told["blocks"]:
            told_of = f"from {line['from']:,}  {line['model']}  auc {line['auc']}  ece {line['ece']}"
            say(f"{told_of}  {line.get('then', '')}".rstrip())
        for name, figures in (("retrained", told), ("never retrained", told["never_retrained"])):
            say(
                f"{name}: "
                + "  ".join(f"{key} {figures[key]}" for key in ("mean_block_auc", "pooled_auc", "ece"))
            )


def score(*, model: Path, file: Path, as_json: bool, say: Say) -> None:
    """Print the probability of each row of a table, and the columns that moved it most."""
    saved = model_file.load(model)
    read = table.read(file)
    features = saved.predictor.model.features
    if missing := [feature.name for feature in features if feature.name not in read.words]:
        raise DomainError("no_column", f"{file} lacks columns of the model: {', '.join(missing)}.")
    columns = [table.column(feature.name, read.of(feature.name), feature.kind) for feature in features]
    probabilities = saved.predictor.probability(columns)
    reasons = saved.predictor.reasons(columns)
    if as_json:
        rows = [
            {
                "row": number + 2,
                "probability": round(float(probability), 5),
                "reasons": [{"column": r.column, "value": r.value, "adds": r.adds} for r in why],
            }
            for number, (probability, why) in enumerate(zip(probabilities, reasons, strict=True))
        ]
        say(
            _json(
                {"label": saved.about["label"], "base_rate": saved.about["base_rate"], "rows": rows}
            ).rstrip()
        )
        return
    for number, (probability, why) in enumerate(zip(probabilities, reasons, strict=True)):
        told = ", ".join(f"{r.column} {r.value} ({r.adds:+.2f})" for r in why)
        say(f"{number + 2}  {probability:.3f}  {told}")


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
