"""The clock of a hand-off: how long is left, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Clock:
    """`mood` is calm (more than half is left), soon, or late (the last fifth, and after)."""

    mood: str
    text: str
    seconds: int


def clock(*, offered_at: datetime, answer_by: datetime, now: datetime) -> Clock:
    """How an offer stands now. `seconds` is negative once it is late."""
    left = (answer_by - now).total_seconds()
    whole = max((answer_by - offered_at).total_seconds(), 1)
    mood = "late" if left < whole / 5 else "soon" if left < whole / 2 else "calm"
    text = f"{span(int(left))} left" if left >= 0 else f"{span(int(-left))} late"
    return Clock(mood, text, int(left))


def span(seconds: int) -> str:
    """A stretch of time as people say it: 2:48 below an hour of a running clock, then hours, then days."""
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    return f"{seconds // 86400} days"


def faster_by(seconds: int) -> str:
    """By how much somebody was faster: "4 s", "3 min", "2 h"."""
    if seconds < 60:
        return f"{max(seconds, 1)} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def span_in_words(seconds: int) -> str:
    """A stretch of time in a sentence: "40 s", "7 min", "3 h", "2 days"."""
    return f"{seconds // 86400} days" if seconds >= 2 * 86400 else faster_by(seconds)
