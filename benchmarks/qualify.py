"""The rows of qualifying: scores and segments, each measured in a module of its own."""

from __future__ import annotations

from benchmarks import qualify_segments
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    for part in (qualify_segments,):
        part.measure(rows)
