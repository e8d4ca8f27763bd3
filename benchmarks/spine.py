"""The spine at speed: the collector, the journal's readers, the lake, the timeline of one person, kills."""

from __future__ import annotations

from benchmarks import (
    spine_collector,
    spine_kills,
    spine_lake,
    spine_readers,
    spine_replay,
    spine_sustained,
    spine_timeline,
)
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    spine_collector.measure(rows)
    spine_readers.measure(rows)
    spine_replay.measure(rows)
    spine_sustained.measure(rows)
    spine_lake.measure(rows)
    spine_timeline.measure(rows)
    spine_kills.measure(rows)
