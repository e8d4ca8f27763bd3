"""Which rows of a table have an answer, and when: labels, label window, censoring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handraiser.kit.errors import DomainError
from handraiser.qualify.prediction.table import Column, Floats, Table, as_days, as_number, blank, column

YES = {"1", "1.0", "yes", "y", "true", "t", "won", "converted", "customer", "positive"}
NO = {"0", "0.0", "no", "n", "false", "f", "lost", "not converted", "negative"}


@dataclass(frozen=True)
class Examples:
    """The rows of a table that may be learned from, oldest first when there is a time.

    `time` is in days for dates, in its own unit otherwise, and None when the table has none. `columns` hold neither
    the label nor the time. `subject` numbers whom each row is about, where several rows are about one; else None.
    """

    columns: list[Column]
    label: NDArray[np.int8]
    time: Floats | None
    time_is_date: bool
    unlabelled: int
    too_young: int
    subject: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.label)

    def take(self, rows: NDArray[Any]) -> Examples:
        """Some of the rows, in the order told."""
        return replace(
            self,
            columns=[column.take(rows) for column in self.columns],
            label=self.label[rows],
            time=None if self.time is None else self.time[rows],
            subject=None if self.subject is None else self.subject[rows],
        )

    def answers(self) -> tuple[int, int]:
        """Of how many subjects there is an answer, and how many of them ever said yes."""
        if self.subject is None:
            return self.n, int(self.label.sum())
        return len(np.unique(self.subject)), len(np.unique(self.subject[self.label == 1]))


def examples(
    table: Table,
    *,
    label: str,
    time: str = "",
    window: float | None = None,
    as_of: str = "",
    positive: str = "",
) -> Examples:
    """Choose the rows with a ripe answer.

    The label is yes or no in the usual spellings, or any words of which `positive` means yes, or the moment at
    which it happened (blank: not so far). With a `window` (in days, or in the time's own unit) a row counts as yes
    when it happened within the window after the row's time, and a row younger than the window is left out: its no
    is not known yet. Young means at `as_of`, by default the latest time in the table.

    Raises DomainError `no_column`, `no_time`, `label` or `as_of`.
    """
    words = table.of(label)
    moments = _time(table, time) if time else None
    if window is not None and moments is None:
        raise DomainError("no_time", "A label window needs --time: the column that says when the row began.")
    happened = None if positive else _happened(label, words)
    if happened is not None:
        if window is None or moments is None:
            raise DomainError(
                "label",
                f"{label} holds dates. Say --time and --label-window: within how many days counts as yes.",
            )
        # A moment before the row's own is a clock that was off: the outcome is there all the same.
        answers = np.where(happened.values - moments.values <= window, 1.0, 0.0)
    else:
        answers = _answers(label, words, positive)
    keep = ~np.isnan(answers)
    unlabelled = int((~keep).sum())
    too_young = 0
    if moments is not None:
        keep &= ~moments.missing
        if window is not None:
            now = _now(moments, happened, as_of)
            young = keep & (moments.values > now - window)
            too_young = int(young.sum())
            keep &= ~young
    rows = np.flatnonzero(keep)
    if moments is not None:
        rows = rows[np.argsort(moments.values[rows], kind="stable")]
    columns = [
        column(name, told).take(rows) for name, told in table.words.items() if name not in (label, time)
    ]
    return Examples(
        columns=columns,
        label=answers[rows].astype(np.int8),
        time=None if moments is None else moments.values[rows],
        time_is_date=moments is not None and moments.kind == "date",
        unlabelled=unlabelled,
        too_young=too_young,
    )


def _time(table: Table, name: str) -> Column:
    moments = column(name, table.of(name))
    if moments.kind == "category":
        raise DomainError("no_time", f"{name} holds neither dates nor numbers, so it gives no order.")
    return moments


def _now(moments: Column, happened: Column | None, as_of: str) -> float:
    if as_of:
        told = as_days(as_of) if moments.kind == "date" else as_number(as_of)
        if told is None:
            raise DomainError("as_of", f"{as_of} is no moment of the kind that --time holds.")
        return told
    seen = [float(np.nanmax(moments.values))]
    if happened is not None and not happened.missing.all():
        seen.append(float(np.nanmax(happened.values)))
    return max(seen)


def _happened(label: str, words: list[str]) -> Column | None:
    filled = [word for word in words if not blank(word)]
    if filled and as_days(filled[0]) is not None:
        guessed = column(label, words)
        return guessed if guessed.kind == "date" else None
    return None


def _answers(label: str, words: list[str], positive: str) -> Floats:
    values = sorted({word for word in words if not blank(word)})
    if positive:
        if positive not in values:
            raise DomainError("label", f"{label} never says {positive}. It says: {', '.join(values[:12])}.")
        meaning: dict[str, Any] = {value: float(value == positive) for value in values}
    else:
        meaning = {value: 1.0 for value in values if value.lower() in YES}
        meaning |= {value: 0.0 for value in values if value.lower() in NO}
        if len(meaning) < len(values) or not values:
            unclear = [value for value in values if value not in meaning]
            raise DomainError(
                "label",
                f"{label} must say yes or no; it says {', '.join(unclear[:6]) or 'nothing'}."
                " Name the value that means yes with --positive, and blank what is not known yet.",
            )
    return np.array([meaning.get(word, np.nan) for word in words], dtype=float)
