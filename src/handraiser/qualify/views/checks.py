"""Looking again at somebody's address and number."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import panels
from handraiser.qualify.actions import enrichments


@require_POST
def look_again(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Judge anew at once, and have the others asked in the background; answers with the panel."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).with_people(), id=lead_id)
    said = "Looked again." if settings.DEMO else "Looked again. Sources answer within a minute or so."
    try:
        enrichments.look_again(person=lead.person, at=clock.now())
    except DomainError as error:
        said = error.message
    lead.person.refresh_from_db()
    template = "qualify/checked.html" if request.headers.get("HX-Request") else "qualify/checked_page.html"
    return render(request, template, panels.checked(lead) | {"said": said, "may_change": True})
