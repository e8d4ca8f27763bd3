"""What a card on the board says: is the deal stuck, and how many days has it been here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handraiser.kit import statistics

# Below this many closed deals a win rate says more about chance than about the firm.
ENOUGH_CLOSED = 30


def days_in_stage(*, since: datetime, now: datetime) -> int:
    """Whole days; never below zero, for clocks that disagree."""
    return max(0, (now - since).days)


def stuck_because(
    *, next_step: str, next_step_at: datetime | None, days: int, expected_days: int | None, now: datetime
) -> str:
    """Why this deal needs somebody, in a few words; empty when it is on its way."""
    if not next_step:
        return "No next step"
    if next_step_at is not None and next_step_at < now:
        late = (now - next_step_at).days
        return f"{next_step}, {late} d late" if late else f"{next_step}, late"
    if expected_days is not None and days > expected_days:
        return f"{next_step}, {days - expected_days} d longer here than usual"
    return ""


@dataclass(frozen=True)
class Likely:
    """What the open deals of a stage are likely to bring, by this firm's own closed deals.

    `amount` is None while fewer than ENOUGH_CLOSED deals are closed: then `sentence` says how many there are.
    """

    amount: int | None
    sentence: str


def likely(*, open_amount: int, won: int, closed: int, closed_in_all: int) -> Likely:
    """`won` of the `closed` deals that came this far were won; `closed_in_all` counts the pipeline's."""
    if closed_in_all < ENOUGH_CLOSED or not closed:
        return Likely(None, f"not enough closed deals yet ({closed_in_all} of {ENOUGH_CLOSED})")
    share = statistics.rate(won, closed)
    assert share.value is not None and share.low is not None and share.high is not None
    return Likely(
        round(open_amount * share.value),
        f"{won} of {closed} deals that came this far were won,"
        f" likely {share.low * 100:.0f}–{share.high * 100:.0f} %",
    )


def due_in_words(due: datetime, now: datetime) -> str:
    """When a next step is due, as people say it; both in the reader's zone."""
    days = (due.date() - now.date()).days
    clock = f", {due:%H:%M}" if (due.hour, due.minute) != (0, 0) else ""
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1] + clock
    if 1 < days < 7:
        return f"{due:%A}{clock}"
    return f"{due.day} {due:%b}" + (f" {due.year}" if due.year != now.year else "")


ICONS = (("call", "phone"), ("phone", "phone"), ("mail", "mail"), ("demo", "cal"), ("meet", "cal"))


def icon_of(next_step: str) -> str:
    """The icon of a next step, by its words."""
    words = next_step.lower()
    return next((icon for word, icon in ICONS if word in words), "note")
