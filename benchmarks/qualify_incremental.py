"""Scores kept up event by event: what the reader takes, stages crossed exactly where an event took them over."""

from __future__ import annotations

from benchmarks import spine_readers
from benchmarks.rows import Rows

PER_EVENT = "score_incremental_us_per_event"


def measure(rows: Rows) -> None:
    """The row of the reader."""
    if rows.wants(PER_EVENT):
        told = spine_readers.child("fading")
        spent = told["readers"]["qualify.scores"]  # type: ignore[index]
        note = (
            f"batches of 1,000, 20 rules, four of which fade, {spine_readers.PEOPLE:,} people;"
            f" all readers, us: {told['readers']}"
        )
        rows.add(PER_EVENT, spent, "us of CPU", "<= 65", note)
