"""What sales said of qualified leads: which answers teach a model something, and by which bands they are counted.

A label says whether the lead was worth sales' time, not whether it was handled in time:

- **accepted** is a yes: a rep looked at it and took it.
- **rejected** for `wrong_fit` or `no_need` is a no: a rep looked at it and says what it is not.
- `not_now`, `duplicate`, `no_contact` and `other` are no label. "Not now" is about the moment: a customer next
  year, perhaps. A duplicate is a fault of ours. Whom nobody reached, nobody judged. "Other" is not one thing.

To count those as a no would teach a model to avoid people for reasons that lie with us or with the calendar.
"""

from __future__ import annotations

from enum import StrEnum

from handraiser.qualify.rules.rule_set import POINT


class Outcome(StrEnum):
    """What sales said of a lead."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


REASONS = {
    "wrong_fit": "Wrong fit",
    "no_need": "No need",
    "not_now": "Not now",
    "duplicate": "Duplicate",
    "no_contact": "No contact",
    "other": "Other",
}
NEGATIVE = frozenset({"wrong_fit", "no_need"})

# What marketing can do about each reason.
LESSONS = {
    "wrong_fit": "Tighten fit: a rule against them, or a criterion of the ideal customer.",
    "no_need": "Give fewer points for reading, more for asking.",
    "not_now": "Let a sequence keep them warm until the day that was named.",
    "duplicate": "Look at the duplicates that the finder proposes.",
    "no_contact": "Ask for a number, or check it before sales calls.",
    "other": "Read the notes: a reason that comes often deserves a name.",
}

# Upper ends of the score bands in points; the last has none.
_BANDS = (60, 75, 90, 120)


def label(outcome: str, reason: str) -> bool | None:
    """Whether the answer teaches that such a lead is worth it; None: it teaches nothing."""
    if outcome == Outcome.ACCEPTED:
        return True
    return False if reason in NEGATIVE else None


def band(points: int) -> tuple[int, str]:
    """The score band of micro-points: its number for sorting, and its name ("75 to 89")."""
    whole = points // POINT
    low: int | None = None
    for number, high in enumerate(_BANDS):
        if whole < high:
            return number, f"under {high}" if low is None else f"{low} to {high - 1}"
        low = high
    return len(_BANDS), f"{low} and over"
