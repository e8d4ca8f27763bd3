"""The door of the export."""

from __future__ import annotations

from django.http import StreamingHttpResponse

from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import export, queries
from handraiser.desk.views.leads import state_of
from handraiser.kit import clock


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
    answer = StreamingHttpResponse(export.lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="leads-{at:%Y-%m-%d}.csv"'
    return answer
