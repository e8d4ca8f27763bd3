"""Columns as numbers for a model, learned from training rows and kept as plain data.

A number becomes its tenths (so a curve needs no formula) and a straight line; a category one place for each value
that is common enough; missing is a value of its own in both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from handraiser.qualify.prediction.table import Column, Floats, Kind

COMMON = 3  # rows: a value seen less often shares a place with the other rare ones
PARTS = 10  # of a number, by quantiles
BEND = 0.5  # weight of a number's parts beside its straight line: a curve must be worth it


@dataclass(frozen=True)
class Feature:
    """How one column is read. `values` are the common words of a category, `edges` the inner borders of a number's
    parts, `middle` and `spread` its median and its distance from the 5th to the 95th percentile."""

    name: str
    kind: Kind
    values: list[str] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    middle: float = 0.0
    spread: float = 1.0

    @property
    def width(self) -> int:
        """Places in the linear model's matrix."""
        return len(self.values) + 2 if self.kind == "category" else len(self.edges) + 3

    def codes(self, column: Column) -> NDArray[np.int64]:
        """For each row the place of its value: a common word or part, then rare, then missing."""
        if self.kind == "category":
            places = _Places(zip(self.values, range(len(self.values)), strict=True))
            places[None] = len(self.values) + 1
            return np.fromiter(map(places.__getitem__, column.values), dtype=int, count=len(column.values))
        parts = np.searchsorted(np.array(self.edges), column.values, side="right")
        return np.where(column.missing, len(self.edges) + 1, parts)

    def line(self, column: Column) -> Floats:
        """A number on a common scale, cut at ±2; missing lies in the middle."""
        return np.nan_to_num(np.clip((column.values - self.middle) / self.spread, -2, 2))


class _Places(dict[Any, int]):
    """The place of each common word and, under None, of what is missing; any other word shares the one between."""

    def __missing__(self, word: str) -> int:
        return len(self) - 1


def learn(columns: list[Column]) -> list[Feature]:
    """How to read these columns, from these rows."""
    return [_feature(column) for column in columns]


def _feature(column: Column) -> Feature:
    filled = column.values[~column.missing]
    if column.kind == "category":
        common = sorted(word for word, count in Counter(filled.tolist()).items() if count >= COMMON)
        return Feature(column.name, column.kind, values=common)
    if not len(filled):
        return Feature(column.name, column.kind)
    # Borders lie on values that occur, so a value that fills several tenths has a part of its own.
    edges = np.unique(np.quantile(filled, np.linspace(0, 1, PARTS + 1)[1:-1], method="higher"))
    low, high = np.quantile(filled, [0.05, 0.95])
    spread = float(high - low) or float(filled.std()) or 1.0
    return Feature(
        column.name,
        column.kind,
        edges=[float(e) for e in edges],
        middle=float(np.median(filled)),
        spread=spread,
    )


def matrix(features: list[Feature], columns: list[Column]) -> sparse.csr_matrix:
    """One row for each example, for the linear model."""
    n = len(columns[0].values)
    blocks = []
    for feature, column in zip(features, columns, strict=True):
        codes = feature.codes(column)
        numeric = feature.kind != "category"
        width = feature.width - numeric
        weight = BEND if numeric else 1.0
        block = sparse.csr_matrix((np.full(n, weight), (np.arange(n), codes)), shape=(n, width))
        blocks.append(block)
        if numeric:
            blocks.append(sparse.csr_matrix(feature.line(column).reshape(-1, 1)))
    return sparse.hstack(blocks, format="csr")


def raw(features: list[Feature], columns: list[Column]) -> Floats:
    """One row for each example, for trees: numbers as they are, categories as codes."""
    read = [
        feature.codes(column).astype(float) if feature.kind == "category" else column.values
        for feature, column in zip(features, columns, strict=True)
    ]
    return np.column_stack(read)


def as_data(features: list[Feature]) -> list[dict[str, Any]]:
    """For the model file."""
    return [asdict(feature) for feature in features]
