"""Quarantine: what looks like spam waits here for a human eye; nothing is dropped by a machine."""

from __future__ import annotations

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.capture import queries
from handraiser.capture.actions import submissions as actions
from handraiser.capture.models import Submission
from handraiser.capture.rendering import answers_in_words
from handraiser.capture.rules import spam
from handraiser.capture.views.shared import actor, may_edit, tabs
from handraiser.console.toasts import toast
from handraiser.kit import clock


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Those that wait, newest first, with what they say and why they wait."""
    now = clock.now()
    waiting = queries.found(state=Submission.State.QUARANTINED)
    page = Paginator(waiting, 20).get_page(request.GET.get("page"))
    rows = [
        {
            "submission": row,
            "reason": spam.SENTENCES.get(row.reason, ""),
            "answers": answers_in_words(row.version, row.answers),
        }
        for row in page
    ]
    lately = queries.refusals(now - timedelta(days=30), now)
    context = {
        "tabs": tabs("Quarantine"),
        "page": page,
        "rows": rows,
        "lately": [(spam.SENTENCES.get(reason, reason), count) for reason, count in lately.items()],
        "may_edit": may_edit(request.user),
    }
    return render(request, "capture/quarantine.html", context)


def _row(submission_id: str) -> Submission:
    return get_object_or_404(Submission, id=submission_id)


@require_POST
def release(request: HttpRequest, submission_id: str) -> HttpResponse:
    """No spam: let everything follow."""
    row = actions.release(submission=_row(submission_id), at=clock.now(), by=actor(request))
    toast(request, f"{row.person} was let through")
    return HttpResponseRedirect(reverse("capture:quarantine"), status=303)


@require_POST
def delete(request: HttpRequest, submission_id: str) -> HttpResponse:
    """Spam: delete what was written, keep the count."""
    actions.reject(submission=_row(submission_id), at=clock.now(), by=actor(request))
    toast(request, "Deleted as spam")
    return HttpResponseRedirect(reverse("capture:quarantine"), status=303)
