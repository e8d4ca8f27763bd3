"""Reads of where people come from: touches of a person, visits by day, channel and page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import TruncDate

from handraiser.attract.models import Conversion, Link, PageSeen, Visit
from handraiser.attract.readers import own_hosts
from handraiser.attract.rules import channels
from handraiser.attract.rules.channels import Touch
from handraiser.core.journal.live import journal
from handraiser.kit.statistics import Rate, rate

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Touches:
    """The first and the last touch known; both None when nothing is known."""

    first: Touch | None
    last: Touch | None


def _touch(visit: Visit | None) -> Touch | None:
    if visit is None:
        return None
    return Touch(
        channel=visit.channel,
        source=visit.source,
        medium=visit.medium,
        campaign=visit.campaign,
        landing_page=visit.landing_path,
        referrer_host=visit.referrer_host,
    )


def touches_of(visitors: Iterable[str]) -> Touches:
    """First and last touch of somebody's visitors; a direct visit takes no credit from an earlier one."""
    rows = list(Visit.objects.filter(visitor__in=set(visitors)).order_by("started_at", "id"))
    if not rows:
        return Touches(None, None)
    named = [visit for visit in rows if visit.channel not in ("", channels.Channel.DIRECT)]
    return Touches(_touch(rows[0]), _touch((named or rows)[-1]))


def touches_of_form(values: Mapping[str, str]) -> Touches:
    """First and last touch as a form's hidden fields carry them.

    Fields: `hr_first_url`, `hr_first_referrer`, `hr_last_url`, `hr_last_referrer`. They come from the
    sender's browser and may say anything; what cannot be read is unknown.
    """

    def one(which: str) -> Touch | None:
        url = str(values.get(f"hr_{which}_url", ""))[:2000]
        if not url:
            return None
        return channels.from_address(
            url, str(values.get(f"hr_{which}_referrer", ""))[:2000], is_own_host=own_hosts()
        )

    first, last = one("first"), one("last")
    return Touches(first or last, last or first)


def _visits(start: datetime, end: datetime) -> QuerySet[Visit]:
    return Visit.objects.filter(started_at__gte=start, started_at__lt=end)


def visits_by_day(start: datetime, end: datetime, *, time_zone: Any = None) -> dict[Any, int]:
    """Visits that began in [start, end), by day of the given zone."""
    rows = _visits(start, end).annotate(day=TruncDate("started_at", tzinfo=time_zone))
    return dict(rows.values("day").annotate(n=Count("id")).order_by("day").values_list("day", "n"))


def visits_by_channel(start: datetime, end: datetime) -> dict[str, int]:
    """Visits that began in [start, end), by channel; "" is unknown."""
    rows = _visits(start, end).values("channel").annotate(n=Count("id")).order_by("-n", "channel")
    return dict(rows.values_list("channel", "n"))


@dataclass(frozen=True)
class SourceRow:
    """One source, medium and campaign, with its visits."""

    channel: str
    source: str
    medium: str
    campaign: str
    visits: int
    last_at: datetime

    @property
    def label(self) -> str:
        """The channel as people read it."""
        return channels.label(self.channel)


def sources(start: datetime, end: datetime, *, limit: int = 200) -> list[SourceRow]:
    """Channels with source, medium and campaign, most visits first."""
    fields = ("channel", "source", "medium", "campaign")
    rows = _visits(start, end).values(*fields).annotate(visits=Count("id"), last_at=Max("last_at"))
    return [SourceRow(**row) for row in rows.order_by("-visits", *fields)[:limit]]


@dataclass(frozen=True)
class PageRow:
    """A page: the visits that saw it and the forms sent from it."""

    path: str
    visits: int
    submissions: int
    conversion: Rate


def pages(start: datetime, end: datetime, *, paths: Iterable[str] | None = None) -> list[PageRow]:
    """Pages seen in [start, end) with their conversion, most visits first.

    A form sent by somebody whose visit was not measured (no script, or a wish not to be followed) counts as a
    visit of that page too, so no rate passes 100 %.
    """
    seen = PageSeen.objects.filter(at__gte=start, at__lt=end)
    sent = Conversion.objects.filter(at__gte=start, at__lt=end).exclude(path="")
    if paths is not None:
        wanted = list(paths)
        seen, sent = seen.filter(path__in=wanted), sent.filter(path__in=wanted)
    visits = dict(seen.values("path").annotate(n=Count("id")).values_list("path", "n"))
    submissions = dict(sent.values("path").annotate(n=Count("message_id")).values_list("path", "n"))
    rows = [
        PageRow(
            path=path,
            visits=visits.get(path, 0),
            submissions=submissions.get(path, 0),
            conversion=rate(submissions.get(path, 0), max(visits.get(path, 0), submissions.get(path, 0))),
        )
        for path in {*visits, *submissions}
    ]
    return sorted(rows, key=lambda row: (-row.visits, -row.submissions, row.path))


def sources_of_page(path: str, start: datetime, end: datetime) -> dict[str, int]:
    """Visits that saw a page, by channel."""
    rows = PageSeen.objects.filter(path=path, at__gte=start, at__lt=end).values("visit__channel")
    return dict(rows.annotate(n=Count("id")).order_by("-n").values_list("visit__channel", "n"))


def first_visit_at() -> datetime | None:
    """When measuring began; None before the first visit."""
    return Visit.objects.aggregate(first=Min("started_at"))["first"]


def refusals(since: date) -> list[tuple[str, int]]:
    """What the collector refused since a day, by reason, most first."""
    counts = journal().drops(since_day=since.toordinal() - _EPOCH)
    return sorted(counts.items(), key=lambda counted: -counted[1])


def links(*, limit: int = 200) -> list[tuple[Link, int]]:
    """Kept campaign addresses with the visits that their campaign brought, newest first."""
    rows = list(Link.objects.order_by("-created_at")[:limit])
    counts = {
        (source, medium, campaign): n
        for source, medium, campaign, n in Visit.objects.filter(campaign__in={row.campaign for row in rows})
        .values("source", "medium", "campaign")
        .annotate(n=Count("id"))
        .values_list("source", "medium", "campaign", "n")
    }
    return [(row, counts.get((row.source, row.medium, row.campaign), 0)) for row in rows]


def public_address(path: str) -> str:
    """The full address of a path on this site."""
    return f"{settings.BASE_URL}{path}"
