"""Saving the state of the lead list as a tab."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from handraiser.console.toasts import toast
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk.actions import views
from handraiser.desk.models import SavedView
from handraiser.desk.views.dialogs import declined, dialog, sent_on
from handraiser.desk.views.leads import address, state_of
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def ask(request: StaffRequest) -> HttpResponse:
    """Ask for the name of a new view."""
    state = state_of(request)
    return dialog(
        request, "desk/_view_save.html", {"pairs": state.pairs(), "state": state}, title="Save view"
    )


@require_POST
def save(request: StaffRequest) -> HttpResponse:
    """Keep this state as a new view, or (`into`) let one of their own views hold it."""
    state = state_of(request)
    if into := request.POST.get("into"):
        view = get_object_or_404(SavedView, id=into, owner=request.user)
        views.change(view=view, state=state)
        toast(request, f"The view {view.name} now shows this.")
        return sent_on(request, f"{reverse('desk:leads')}?view={view.id}")
    name = request.POST.get("name", "")
    try:
        view = views.save(
            state=state,
            name=name,
            shared=bool(request.POST.get("shared")),
            owner=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        context = {"pairs": state.pairs(), "state": state, "error": error, "name": name}
        return declined(request, "desk/_view_save.html", context, title="Save view")
    return sent_on(request, f"{reverse('desk:leads')}?view={view.id}")


@require_POST
def delete(request: StaffRequest, view_id: str) -> HttpResponse:
    """Take a view of one's own away; no lead changes."""
    view = get_object_or_404(SavedView, id=view_id, owner=request.user)
    state = state_of(request)
    view.delete()
    toast(request, f"The view {view.name} is gone. No lead was changed.")
    return redirect(address(state) if state.view.id != view_id else reverse("desk:leads"))
