"""What sales said of MQLs: the report, the leads behind each of its lines, and both as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import defusedcsv.csv as csv
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.qualify import feedback
from handraiser.qualify.models import SalesAnswer
from handraiser.qualify.rules.feedback import REASONS, Outcome, band, label
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.views.rule_sets import tabs

SPANS = {"30": "30 days", "90": "90 days", "365": "a year", "all": "all time"}
_USUAL = "90"
_PAGE = 50


def _span(request: StaffRequest, at: datetime) -> tuple[str, datetime | None]:
    asked = request.GET.get("days", "")
    days = asked if asked in SPANS else _USUAL
    return days, None if days == "all" else at - timedelta(days=int(days))


def _answers(request: StaffRequest, since: datetime | None) -> QuerySet[SalesAnswer]:
    return feedback.answers(since=since, leads=Lead.objects.visible_to(request.user))


@require_GET
def reasons(request: StaffRequest) -> HttpResponse:
    """Accepted or not, by reason, source, score band and rule; `?days=` chooses the span."""
    days, since = _span(request, clock.now())
    report = feedback.report(_answers(request, since))
    groups = (
        ("By source", "Source", report.by_source),
        ("By score when handed over", "Points", report.by_band),
        ("By rule that gave points", "Rule", report.by_rule),
    )
    context = {
        "tabs": tabs("reasons"),
        "report": report,
        "groups": groups,
        "days": days,
        "spans": SPANS.items(),
        "taught": sum(report.labels),
        "untaught": report.n - sum(report.labels),
    }
    return render(request, "qualify/reasons.html", context)


@require_GET
def answered(request: StaffRequest) -> HttpResponse:
    """The leads behind one line of the report: `?by=&key=`."""
    days, since = _span(request, clock.now())
    by, key, name = _asked(request)
    found = feedback.narrowed(_answers(request, since), by=by, key=key)
    page = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_shown(row) for row in page.object_list],
        "name": name,
        "n": len(found),
        "span": SPANS[days],
        "back": f"{reverse('qualify:reasons')}?{urlencode({'days': days})}",
        "export": f"{reverse('qualify:reasons_export')}?{urlencode({'days': days, 'by': by, 'key': key})}",
    }
    return render(request, "qualify/answered.html", context)


def _asked(request: StaffRequest) -> tuple[str, str, str]:
    by, key = request.GET.get("by", ""), request.GET.get("key", "")
    names = {"outcome": {one.value: one.value.capitalize() for one in Outcome}, "reason": REASONS}
    if by in names and key in names[by]:
        return by, key, names[by][key]
    if by == "source":
        return by, key, f"Source {key}" if key else "Source unknown"
    if by == "rule":
        return by, key, feedback.rule_titles([key]).get(key, key)
    if by == "band":
        return by, key, "Points when handed over"
    raise Http404("There is no such line in the report.")


def _shown(row: SalesAnswer) -> dict[str, Any]:
    return {
        "lead": row.lead,
        "row": row,
        "points": row.points // POINT,
        "taught": {True: "yes", False: "no", None: "nothing"}[label(row.outcome, row.reason)],
    }


@require_GET
def export(request: StaffRequest) -> StreamingHttpResponse:
    """Every answer of the span, or those behind one line, as CSV; nothing personal is in it."""
    at = clock.now()
    _, since = _span(request, at)
    rows = _answers(request, since)
    if request.GET.get("by"):
        by, key, _ = _asked(request)
        lines = _lines(feedback.narrowed(rows, by=by, key=key))
    else:
        lines = _lines(rows.order_by("at", "key").iterator(chunk_size=500))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="what-sales-said-{at:%Y-%m-%d}.csv"'
    return answer


class _Line:
    def write(self, text: str) -> str:
        return text


_COLUMNS = (
    "lead",
    "answered at",
    "outcome",
    "reason",
    "teaches",
    "points",
    "band",
    "grade",
    "source",
    "rules",
)


def _lines(rows: Any) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff"  # spreadsheets read UTF-8 only with this mark
    yield writer.writerow(_COLUMNS)
    for row in rows:
        worth = {True: "worth it", False: "not worth it", None: ""}[label(row.outcome, row.reason)]
        yield writer.writerow(
            [
                row.lead_id,
                row.at.isoformat(timespec="seconds"),
                row.outcome,
                row.reason,
                worth,
                row.points // POINT,
                band(row.points)[1],
                row.grade,
                row.source or row.channel,
                " ".join(row.rules),
            ]
        )
