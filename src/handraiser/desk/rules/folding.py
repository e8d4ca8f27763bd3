"""How a timeline is laid out: days as headings, runs of the same kind folded into one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

SHORTEST_RUN = 3
# What a folded run is called: "7 page views".
RUNS = {
    "attract.page_viewed": "page views",
    "attract.visit_started": "visits",
    "attract.event_tracked": "events of the site",
    "delivery.email_opened": "emails opened",
    "delivery.message_sent": "emails sent",
    "delivery.message_queued": "emails queued",
    "nurture.step_done": "steps of a sequence",
}


@dataclass(frozen=True)
class Entry:
    """One line: `at` in the reader's zone, `text` with **bold**, `points` as people read them ("+10").

    `id` is the message id of the event: a place on the page to point at.
    """

    at: datetime
    name: str
    icon: str
    text: str
    group: str
    id: str = ""
    points: str = ""
    detail: str = ""
    quote: str = ""
    answers: tuple[tuple[str, str], ...] = ()

    @property
    def quiet(self) -> bool:
        return self.group == "system"

    @property
    def telling(self) -> bool:
        """True if it must be seen on its own."""
        return bool(self.points or self.detail or self.quote or self.answers)


@dataclass(frozen=True)
class Run:
    """Lines of one kind in a row; `label` says how many of what."""

    label: str
    entries: tuple[Entry, ...]

    @property
    def at(self) -> datetime:
        return self.entries[0].at

    @property
    def icon(self) -> str:
        return self.entries[0].icon

    @property
    def quiet(self) -> bool:
        return self.entries[0].quiet


@dataclass(frozen=True)
class Day:
    """A day and its lines, newest first."""

    date: date
    heading: str
    lines: tuple[Entry | Run, ...]


def days(entries: Sequence[Entry], *, today: date) -> list[Day]:
    """Lay out entries that are sorted newest first."""
    return [
        Day(day, heading(day, today=today), tuple(folded(list(group))))
        for day, group in groupby(entries, key=lambda entry: entry.at.date())
    ]


def folded(entries: Sequence[Entry]) -> list[Entry | Run]:
    """Three or more lines of one kind become one; a line with more to tell than its sentence stands alone."""
    lines: list[Entry | Run] = []
    for (name, telling), group in groupby(entries, key=lambda entry: (entry.name, entry.telling)):
        run = tuple(group)
        if telling or name not in RUNS or len(run) < SHORTEST_RUN:
            lines.extend(run)
        else:
            lines.append(Run(f"{len(run)} {RUNS[name]}", run))
    return lines


def heading(day: date, *, today: date) -> str:
    """ "Today, Thursday 19 November"; with the year when it is another one."""
    year = "" if day.year == today.year else f" {day.year}"
    named = f"{day:%A} {day.day} {day:%B}{year}"
    near = {0: "Today, ", 1: "Yesterday, "}.get((today - day).days, "")
    return near + named
