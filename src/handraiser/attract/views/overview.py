"""Who comes, from where, to which page, and what the pages do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from wagtail.models import Page, Site

from handraiser.attract import queries
from handraiser.attract.rules import channels
from handraiser.attract.views import frame
from handraiser.collector.steps import SENTENCES
from handraiser.kit.statistics import Rate, rate


@dataclass(frozen=True)
class Bar:
    """A day of the chart, in a picture of 100 by 100."""

    day: date
    visits: int
    x: float
    y: float
    width: float
    height: float


def _bars(by_day: dict[date, int], first: date, last: date) -> list[Bar]:
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    most = max(by_day.values(), default=0) or 1
    step = 100 / len(days)
    return [
        Bar(
            day=day,
            visits=by_day.get(day, 0),
            x=round(index * step + step * 0.14, 3),
            y=round(100 - by_day.get(day, 0) / most * 96, 2),
            width=round(step * 0.72, 3),
            height=round(by_day.get(day, 0) / most * 96, 2),
        )
        for index, day in enumerate(days)
    ]


@dataclass(frozen=True)
class Share:
    """A channel with its part of all visits."""

    label: str
    visits: int
    share: float


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Visits by day and channel, pages with their conversion."""
    found = frame.period(request)
    zone = timezone.get_current_timezone()
    by_day = queries.visits_by_day(found.start, found.end, time_zone=zone)
    by_channel = queries.visits_by_channel(found.start, found.end)
    pages = queries.pages(found.start, found.end)
    visits = sum(by_channel.values())
    sent = sum(row.submissions for row in pages)
    most = max(by_channel.values(), default=1)
    titles = _titles()
    refused = queries.refusals((found.end - timedelta(days=found.days)).date())
    context = frame.context(request, "overview") | {
        "period": found,
        "visits": visits,
        "sent": sent,
        "conversion": rate(sent, max(visits, sent)),
        "bars": _bars(
            by_day, timezone.localtime(found.start, zone).date(), timezone.localtime(found.end, zone).date()
        ),
        "most_visits": max(by_day.values(), default=0),
        "shares": [
            Share(channels.label(channel), n, round(n / most * 100, 2)) for channel, n in by_channel.items()
        ],
        "pages": [(row, titles.get(row.path, row.path)) for row in pages[:12]],
        "refused": [(_sentence(reason), times) for reason, times in refused],
        "refused_total": sum(times for _, times in refused),
    }
    return render(request, "attract/overview.html", context)


def _sentence(reason: str) -> str:
    return next((text for known, text in SENTENCES.items() if known == reason), reason)


def _root() -> Page | None:
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    return site.root_page if site else None


def _path(page: Page) -> str:
    url = page.url or ""
    return "/" + url.split("/", 3)[3] if url.startswith("http") else url


def _titles() -> dict[str, str]:
    root = _root()
    return {_path(page): page.title for page in root.get_descendants(inclusive=True)} if root else {}


@dataclass(frozen=True)
class PageLine:
    """A page of the site with what it brought."""

    title: str
    kind: str
    path: str
    live: bool
    changed_at: Any
    edit_url: str
    visits: int
    conversion: Rate | None


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """The pages of the site, each with its visits and a way into the editor."""
    found = frame.period(request)
    root = _root()
    rows = {row.path: row for row in queries.pages(found.start, found.end)}
    lines = []
    for page in root.get_descendants(inclusive=True).specific() if root else []:
        path = _path(page)
        row = rows.get(path)
        lines.append(
            PageLine(
                title=page.title,
                kind=page.specific_class._meta.verbose_name.capitalize() if page.specific_class else "Page",
                path=path,
                live=page.live,
                changed_at=page.latest_revision_created_at or page.last_published_at,
                edit_url=reverse("wagtailadmin_pages:edit", args=[page.pk]),
                visits=row.visits if row else 0,
                conversion=row.conversion if row and row.submissions else None,
            )
        )
    lines.sort(key=lambda line: (-line.visits, line.path))
    context = frame.context(request, "pages") | {"period": found, "lines": lines}
    if root is not None:
        context["add_url"] = reverse("wagtailadmin_pages:add_subpage", args=[root.pk])
        context["explore_url"] = reverse("wagtailadmin_explore", args=[root.pk])
    return render(request, "attract/pages.html", context)


@require_safe
def sources(request: HttpRequest) -> HttpResponse:
    """Channel, source, medium and campaign of visits."""
    found = frame.period(request)
    rows = queries.sources(found.start, found.end)
    context = frame.context(request, "sources") | {
        "period": found,
        "rows": rows,
        "visits": sum(row.visits for row in rows),
    }
    return render(request, "attract/sources.html", context)
