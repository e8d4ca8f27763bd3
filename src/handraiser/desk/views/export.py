"""The doors of the exports."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import export, queries
from handraiser.desk.points import by_event
from handraiser.desk.timeline import Asked
from handraiser.desk.views.lead import lead_of
from handraiser.desk.views.leads import state_of
from handraiser.kit import clock
from handraiser.qualify.explanations import why


def leads(request: StaffRequest) -> StreamingHttpResponse:
    """The leads of the listing, or those that were ticked, as a file."""
    at = clock.now()
    state = state_of(request)
    ticked = request.GET.getlist("lead")
    if ticked and not request.GET.get("all"):
        found = Lead.objects.visible_to(request.user).filter(id__in=ticked[:500], person__erased_at=None)
    else:
        found = queries.matching(request.user, state, at=at)
    rows = queries.ordered(found, state.sort)
    answer = StreamingHttpResponse(export.lines(rows, at=at), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="leads-{at:%Y-%m-%d}.csv"'
    return answer


def timeline(request: StaffRequest, lead_id: str) -> StreamingHttpResponse:
    """What a lead's page shows of the past, to its beginning, as a file."""
    lead = lead_of(request, lead_id)
    rows = export.timeline_lines(
        lead, Asked.read(request.GET), points=by_event(why(lead)), zone=queries.zone_of(request.user)
    )
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="timeline-{clock.now():%Y-%m-%d}.csv"'
    return answer
