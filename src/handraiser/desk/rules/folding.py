"""How a timeline is laid out: days as headings, runs of the same kind folded into one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

SHORTEST_RUN = 3
PAGES = "attract.page_viewed"
# What a folded run is called, for one and for many. What somebody read on a page folds with their page views.
RUNS = {
    PAGES: ("Viewed **1 page**", "Viewed **{} pages**"),
    "attract.visit_started": ("Came **once**", "Came **{} times**"),
    "attract.event_tracked": ("Did **1 thing** on the site", "Did **{} things** on the site"),
    "delivery.email_opened": ("Opened **1 email**", "Opened **{} emails**"),
    "delivery.message_sent": ("Was sent **1 email**", "Was sent **{} emails**"),
    "delivery.message_queued": ("**1 email** was queued", "**{} emails** were queued"),
    "nurture.step_done": ("**1 step** of a sequence was due", "**{} steps** of sequences were due"),
    "qualify.score_changed": ("Score changed **once**", "Score changed **{} times**"),
}


def kind_of(name: str, body: Mapping[str, Any]) -> str:
    """What an event folds with."""
    return PAGES if name == "attract.event_tracked" and body.get("event") == "page_left" else name


@dataclass(frozen=True)
class Entry:
    """One line: `at` in the reader's zone, `text` with **bold**, `points` as people read them ("+10").

    `id` is the message id of the event: a place on the page to point at. `kind` is what it folds with; its name
    unless given.
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
    kind: str = ""

    @property
    def folds_with(self) -> str:
        """Lines with the same word here may become one."""
        return self.kind or self.name

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
    for (kind, telling), group in groupby(entries, key=lambda entry: (entry.folds_with, entry.telling)):
        run = tuple(group)
        if telling or kind not in RUNS or len(run) < SHORTEST_RUN:
            lines.extend(run)
        else:
            lines.append(Run(_label(kind, run), run))
    return lines


def goes_on(last: Entry, following: Entry) -> bool:
    """True if the two stand in one run of a day, so that a page should not end between them."""
    alike = last.folds_with in RUNS and last.folds_with == following.folds_with
    return alike and last.at.date() == following.at.date() and not (last.telling or following.telling)


def _label(kind: str, run: Sequence[Entry]) -> str:
    count = sum(entry.name == kind for entry in run)
    if not count:
        return f"Read **{len(run)} pages**"  # their views came on another day, or gave points
    one, many = RUNS[kind]
    return one if count == 1 else many.format(f"{count:,}")


def heading(day: date, *, today: date) -> str:
    """ "Today, Thursday 19 November"; with the year when it is another one."""
    year = "" if day.year == today.year else f" {day.year}"
    named = f"{day:%A} {day.day} {day:%B}{year}"
    near = {0: "Today, ", 1: "Yesterday, "}.get((today - day).days, "")
    return near + named
