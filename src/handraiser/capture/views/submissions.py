"""Submissions: search them, read one, take them out as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from defusedcsv import csv
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from handraiser.capture import queries
from handraiser.capture.models import Form, Submission
from handraiser.capture.rendering import answers_in_words
from handraiser.capture.rules import spam
from handraiser.capture.views.shared import may_edit, tabs
from handraiser.core.consent.models import Grant
from handraiser.kit import clock

_EXPORT_MOST = 100_000


def _day(text: str) -> datetime | None:
    """Midnight of a day in the reader's zone; None for what is no day."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time()))
    except (ValueError, OverflowError):
        return None


def _chosen(request: HttpRequest) -> QuerySet[Submission]:
    until = _day(request.GET.get("to", ""))
    state = request.GET.get("state", "")
    return queries.found(
        query=request.GET.get("q", "").replace("\x00", ""),
        form=request.GET.get("form", "").replace("\x00", ""),
        state=state if state in Submission.State.values else "",
        since=_day(request.GET.get("from", "")),
        until=until + timedelta(days=1) if until else None,
    )


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What was sent, newest first."""
    page = Paginator(_chosen(request), 50).get_page(request.GET.get("page"))
    context = {
        "tabs": tabs("Submissions"),
        "page": page,
        "forms": Form.objects.order_by("name"),
        "states": Submission.State.choices,
        "asked": request.GET,
        "filtered": any(request.GET.get(key) for key in ("q", "form", "state", "from", "to")),
        "query": request.GET.urlencode(),
    }
    return render(request, "capture/submissions.html", context)


@require_GET
def detail(request: HttpRequest, submission_id: str) -> HttpResponse:
    """One submission: the questions as they were, the answers, and how it came."""
    rows = Submission.objects.select_related("form", "version", "person", "lead")
    submission = get_object_or_404(rows, id=submission_id)
    grants = Grant.objects.filter(person_id=submission.person_id, proof__submission=submission.id)
    context = {
        "tabs": tabs("Submissions"),
        "submission": submission,
        "answers": answers_in_words(submission.version, submission.answers),
        "grants": grants.select_related("purpose", "wording") if submission.person_id else [],
        "reason": spam.SENTENCES.get(submission.reason, ""),
        "may_edit": may_edit(request.user),
    }
    return render(request, "capture/submission.html", context)


class _Line:
    """What a CSV writer writes into: it hands each line straight on."""

    def write(self, text: str) -> str:
        return text


_HEAD = [
    "submission",
    "sent_at",
    "form",
    "version",
    "state",
    "reason",
    "page",
    "channel",
    "source",
    "medium",
    "campaign",
]


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list as CSV, an answer a column. Cells that a spreadsheet would run are defused."""
    rows = _chosen(request)[:_EXPORT_MOST]
    keys: list[str] = []
    for schema in Form.objects.values_list("versions__schema", flat=True).order_by("id", "versions__number"):
        for asked in (schema or {}).get("fields", []):
            if asked["key"] not in keys:
                keys.append(asked["key"])
    response = StreamingHttpResponse(_lines(rows, keys), content_type="text/csv; charset=utf-8")
    name = f"submissions-{timezone.localtime(clock.now()):%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(rows: QuerySet[Submission], keys: list[str]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow([*_HEAD, *keys])
    for row in rows.iterator(chunk_size=1000):
        touch = row.first_touch or row.last_touch
        head = [
            row.id,
            row.submitted_at.isoformat(timespec="seconds"),
            row.form.name,
            row.version.number,
            row.state,
            row.reason,
            row.page,
            *(touch.get(key, "") for key in ("channel", "source", "medium", "campaign")),
        ]
        yield writer.writerow([*head, *(_cell(row.answers.get(key)) for key in keys)])


def _cell(given: object) -> str:
    if isinstance(given, list):
        return "; ".join(given)
    return "yes" if given is True else str(given or "")
