"""Reads a CSV file into typed columns: numbers, dates, categories. What is missing stays missing."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handraiser.kit.errors import DomainError

Kind = Literal["number", "date", "category"]
Floats = NDArray[np.float64]

BLANK = {"", "na", "n/a", "nan", "null", "none"}
STRAY = 0.02  # this share of a column may be no number (or date) and the column still is one
_EPOCH = datetime(1970, 1, 1)
_DATE_FORMATS = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d")


@dataclass(frozen=True)
class Column:
    """One column of a table, a value for each row.

    `values` are floats for numbers, days since 1970 for dates (NaN where missing), and words for categories
    (None where missing).
    """

    name: str
    kind: Kind
    values: NDArray[Any]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """True for each row without a value."""
        if self.kind == "category":
            return np.array([value is None for value in self.values], dtype=bool)
        return np.isnan(self.values)

    def take(self, rows: NDArray[Any]) -> Column:
        """The same column of some rows: their numbers, or True for each that stays."""
        return Column(self.name, self.kind, self.values[rows])


@dataclass(frozen=True)
class Table:
    """A file as it was read: words by column, and how many rows."""

    words: dict[str, list[str]]
    rows: int
    fingerprint: str

    def of(self, name: str) -> list[str]:
        """The words of one column. Raises DomainError `no_column`."""
        if name not in self.words:
            raise DomainError(
                "no_column", f"The table has no column {name}. It has: {', '.join(self.words)}."
            )
        return self.words[name]


def read(path: Path) -> Table:
    """Read a CSV file in UTF-8 with a line of names; comma, semicolon or tab between values.

    Raises DomainError `no_file`, `empty_file` or `not_a_table`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DomainError("no_file", f"There is no file {path}.", kind="missing") from None
    except (UnicodeDecodeError, IsADirectoryError, PermissionError) as error:
        raise DomainError("not_a_table", f"{path} cannot be read as a CSV file in UTF-8: {error}.") from None
    head = text[: text.find("\n") + 1] or text
    mark = max(",;\t", key=head.count)
    lines = csv.reader(text.splitlines(keepends=True), delimiter=mark, skipinitialspace=True)
    names = [name.strip() for name in next(lines, [])]
    rows = [row for row in lines if row]
    if not rows:
        raise DomainError("empty_file", f"{path} holds no rows.")
    if len(set(names)) < len(names):
        raise DomainError("not_a_table", f"{path} names a column twice.")
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise DomainError(
                "not_a_table",
                f"{path}: row {number + 2} has {len(row)} values, the first line names {len(names)}.",
            )
    words = {name: [row[place].strip() for row in rows] for place, name in enumerate(names)}
    return Table(words, len(rows), hashlib.sha256(text.encode()).hexdigest())


def blank(word: str) -> bool:
    """True for the ways in which files spell that there is nothing."""
    return word.lower() in BLANK


@lru_cache(maxsize=200_000)
def as_number(word: str) -> float | None:
    """A finite number, or None."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


@lru_cache(maxsize=200_000)
def as_days(word: str) -> float | None:
    """Days since 1970 of an ISO date or time, or of a date with slashes (month first); None if it is neither."""
    if len(word) < 8 or not word[0].isdigit() or word.isdigit():
        return None
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        for shape in _DATE_FORMATS:
            try:
                moment = datetime.strptime(word, shape)
                break
            except ValueError:
                continue
        else:
            return None
    return (
        moment.replace(tzinfo=None) - (moment.utcoffset() or _EPOCH - _EPOCH) - _EPOCH
    ).total_seconds() / 86_400


def column(name: str, words: Sequence[str], kind: Kind | None = None) -> Column:
    """A typed column. The type is guessed from the values unless it is told."""
    filled = [word for word in words if not blank(word)]
    if kind is None:
        kind = _guess(filled)
    if kind == "category":
        values: NDArray[Any] = np.array([None if blank(word) else word for word in words], dtype=object)
        return Column(name, kind, values)
    parse = as_number if kind == "number" else as_days
    numbers = (None if blank(word) else parse(word) for word in words)
    return Column(name, kind, np.array([np.nan if n is None else n for n in numbers], dtype=float))


def _guess(filled: Sequence[str]) -> Kind:
    allowed = STRAY * len(filled)
    for kind, parse in (("number", as_number), ("date", as_days)):
        strays = 0
        for word in filled:
            if parse(word) is None:
                strays += 1
                if strays > allowed:
                    break
        else:
            if filled:
                return kind  # type: ignore[return-value]
    return "category"
