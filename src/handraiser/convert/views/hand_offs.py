"""One hand-off: is it worth my time, and what do I say first."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.convert import panels
from handraiser.convert.actions import hand_offs as actions
from handraiser.convert.models import HandOff
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def _mine(request: StaffRequest, hand_off_id: str) -> HandOff:
    rows = HandOff.objects.visible_to(request.user).with_leads().select_related("answered_by")
    return get_object_or_404(rows, id=hand_off_id)


@require_GET
def hand_off(request: StaffRequest, hand_off_id: str) -> HttpResponse:
    """The notice opens here. `?call=1` after accepting: the call begins."""
    return _show(request, _mine(request, hand_off_id))


def _show(
    request: StaffRequest, found: HandOff, error: DomainError | None = None, status: int = 200
) -> HttpResponse:
    packet = panels.packet(hand_off=found, user=request.user, at=clock.now())
    page = {"packet": packet, "declined": error, "call": bool(request.GET.get("call"))}
    return render(request, "convert/hand_off_page.html", page, status=status)


@require_POST
def accept(request: StaffRequest, hand_off_id: str) -> HttpResponse:
    """Take the lead; somebody who was slower is told who was faster."""
    found = _mine(request, hand_off_id)
    try:
        taken = actions.accept(hand_off=found, by=request.user, at=clock.now())
    except DomainError as error:
        return _show(request, _mine(request, hand_off_id), error, error.status)
    toast(request, "Accepted. The clock has stopped.")
    call = "?call=1" if request.POST.get("call") else ""
    return HttpResponseRedirect(taken.get_absolute_url() + call)


def reject(request: StaffRequest, hand_off_id: str) -> HttpResponse:
    """Ask for the reason, and give the lead back."""
    found = _mine(request, hand_off_id)
    if request.method != "POST":
        packet = panels.packet(hand_off=found, user=request.user, at=clock.now(), brief=True)
        return render(request, "convert/reject_page.html", {"packet": packet})
    try:
        actions.reject(
            hand_off=found,
            by=request.user,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
            recycle_on=_day(request.POST.get("recycle_on", "")),
            at=clock.now(),
        )
    except DomainError as error:
        if error.kind != "invalid":
            return _show(request, _mine(request, hand_off_id), error, error.status)
        packet = panels.packet(hand_off=found, user=request.user, at=clock.now(), brief=True)
        page = {"packet": packet, "declined": error, "given": request.POST}
        return render(request, "convert/reject_page.html", page, status=error.status)
    toast(request, "Given back. The reason goes to marketing.")
    return HttpResponseRedirect("/admin/")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
