"""One row for each figure: printed at once, and kept for `results.json`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """A figure, its unit, its target such as "<= 10", and whether it was met."""

    area: str
    name: str
    value: float
    unit: str
    target: str
    ok: bool


@dataclass
class Rows:
    """The rows of one area. `wanted`: beginnings of names; empty wants all."""

    area: str
    wanted: Sequence[str] = ()
    rows: list[Row] = field(default_factory=list)

    def wants(self, *names: str) -> bool:
        """True if one of these rows was asked for."""
        return not self.wanted or any(name.startswith(tuple(self.wanted)) for name in names)

    def add(self, name: str, value: float, unit: str, target: str, note: str = "") -> None:
        """Judge and print a figure. `target` is "<= n" or ">= n"; the note is for people only."""
        relation, limit = target.split()
        ok = value <= float(limit) if relation == "<=" else value >= float(limit)
        self.rows.append(Row(self.area, name, round(value, 3), unit, target, ok))
        told = f"{name:<36} {value:>10.2f} {unit:<14} {relation}{limit:<8} {'met' if ok else 'MISSED'}"
        print(f"{told:<82}{'# ' + note if note else ''}".rstrip(), flush=True)


def median_of(windows: int, measure: Callable[[], float]) -> float:
    """The median of some measurements, so that one disturbed window decides nothing."""
    return statistics.median(measure() for _ in range(windows))


def write(rows: Sequence[Row]) -> None:
    """Keep the rows of this run for programs."""
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
