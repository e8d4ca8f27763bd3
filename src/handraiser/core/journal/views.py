"""The journal's health, and what a person does about parked events."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from handraiser.core.journal import health as journal_health
from handraiser.core.journal.models import ParkedEvent
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock

EVENTS_SHOWN = 40


def health(request: StaffRequest) -> HttpResponse:
    """Readers, what is parked, events by name."""
    state = journal_health.look(settings.READERS(), at=clock.now())
    context = {"state": state, "totals": state.totals[:EVENTS_SHOWN]}
    return render(request, "journal/health.html", context)


def parked(request: StaffRequest, parked_id: int) -> HttpResponse:
    """One parked event with what the reader said. Events hold no personal values."""
    row = get_object_or_404(ParkedEvent, pk=parked_id)
    payload = json.dumps(json.loads(row.payload), indent=2, ensure_ascii=False)
    return render(request, "journal/parked.html", {"row": row, "payload": payload})


@require_POST
def retry(request: StaffRequest, reader: str) -> HttpResponse:
    """Try everything that is parked for a reader now."""
    found = next((each for each in settings.READERS() if each.name == reader), None)
    if found is None:
        raise Http404
    done = journal_health.retry(found, by=request.user, at=clock.now())
    left = ParkedEvent.objects.filter(reader=reader, set_aside_at=None).count()
    said = f"{done} went through" + (f", {left} still wait." if left else ".")
    messages.success(request, said)
    return redirect("journal:health")


@require_POST
def set_aside(request: StaffRequest, parked_id: int) -> HttpResponse:
    """Decide that an event is not needed."""
    row = get_object_or_404(ParkedEvent, pk=parked_id)
    journal_health.set_aside(row, by=request.user, at=clock.now())
    messages.success(request, "The event was set aside. It stays in the journal.")
    return redirect("journal:health")
