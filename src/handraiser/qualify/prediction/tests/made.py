"""Made tables whose truth is known: honest columns of every kind, and leaks under names that say nothing."""

from __future__ import annotations

import random

import numpy as np

from handraiser.qualify.prediction import table
from handraiser.qualify.prediction.table import Table

SOURCES = ["search", "social", "referral", "fair", "partner", "unknown"]


class Made:
    """A table in the making: `label`, and columns of words under random names or told ones."""

    def __init__(self, seed: int, rows: int = 3000, base: float = -1.6):
        self.chance = np.random.default_rng(seed)
        self._names = random.Random(seed)
        self.rows = rows
        self.words: dict[str, list[str]] = {}
        self.strength = self.chance.normal(size=rows)
        self.source = self.chance.integers(0, len(SOURCES), rows)
        effect = np.array([0.0, -0.9, 1.1, 0.2, 0.7, -0.4])[self.source]
        odds = base + 1.1 * self.strength + effect
        self.yes = (self.chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)

    def name(self) -> str:
        """A name that says nothing."""
        return "".join(self._names.choices("abcdefghijklmnopqrstuvwxyz", k=9))

    def add(self, values, name: str = "") -> str:
        """Put a column there, under a random name unless one is told. The name is returned."""
        name = name or self.name()
        self.words[name] = [str(value) for value in values]
        return name

    def honest(self) -> list[str]:
        """Columns that were known at the start, two of them strong."""
        company = np.round(np.exp(self.strength * 0.8 + self.chance.normal(0, 0.3, self.rows)) * 50)
        looked = self.chance.poisson(2, self.rows)
        return [
            self.add(np.array(SOURCES)[self.source], "source"),
            self.add(np.round(self.strength, 3)),
            self.add(company.astype(int)),
            self.add(self.chance.choice(["clerk", "head", "owner", "student"], self.rows), "occupation"),
            self.add(looked),
            self.add(looked + self.chance.poisson(1, self.rows)),
            self.add(
                np.where(self.chance.random(self.rows) < 0.3, "", self.chance.integers(18, 80, self.rows))
            ),
            self.add(self.chance.choice(["true", "false"], self.rows)),
        ]

    def table(self) -> Table:
        """The table with its label, `outcome`, in front."""
        words = {"outcome": ["yes" if yes else "no" for yes in self.yes]} | self.words
        return Table(words, self.rows, "made")


def write(path, made: Made) -> None:
    """The table as a CSV file."""
    words = made.table().words
    lines = [",".join(words), *(",".join(row) for row in zip(*words.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    assert table.read(path).rows == made.rows
