"""A person's events by pages: newest first, from a place on backwards, and how many there are in each month.

Every read goes along the index `timeline_newest`. Filter `of(...)` by name, lead and time as you like: the index
holds them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Self
from zoneinfo import ZoneInfo

from django.db import connections
from django.db.models import Q, QuerySet

from handraiser.core.identity.models import TimelineItem

_PLACE = re.compile(r"(-?\d{1,18})-(\d{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_ID = 0  # no row has it: a place with this id is before all events of its moment


@dataclass(frozen=True)
class Place:
    """Behind one event in the order of a timeline. What is added later neither moves it nor what lies beyond it."""

    moment: datetime
    id: int = _FIRST_ID

    def __str__(self) -> str:
        return f"{(self.moment - _EPOCH) // timedelta(microseconds=1)}-{self.id}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The place that `str` wrote; None if it is none."""
        found = _PLACE.fullmatch(text)
        if found is None:
            return None
        try:
            return cls(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
        except OverflowError:
            return None

    @classmethod
    def of(cls, item: TimelineItem) -> Self:
        """The place behind this item."""
        return cls(item.occurred_at, item.id)


@dataclass(frozen=True)
class Month:
    """The first day of a month in the reader's zone, and how many events it has."""

    first: date
    events: int


def of(person_id: str) -> QuerySet[TimelineItem]:
    """Every event of a person, newest first."""
    return TimelineItem.objects.filter(person_id=person_id).order_by("-occurred_at", "-id")


def beyond(rows: QuerySet[TimelineItem], place: Place | None) -> QuerySet[TimelineItem]:
    """Those of the rows that come after the place; all of them without one."""
    if place is None:
        return rows
    older = Q(occurred_at__lt=place.moment) | Q(id__lt=place.id)
    # Said in this way databases begin at the place; of an OR alone they would read all that is newer.
    return rows.filter(older, occurred_at__lte=place.moment)


def page(
    rows: QuerySet[TimelineItem], *, before: Place | None, size: int
) -> tuple[list[TimelineItem], Place | None]:
    """The next `size` rows beyond a place, and the place behind them; None when nothing is left."""
    # First which ones, within the index, then what they say: else PostgreSQL reads the whole row of each that a
    # filter passes over, from all over the disk.
    keys = beyond(rows, before).values("id")[: size + 1]
    found = list(TimelineItem.objects.filter(id__in=keys).order_by(*rows.query.order_by))
    if len(found) <= size:
        return found, None
    return found[:size], Place.of(found[size - 1])


def months(rows: QuerySet[TimelineItem], zone: ZoneInfo) -> list[Month]:
    """The months that have events, newest first: one statement, which counts within the index."""
    ends = rows.order_by("-occurred_at").values_list("occurred_at", flat=True)
    newest, oldest = ends.first(), ends.reverse().first()
    if newest is None or oldest is None:
        return []
    firsts = list(_firsts(oldest.astimezone(zone).date(), newest.astimezone(zone).date()))
    connection = connections[rows.db]
    statement, values = rows.order_by().values("occurred_at").query.sql_with_params()
    mark = "%s" if connection.vendor == "sqlite" else "%s::timestamptz"
    spans = [
        (number, connection.ops.adapt_datetimefield_value(_midnight(first, zone)),
         connection.ops.adapt_datetimefield_value(_midnight(after, zone)))
        for number, (first, after) in enumerate(firsts)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH month(number, begins, ends) AS (VALUES {', '.join([f'(%s, {mark}, {mark})'] * len(spans))})"
            f" SELECT number, (SELECT COUNT(*) FROM ({statement}) AS item"
            " WHERE item.occurred_at >= begins AND item.occurred_at < ends) FROM month",
            [*chain.from_iterable(spans), *values],
        )
        counts = dict(cursor.fetchall())
    return [
        Month(first, counts[number])
        for number, (first, _) in reversed(list(enumerate(firsts)))
        if counts[number]
    ]


def end_of(month: date, zone: ZoneInfo) -> Place:
    """The place before all that happened up to the end of the month of this day."""
    return Place(_midnight(_next(month.replace(day=1)), zone))


def _firsts(first: date, last: date) -> Iterable[tuple[date, date]]:
    month = first.replace(day=1)
    while month <= last:
        yield month, _next(month)
        month = _next(month)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
