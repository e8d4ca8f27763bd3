"""The spine at speed: the collector's door, the readers of the journal, and the lake behind it."""

from __future__ import annotations

from benchmarks import spine_collector, spine_lake, spine_readers
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    spine_collector.measure(rows)
    spine_readers.measure(rows)
    spine_lake.measure(rows)
