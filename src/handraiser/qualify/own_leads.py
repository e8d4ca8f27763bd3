"""The firm's own leads as examples for `prediction`, and as rows to be foretold. Loads the extra [ml]."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from handraiser.kit import clock
from handraiser.qualify import snapshots
from handraiser.qualify.prediction import drift, encoding, judging, predictor
from handraiser.qualify.prediction.encoding import Feature
from handraiser.qualify.prediction.outcomes import Examples
from handraiser.qualify.prediction.predictor import Predictor
from handraiser.qualify.prediction.table import Column, Kind
from handraiser.qualify.prediction.training import OF_EACH_LATER, Trained

MOST = 50_000  # leads to learn from: the newest say more than all
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Learnable:
    """Leads with an answer, oldest first: as examples, and as the rows they were made of."""

    examples: Examples
    rows: Sequence[Row]
    opened_at: Sequence[int]

    def take(self, places: Sequence[int]) -> Learnable:
        """Some of them, by their places."""
        return Learnable(
            self.examples.take(np.array(places, dtype=int)),
            [self.rows[place] for place in places],
            [self.opened_at[place] for place in places],
        )

    def at_opening(self, *, upto: datetime) -> tuple[Learnable, Learnable]:
        """The looks at leads just opened: those until a moment, and those after it."""
        until = clock.ms(upto)
        opening = [place for place, row in enumerate(self.rows) if not row["days_open"]]
        sides = [
            [place for place in opening if (self.opened_at[place] <= until) is early]
            for early in (True, False)
        ]
        return self.take(sides[0]), self.take(sides[1])


def gather(
    *,
    target: str,
    window_days: int,
    left_out: Sequence[str],
    at: datetime,
    progress: Callable[[int, int], object] = lambda done, of: None,
) -> Learnable:
    """Everything that may be learned from at a moment."""
    found = snapshots.outcomes(target=target, window_days=window_days, at=at, most=MOST)
    told: list[Row] = []
    for some in snapshots.features(found.moments):
        told += some
        progress(len(told), len(found.moments))
    order = sorted(range(len(told)), key=lambda n: (found.moments[n].opened_at, found.moments[n]))
    rows = [told[n] for n in order]
    opened = [found.moments[n].opened_at for n in order]
    subject = np.unique([found.moments[n].lead for n in order], return_inverse=True)[1]
    names = sorted({name for row in rows for name in row} - set(left_out))
    examples = Examples(
        columns=[_column(name, rows) for name in names],
        label=np.array([found.label[n] for n in order], dtype=np.int8),
        time=np.array(opened, dtype=float) / snapshots.DAY_MS,
        time_is_date=True,
        unlabelled=found.untold,
        too_young=found.too_young,
        subject=subject.astype(np.int64),
    )
    return Learnable(examples, rows, opened)


def opened_since(moment: datetime, at: datetime, *, most: int) -> list[Row]:
    """The leads that were opened after a moment, as they were known at their opening."""
    return [row for some in snapshots.features(snapshots.since(moment, at, most=most)) for row in some]


def _column(name: str, rows: Sequence[Row]) -> Column:
    numeric = all(isinstance(row[name], int | float) for row in rows if name in row)
    return column(name, "number" if numeric else "category", rows)


def column(name: str, kind: Kind, rows: Sequence[Row]) -> Column:
    """One column of these rows, of the kind that a model expects."""
    values = [row.get(name) for row in rows]
    if kind == "category":
        texts = [None if value in (None, "") else str(value) for value in values]
        return Column(name, kind, np.array(texts, dtype=object))
    numbers = [float(value) if isinstance(value, int | float) else np.nan for value in values]
    return Column(name, kind, np.array(numbers, dtype=float))


def columns(features: Sequence[Feature], rows: Sequence[Row]) -> list[Column]:
    """These rows as a model with these features reads them."""
    return [column(feature.name, feature.kind, rows) for feature in features]


@dataclass(frozen=True)
class Match:
    """Whether the challenger won against the live model, and why."""

    won: bool
    why: str


def compare(learnable: Learnable, trained: Trained, champion: Predictor, until: datetime, name: str) -> Match:
    """Ask the live model, and a challenger of the trained one's kind, about leads that neither has seen.

    Those are the ones opened after the leads that the live model learned from; the challenger learns from the
    earlier ones alone.
    """
    split = int(np.searchsorted(np.array(learnable.opened_at), clock.ms(until), side="right"))
    examples = learnable.examples
    earlier, later = examples.label[:split], examples.label[split:]
    fewest = min(int(later.sum()), int((later == 0).sum()))
    if fewest < OF_EACH_LATER:
        return Match(
            False,
            f"Too few leads have had an outcome since {name} learned: {int(later.sum()):,} yes and"
            f" {int((later == 0).sum()):,} no. {OF_EACH_LATER} of each are needed to compare. {name} stays.",
        )
    if min(int(earlier.sum()), int((earlier == 0).sum())) < OF_EACH_LATER:
        return Match(True, f"Too few of the leads that {name} learned from are left to compare.")
    rest = np.arange(split, examples.n)
    before = [one.take(np.arange(split)) for one in trained.columns]
    subject = None if examples.subject is None else examples.subject[:split]
    rival = predictor.fit(trained.report["model"], before, earlier, subject=subject)
    losses = [
        judging.log_loss(later, rival.probability(predictor.take(trained.columns, rest))),
        judging.log_loss(
            later, champion.probability(columns(champion.model.features, learnable.rows[split:]))
        ),
    ]
    figures = f"(log loss {losses[0]:.4f} against {losses[1]:.4f})"
    leads = f"{len(later):,} later looks at leads that neither had seen"
    if losses[0] < losses[1]:
        return Match(True, f"On {leads} it foretold better than {name} {figures}.")
    return Match(False, f"On {leads} {name} foretold better {figures}, so {name} stays.")


def spread(report: Mapping[str, Any], probabilities: Sequence[float]) -> list[tuple[float, float]]:
    """The range of each probability: how often leads that were rated alike said yes, 95 %."""
    bins = report["pictures"]["cross_validated"]["calibration"]
    promised = [line[0] for line in bins]
    low = np.interp(probabilities, promised, [line[2] for line in bins])
    high = np.interp(probabilities, promised, [line[3] for line in bins])
    return [
        (min(float(one), p), max(float(other), p))
        for one, other, p in zip(low, high, probabilities, strict=True)
    ]


@dataclass(frozen=True)
class Moved:
    """What drifted. `columns`: the stability index of those that moved further than so few leads do by chance."""

    drift: drift.Drift
    columns: dict[str, float]
    score: float | None


def moved(learned: Learnable, now: Learnable, fresh: Sequence[Row], model: Predictor) -> Moved:
    """How far the leads of today (`fresh`) and the outcomes since (`now`) lie from those that were learned from."""
    features = model.model.features
    before, today = columns(features, learned.rows), columns(features, fresh)
    scores = model.probability(before), model.probability(today)
    none = learned.examples.label[:0]
    told = drift.compare(before, today, scores, (learned.examples.label, none))
    if now.rows:
        since = columns(features, now.rows)
        labels = (learned.examples.label, now.examples.label)
        outcomes = drift.compare(before, since, (scores[0], model.probability(since)), labels)
        told = replace(
            told,
            base_rate=outcomes.base_rate,
            base_rate_moved=outcomes.base_rate_moved,
            auc=outcomes.auc,
            ranking_fell=outcomes.ranking_fell,
        )

    def bound(parts: int) -> float:
        # Without any change the index is a chi-square times this, with one degree of freedom less than parts.
        chance = 1 / len(learned.rows) + 1 / len(fresh)
        return drift.ALARM + chance * (parts - 1 + 3 * float(np.sqrt(2 * (parts - 1))))

    widths = {feature.name: feature.width for feature in encoding.learn(before)}
    far = {name: psi for name, psi in told.columns.items() if psi >= bound(widths[name])}
    return Moved(told, far, told.score if told.score >= bound(10) else None)
