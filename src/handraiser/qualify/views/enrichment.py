"""Who is asked about domains and addresses: on or off, how much today, what went wrong, and a field to try one."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from handraiser.core.staff.actions import audit
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import look_ups
from handraiser.qualify.actions import sources as actions
from handraiser.qualify.forms import SourceForm
from handraiser.qualify.models import Source
from handraiser.qualify.providers import Found
from handraiser.qualify.rules import findings
from handraiser.qualify.views.rule_sets import tabs


@require_GET
def sources(request: StaffRequest) -> HttpResponse:
    """The list of sources, with today's questions and the last trouble of each."""
    at = clock.now()
    actions.dns(at=at)
    rows = [
        (row, row.used if row.used_date == at.date() else 0, row.paused_until and row.paused_until > at)
        for row in Source.objects.order_by("created_at", "id")
    ]
    return render(
        request,
        "qualify/enrichment.html",
        {
            "tabs": tabs("enrichment"),
            "rows": rows,
            "counts": look_ups.counts(),
            "may_edit": request.user.may("owner"),
            "demo": settings.DEMO,
        },
    )


def new(request: StaffRequest) -> HttpResponse:
    """Add a service."""
    return _form(request, None)


def change(request: StaffRequest, source_id: str) -> HttpResponse:
    """Change a service; of the built-in one there is only the switch and a field to try it."""
    return _form(request, get_object_or_404(Source, id=source_id))


def _form(request: StaffRequest, source: Source | None) -> HttpResponse:
    form = SourceForm(request.POST or None, source=source)
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        try:
            row = actions.save(source=source, values=form.values(), secret=form.cleaned_data["secret"], at=at)
        except DomainError as error:
            form.blame(error.field, error.message)
        else:
            audit.record(actor=request.user, action="qualify.source_saved", object=row.name, at=at)
            messages.success(request, f"{row.name} was saved.")
            return redirect("qualify:source", row.id)
    context = {"form": form, "source": source, "tabs": tabs("enrichment"), "demo": settings.DEMO}
    return render(request, "qualify/source.html", context, status=422 if form.errors else 200)


@require_POST
def switch(request: StaffRequest, source_id: str) -> HttpResponse:
    """Ask this source from now on, or no more."""
    row = get_object_or_404(Source, id=source_id)
    actions.switch(source=row, on="on" in request.POST)
    messages.success(request, f"{row.name} is {'asked from now on' if 'on' in request.POST else 'off'}.")
    return redirect("qualify:enrichment")


@require_POST
def try_it(request: StaffRequest, source_id: str) -> HttpResponse:
    """Ask one question and show what came; nothing of it is kept, but it counts in today's quota."""
    row = get_object_or_404(Source, id=source_id)
    subject = request.POST.get("subject", "").strip()
    context = {
        "source": row,
        "form": SourceForm(source=row),
        "tabs": tabs("enrichment"),
        "subject": subject,
        "demo": settings.DEMO,
    }
    try:
        outcome = actions.try_it(source=row, subject=subject, at=clock.now())
    except DomainError as error:
        return render(
            request, "qualify/source.html", context | {"refused": error.message}, status=error.status
        )
    told = outcome.values if isinstance(outcome, Found) else {}
    context |= {
        "outcome": outcome,
        "kind": type(outcome).__name__,
        "told": [
            (findings.LABELS[field], value) for field, value in told.items() if field in findings.LABELS
        ],
    }
    return render(request, "qualify/source.html", context)
