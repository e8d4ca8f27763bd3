"""The spine at speed: the collector's door, the lake behind the journal, and the timeline of one person."""

from __future__ import annotations

from benchmarks import spine_collector, spine_lake, spine_timeline
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    spine_collector.measure(rows)
    spine_lake.measure(rows)
    spine_timeline.measure(rows)
