"""Filters of the lead list: read from an address, written back to it, said as phrases.

A filter is "and" with its neighbours; its own values are "or". In an address it is `stage=mql&stage=sql`, and
`stage.not=customer` for its opposite.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

CHOICES = {
    "state": "Lead",
    "stage": "Stage",
    "temperature": "Temperature",
    "grade": "Grade",
    "pql": "PQL",
    "ideal": "Ideal customer",
    "owner": "Owner",
    "source": "Source",
    "channel": "Channel",
    "campaign": "Campaign",
    "raised": "Raised a hand with",
}
WINDOWS = {"opened": "Opened", "seen": "Last activity"}
LABELS = CHOICES | WINDOWS
FIELD = re.compile(r"^field\.(person|lead)\.([a-z0-9_-]{1,60})$")
DAYS = re.compile(r"^(\d{1,4})d$")
NOT = ".not"
MOST_VALUES = 50  # more in one filter is a mistake or an attack


@dataclass(frozen=True)
class Filter:
    """One condition: `key` must (or, negated, must not) be one of `values`."""

    key: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Window:
    """A span of time: the last so many days, or from one day to another, both included."""

    days: int | None = None
    first: date | None = None
    last: date | None = None


def window(text: str) -> Window | None:
    """Read `30d`, `2026-01-01..2026-02-01` or one with an open end; None if it is neither."""
    if found := DAYS.match(text):
        return Window(days=int(found[1]))
    first, dots, last = text.partition("..")
    try:
        ends = [date.fromisoformat(end) if end else None for end in (first, last)]
    except ValueError:
        return None
    return Window(first=ends[0], last=ends[1]) if dots and any(ends) else None


def read(params: Mapping[str, Sequence[str]]) -> tuple[Filter, ...]:
    """The filters of an address, in its order. What is not a filter, or makes no sense, is left out."""
    filters = []
    for name, raw in params.items():
        key = name.removesuffix(NOT)
        values = tuple(dict.fromkeys(value.strip()[:200] for value in raw if value.strip()))[:MOST_VALUES]
        if key in WINDOWS:
            values = tuple(value for value in values if window(value))[:1]
        if values and (key in LABELS or FIELD.match(key)):
            filters.append(Filter(key=key, values=values, negated=name.endswith(NOT)))
    return tuple(filters)


def write(filters: Sequence[Filter]) -> list[tuple[str, str]]:
    """The pairs of an address; `read` gives the same filters back."""
    return [(one.key + NOT * one.negated, value) for one in filters for value in one.values]


def dump(filters: Sequence[Filter]) -> list[dict[str, Any]]:
    """For storing in a saved view."""
    return [{"key": one.key, "values": list(one.values), "negated": one.negated} for one in filters]


def load(stored: Sequence[Mapping[str, Any]]) -> tuple[Filter, ...]:
    """What `dump` stored."""
    return tuple(Filter(one["key"], tuple(one["values"]), bool(one["negated"])) for one in stored)


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _window_phrase(span: Window, *, negated: bool) -> str:
    no = "not " if negated else ""
    if span.days is not None:
        return f"{no}in {span.days} day{'' if span.days == 1 else 's'}"
    if span.first and span.last:
        return f"{no}{_day(span.first)} to {_day(span.last)}"
    return f"{no}from {_day(span.first)}" if span.first else f"{no}until {_day(span.last or date.max)}"


def phrase(one: Filter, name: Callable[[str, str], str]) -> tuple[str, str]:
    """A filter as people say it: ("Stage", "not Customer"). `name(key, value)` gives the word for a value."""
    label = LABELS.get(one.key) or name(one.key, "")
    if one.key in WINDOWS and (span := window(one.values[0])):
        return label, _window_phrase(span, negated=one.negated)
    words = [name(one.key, value) for value in one.values]
    said = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    return label, f"not {said}" if one.negated else said
