"""What a rep reads before the call: who, what they read, what is still open, what to say first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_READ = 5


@dataclass(frozen=True)
class Gap:
    """Something we do not know, and the question that finds out."""

    what: str
    ask: str


def who(*, job_title: str, company: str, employees: int | None, zone: str, at: datetime) -> str:
    """One line about a person: role, firm, its size, the time where they are. What is unknown is left out."""
    parts = [job_title, company, f"{employees:,} people" if employees else "", local_time(zone, at)]
    return ", ".join(filter(None, parts)) or "Nothing known but the address"


def local_time(zone: str, at: datetime) -> str:
    """ "London 10:04"; empty when the zone is not known."""
    try:
        return (
            f"{zone.rpartition('/')[2].replace('_', ' ')} {at.astimezone(ZoneInfo(zone)):%H:%M}"
            if zone
            else ""
        )
    except (ZoneInfoNotFoundError, ValueError):
        return ""


def read(titles: Sequence[str]) -> tuple[str, ...]:
    """What they read, most often first: "Pricing 3 times"."""
    counts = Counter(title.strip() for title in titles if title.strip())
    return tuple(
        f"{title} {'twice' if n == 2 else f'{n} times'}" if n > 1 else title
        for title, n in counts.most_common(MOST_READ)
    )


def gaps(*, phone: str, email: str, job_title: str, company: str, employees: int | None) -> tuple[Gap, ...]:
    """What is still open, the most useful first."""
    open_points = (
        (bool(phone or email), Gap("No way to reach them", "Look at the form they sent.")),
        (bool(phone), Gap("Phone unknown", "Which number is best for you?")),
        (bool(company), Gap("Firm unknown", "Where do you work?")),
        (bool(job_title), Gap("Role unknown", "What do you look after there?")),
        (not company or employees is not None, Gap("Size unknown", "How many of you would use it?")),
    )
    return tuple(gap for known, gap in open_points if not known)


def say_first(*, wrote: str, asked: str) -> str:
    """An opening that starts from their own words, else from what they asked for."""
    if wrote:
        words = " ".join(wrote.split())
        short = words if len(words) <= 90 else words[:90].rsplit(" ", 1)[0] + " …"
        return f"You wrote “{short}” What would change if that were solved?"
    if asked:
        return f"You sent “{asked}”. What made you look just now?"
    return "What made you look at us just now?"
