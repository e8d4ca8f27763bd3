"""The one place that reads the clock. Everything below a view, a command or a loop is handed its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def ms(moment: datetime) -> int:
    """Milliseconds since 1970; the journal's unit of time. Exact: `ms(from_ms(x)) == x`."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(value: int) -> datetime:
    """The moment of a journal time."""
    return _EPOCH + timedelta(milliseconds=value)
