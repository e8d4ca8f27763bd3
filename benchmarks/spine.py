"""The spine at speed: the collector's door, and the lake behind the journal."""

from __future__ import annotations

from benchmarks import spine_collector, spine_lake
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    spine_collector.measure(rows)
    spine_lake.measure(rows)
