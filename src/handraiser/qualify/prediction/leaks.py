"""Finds columns that know the outcome, by how they behave and never by what they are called.

A column that is filled, changed or grown after the outcome makes a model that is perfect on the past and useless on
the next lead. Each check below is one way in which such a column gives itself away. A column that is merely good
stays.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handraiser.kit.statistics import wilson
from handraiser.qualify.prediction import judging
from handraiser.qualify.prediction.outcomes import Examples
from handraiser.qualify.prediction.table import Column, Floats

ALONE = 0.90  # AUC of one column: nothing that is known of a lead at the start ranks like that
STRONG = 0.78  # AUC of one column that must explain itself: does it outdo all the others, and does it gate?
ENOUGH = 30  # rows with a value, before its purity means anything
PURE = 0.95
GATE = (1 / 7, 1 / 4)  # a flag's dead side: its rate against the base rate, and the upper bound of that
DEAD = 1 / 20  # a dead value or end: the upper bound of its rate against the base rate
_PARTS = 20
_FOLDS = 5


@dataclass(frozen=True)
class _Group:
    """Rows with one value: how many, and how many of them said yes."""

    n: int
    yes: int

    def rate(self) -> float:
        return self.yes / self.n

    def most(self) -> float:
        return wilson(self.yes, self.n)[1]


def find(
    examples: Examples, *, together: Callable[[list[Column]], float], names: AbstractSet[str] = frozenset()
) -> dict[str, str]:
    """The columns that may not be learned from, each with the reason in a sentence.

    `together(columns)` is the out-of-fold AUC of the default model on some columns; it is asked only when one
    column is suspiciously strong. Columns in `names` name the rows: only whether and when they are filled counts.
    """
    label, columns = examples.label, examples.columns
    refused: dict[str, str] = {}
    strong: dict[str, tuple[Column, float]] = {}
    alone: dict[str, float] = {}
    for column in columns:
        reason = _after(column, examples) or _presence(column, label)
        if column.name in names:
            refused |= {column.name: reason} if reason else {}
            continue
        reason = reason or _values(column, label)
        alone[column.name] = area = _alone(_codes(column), label)
        if not reason and area >= ALONE:
            reason = f"alone it tells yes from no almost perfectly (AUC {area:.2f}): it knows the outcome"
        if reason:
            refused[column.name] = reason
        elif area >= STRONG:
            strong[column.name] = (column, area)
    for name, (column, area) in strong.items():
        rest = [other for other in columns if other.name != name and other.name not in refused]
        gate = _dead_end(column, label)
        if gate and area > (others := together(rest)):
            refused[name] = (
                f"alone it says more (AUC {area:.2f}) than all other columns together ({others:.2f}), and {gate}:"
                " it grows with the outcome"
            )
    kept = [column for column in columns if column.name in alone and column.name not in refused]
    return refused | _later_copies(kept, label, alone)


def _after(column: Column, examples: Examples) -> str:
    """Dates that lie after the row's own time."""
    if column.kind != "date" or examples.time is None or not examples.time_is_date:
        return ""
    filled = ~column.missing
    # A whole day of grace: one of the two may be a date without an hour.
    later = filled & (column.values >= examples.time + 1)
    if filled.sum() >= ENOUGH and later.sum() > filled.sum() / 2:
        return (
            f"{later.sum():,} of its {filled.sum():,} dates lie after the row's own time: not known by then"
        )
    return ""


def _presence(column: Column, label: judging.Labels) -> str:
    """Whether there is a value at all."""
    given = ~column.missing
    return _flag(given, label, "filled", "empty")


def _flag(side: NDArray[np.bool_], label: judging.Labels, one: str, other: str) -> str:
    """A thing that is or is not: one side almost only yes, or almost never yes."""
    base = float(label.mean())
    for rows, word in ((side, one), (~side, other)):
        group = _Group(int(rows.sum()), int(label[rows].sum()))
        if group.n < ENOUGH or group.n == len(label):
            continue
        if _only_yes(group, label):
            return f"where it is {word}, {group.rate():.1%} said yes ({group.n:,} rows): it comes with the outcome"
        if group.rate() <= GATE[0] * base and group.most() <= GATE[1] * base:
            return (
                f"where it is {word}, {group.yes:,} of {group.n:,} rows said yes and {group.n * base:,.0f} were to"
                " be expected: the outcome hardly happens without it"
            )
    return ""


def _only_yes(group: _Group, label: judging.Labels) -> bool:
    """Purely yes, for a share of all yes that matters, and far above a base rate that is high itself."""
    base = float(label.mean())
    if group.n < ENOUGH or group.rate() <= PURE or group.yes < 0.05 * label.sum():
        return False
    odds = group.yes / max(group.n - group.yes, 0.5)
    return odds >= 10 * base / (1 - base)


def _values(column: Column, label: judging.Labels) -> str:
    """Values that mean yes, or leave no room for it."""
    known = ~column.missing
    filled, answers = column.values[known], label[known]
    words, codes = np.unique(filled.astype(str) if column.kind == "category" else filled, return_inverse=True)
    if len(words) < 2:
        return ""
    counts = np.bincount(codes, minlength=len(words))
    yes = np.bincount(codes, weights=answers, minlength=len(words)).astype(int)
    if len(words) == 2 and known.mean() > 0.5:
        return _flag(codes == 0, answers, f"“{words[0]}”", f"“{words[1]}”")
    base = float(label.mean())
    dead = 0
    for place in np.flatnonzero(counts >= ENOUGH):
        group = _Group(int(counts[place]), int(yes[place]))
        if _only_yes(group, label):
            return f"“{words[place]}” means yes ({group.rate():.1%} of {group.n:,} rows): it comes with the outcome"
        if column.kind == "category" and group.most() <= DEAD * base:
            dead += group.n
    if dead > len(label) / 3:
        share = dead / len(label)
        return f"values that never come with a yes fill {share:.0%} of the rows: it is set by the outcome"
    if column.kind != "category" and counts.max() >= len(label) / 5:
        other = np.ones(len(codes), dtype=bool)
        other[codes == counts.argmax()] = False
        group = _Group(int(other.sum()), int(answers[other].sum()))
        if _only_yes(group, label):
            usual = words[counts.argmax()]
            return f"any value but {usual:g} means yes ({group.rate():.1%}): it comes with the outcome"
    return ""


def _dead_end(column: Column, label: judging.Labels) -> str:
    """One end of a number where the outcome hardly ever happens, as if it took that much for it to happen."""
    if column.kind == "category":
        return ""
    filled = ~column.missing
    values, answers = column.values[filled], label[filled]
    base = float(label.mean())
    for share in (0.1, 0.05):
        low, high = np.quantile(values, [share, 1 - share])
        for rows, told in ((values <= low, f"up to {low:g}"), (values >= high, f"from {high:g}")):
            group = _Group(int(rows.sum()), int(answers[rows].sum()))
            if group.n >= ENOUGH and group.most() <= DEAD * base:
                expected = group.n * base
                return (
                    f"{told} it hardly ever happens ({group.yes:,} of {group.n:,}, {expected:,.0f} expected)"
                )
    return ""


def _later_copies(columns: list[Column], label: judging.Labels, alone: dict[str, float]) -> dict[str, str]:
    """Counts that were taken again later: never below another count, and what came on top predicts the outcome.

    The growth says what neither count says by itself. Where it is a column of the table anyway (a total beside its
    parts) it was there to be known, and the total stays.
    """
    counts = [column for column in columns if _is_count(column)]
    found: dict[str, str] = {}
    for later in counts:
        for early in counts:
            both = ~later.missing & ~early.missing
            if later is early or both.sum() < 10 * ENOUGH:
                continue
            growth = later.values - early.values
            grown, same = (growth[both] > 0).mean(), (growth[both] == 0).mean()
            if (growth[both] >= 0).mean() < 0.99 or grown < 0.2 or same < 0.05:
                continue
            known = any(
                np.mean(np.abs(growth[both] - part.values[both]) < 0.5) > 0.8
                for part in counts
                if part is not later and part is not early
            )
            area = _alone(_codes(Column("", "number", growth)), label)
            rival = max(alone[later.name], alone[early.name], 0.5)
            if not known and area >= 0.6 and area >= rival + 0.03:
                found[later.name] = (
                    f"it is {early.name} counted again later: it is never less, and how much it grew tells the"
                    f" outcome (AUC {area:.2f}, against {rival:.2f} by themselves)"
                )
                break
    return found


def _is_count(column: Column) -> bool:
    if column.kind != "number":
        return False
    filled = column.values[~column.missing]
    return bool(
        len(filled) >= 10 * ENOUGH
        and filled.min() >= 0
        and (filled == filled.round()).all()
        and 3 <= len(np.unique(filled)) <= len(filled) / 10
    )


def _codes(column: Column) -> NDArray[np.int64]:
    """A small number for each row: its value, or its twentieth of a number; the last one for missing."""
    missing = column.missing
    if column.kind == "category":
        filled = np.where(missing, "", column.values).astype(str)
        codes = np.unique(filled, return_inverse=True)[1]
        return np.where(missing, codes.max() + 1, codes)
    if missing.all():
        return np.zeros(len(missing), dtype=int)
    edges = np.unique(
        np.quantile(column.values[~missing], np.linspace(0, 1, _PARTS + 1)[1:-1], method="higher")
    )
    return np.where(missing, len(edges) + 1, np.searchsorted(edges, column.values, side="right"))


def _alone(codes: NDArray[np.int64], label: judging.Labels) -> float:
    """The AUC of one column out of fold: each row is given the rate of its value among the other folds' rows."""
    folds = np.random.default_rng(0).permutation(len(label)) % _FOLDS
    size = int(codes.max()) + 1
    score: Floats = np.empty(len(label))
    for fold in range(_FOLDS):
        rest, here = folds != fold, folds == fold
        base = label[rest].mean()
        n = np.bincount(codes[rest], minlength=size)
        yes = np.bincount(codes[rest], weights=label[rest], minlength=size)
        score[here] = ((yes + 5 * base) / (n + 5))[codes[here]]
    return judging.auc(label, score)
