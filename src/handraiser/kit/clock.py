"""The one place that reads the clock. Everything below a view, a command or a loop is handed its time."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def ms(moment: datetime) -> int:
    """Milliseconds since 1970; the journal's unit of time."""
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The moment of a journal time."""
    return datetime.fromtimestamp(value / 1000, UTC)
