"""Why a lead has its points, now or on a day of the past."""

from __future__ import annotations

from datetime import date, datetime, time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import panels


@require_GET
def why(request: HttpRequest, lead_id: str) -> HttpResponse:
    """The panel alone for htmx, else a page around it. `as_of` is a day; it means the end of that day."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).with_people(), id=lead_id)
    context = panels.why(lead, as_of=_end_of(request.GET.get("as_of", ""))) | panels.history(lead)
    template = "qualify/why.html" if request.headers.get("HX-Request") else "qualify/why_page.html"
    return render(request, template, context)


def _end_of(text: str) -> datetime | None:
    """The last moment of a day in the reader's zone; None for today and for no day at all."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise DomainError("no_date", "This is not a date. Example: 2026-11-19", field="as_of") from error
    if day >= timezone.localdate(clock.now()):
        return None
    return timezone.make_aware(datetime.combine(day, time.max))
