"""Who is in a sequence, where each stands, and taking one out."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from handraiser.console.toasts import toast
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.nurture import queries
from handraiser.nurture.actions import enrolments
from handraiser.nurture.models import Enrolment, Sequence
from handraiser.nurture.views.shared import frame


@require_safe
def listing(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Everybody who is or was in the sequence."""
    sequence = get_object_or_404(Sequence, id=sequence_id)
    state = request.GET.get("state", "")
    if state and state not in Enrolment.State.values:
        raise Http404
    page = Paginator(queries.people(sequence, state=state), 50).get_page(request.GET.get("page"))
    here = reverse("nurture:people", args=[sequence.id])
    context = frame(request, sequence, "people") | {
        "page": page,
        "state": state,
        "states": [("Everybody", here, not state)]
        + [(label, f"{here}?state={value}", state == value) for value, label in Enrolment.State.choices],
    }
    return render(request, "nurture/people.html", context)


@require_POST
def change(request: StaffRequest, enrolment_id: str, verb: str) -> HttpResponse:
    """Stop somebody, let them go on, or take them out."""
    row = get_object_or_404(Enrolment.objects.select_related("person"), id=enrolment_id)
    now = clock.now()
    again = reverse("nurture:change_person", args=[row.id, "resume"])
    if verb == "stop":
        enrolments.stop(row, at=now)
        toast(request, f"{row.person.name} stands still.", undo=again)
    elif verb == "resume":
        enrolments.resume(row, at=now)
        toast(request, f"{row.person.name} goes on.")
    elif verb == "remove":
        enrolments.end(row, reason="stopped", at=now)
        toast(request, f"{row.person.name} was taken out.")
    else:
        raise Http404
    return redirect("nurture:people", row.sequence_id)
