"""Periods of whole days in the organisation's zone, the one before, and how days are drawn together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PRESETS = {"4w": 28, "13w": 91, "26w": 182, "52w": 364}
_DAILY_FROM = 20  # leads a day; below it weeks say more than days


@dataclass(frozen=True)
class Period:
    """From the beginning of `start` to the beginning of `end`, in `zone`."""

    start: date
    end: date
    zone: str

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("A period ends after it begins.")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def begins_at(self) -> datetime:
        return _midnight(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        return _midnight(self.end, self.zone)

    @property
    def before(self) -> Period:
        """The period of the same length just before."""
        return Period(self.start - timedelta(days=self.days), self.start, self.zone)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def words(self) -> str:
        """ "these 13 weeks", "these 10 days"."""
        if self.days % 7 == 0 and self.days > 7:
            return f"these {self.days // 7} weeks"
        return "this day" if self.days == 1 else f"these {self.days} days"


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def ending_today(*, now: datetime, days: int, zone: str) -> Period:
    """The last `days` days, today included."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return Period(today - timedelta(days=days - 1), today + timedelta(days=1), zone)


def share_of(period: Period, first: date, last: date) -> float:
    """How much of a spend that runs from `first` to `last` (both days included) falls into the period."""
    days = (last - first).days + 1
    inside = (min(period.end, last + timedelta(days=1)) - max(period.start, first)).days
    return max(0, inside) / days


@dataclass(frozen=True)
class Bucket:
    """A day or a week of a series; `partial` when the period cuts it."""

    start: date
    count: int
    partial: bool


def series(period: Period, by_day: Mapping[date, int]) -> list[Bucket]:
    """The counts by day, or by week (Monday to Sunday) when there are under 20 a day."""
    total = sum(by_day.values())
    if period.days <= 14 or total >= _DAILY_FROM * period.days:
        days = [period.start + timedelta(days=n) for n in range(period.days)]
        return [Bucket(day, by_day.get(day, 0), False) for day in days]
    buckets = []
    start = period.start - timedelta(days=period.start.weekday())
    while start < period.end:
        week = [start + timedelta(days=n) for n in range(7)]
        partial = start < period.start or week[-1] >= period.end
        buckets.append(Bucket(start, sum(by_day.get(day, 0) for day in week), partial))
        start += timedelta(days=7)
    return buckets
