"""Changing the selected leads: a dialog that counts first, then the change, then a way back.

The forms carry the address of the list as well, so no field of theirs may be called like a filter.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from handraiser.console.toasts import toast
from handraiser.core.journal import wake
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import queries, words
from handraiser.desk.actions import bulk
from handraiser.desk.models import BulkChange
from handraiser.desk.views.dialogs import declined, dialog, sent_on
from handraiser.desk.views.leads import address, state_of
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

TITLES = {"assign": "Assign", "stage": "Move to another stage", "task": "Add a task"}


def chosen(request: StaffRequest) -> list[str]:
    """The ids that were ticked; with `all`, every lead of the listing, in its order."""
    source = request.POST if request.method == "POST" else request.GET
    if not source.get("all"):
        return source.getlist("lead")
    state = state_of(request)
    found = queries.ordered(queries.matching(request.user, state, at=clock.now()), state.sort)
    return list(found.values_list("id", flat=True))


def ask(request: StaffRequest, kind: str) -> HttpResponse:
    """What shall be done, and to how many."""
    if kind not in TITLES:
        raise Http404
    return dialog(request, f"desk/_bulk_{kind}.html", _context(request, kind), title=TITLES[kind])


def _context(request: StaffRequest, kind: str) -> dict[str, Any]:
    source = request.POST if request.method == "POST" else request.GET
    ids = chosen(request)
    seen = Lead.objects.visible_to(request.user).filter(person__erased_at=None)
    selected = seen if source.get("all") else seen.filter(id__in=ids[:500])
    if source.get("all"):
        selected = queries.matching(request.user, state_of(request), at=clock.now())
    n = selected.count()
    context: dict[str, Any] = {
        "n": n,
        "ids": [] if source.get("all") else ids,
        "all": bool(source.get("all")),
        "pairs": state_of(request).pairs(),
        "kind": kind,
        "values": source,
    }
    if kind == "assign":
        owner = source.get("to_owner", "")
        context["owners"] = queries.owners(request.user)
        if owner:
            already = selected.filter(owner=None if owner == "nobody" else int(owner)).count()
            context["preview"] = _counted(n - already, n, f"{already} already so")
    if kind == "stage":
        context["stages"] = list(words.STAGES.items())
        stage = source.get("to_stage", "")
        if stage:
            already = selected.filter(stage=stage).count()
            context["preview"] = _counted(n - already, n, f"{already} already there")
    return context


def _counted(change: int, n: int, rest: str) -> str:
    return f"{change} of {n} will change" + (f"; {rest}." if change != n else ".")


@require_POST
def apply(request: StaffRequest, kind: str) -> HttpResponse:
    """Do it: up to a hundred at once, more in the background."""
    if kind not in TITLES:
        raise Http404
    at = clock.now()
    try:
        values = _values(request, kind)
        change = bulk.start(kind=kind, values=values, lead_ids=chosen(request), by=request.user, at=at)
    except DomainError as error:
        context = _context(request, kind) | {"error": error}
        return declined(request, f"desk/_bulk_{kind}.html", context, title=TITLES[kind])
    undo = reverse("desk:bulk_undo", args=[change.id]) if kind == "assign" else ""
    if len(change.lead_ids) > bulk.AT_ONCE:
        wake.loop()
        said_now = f"{len(change.lead_ids):,} leads are being changed. It goes on while you work."
        toast(request, said_now, undo=undo)
        return sent_on(request, address(state_of(request)))
    while bulk.carry_on(change_id=change.id, at=at):
        pass
    change.refresh_from_db()
    toast(request, said(change), undo=undo if change.changed else "")
    return sent_on(request, address(state_of(request)))


def _values(request: StaffRequest, kind: str) -> dict[str, Any]:
    if kind == "assign":
        owner = request.POST.get("to_owner", "")
        if not owner:
            raise DomainError("no_owner", "Choose who gets them.", field="owner")
        return {"owner": None if owner == "nobody" else int(owner) if owner.isdigit() else -1}
    if kind == "stage":
        return {"stage": request.POST.get("to_stage", ""), "reason": request.POST.get("reason", "")[:200]}
    due = request.POST.get("due", "")
    try:
        day = datetime.fromisoformat(due).date() if due else None
    except ValueError as error:
        raise DomainError("not_a_day", "This is not a day.", field="due") from error
    moment = datetime.combine(day, time(17), queries.zone_of(request.user)) if day else None
    return {
        "title": request.POST.get("title", "")[:200],
        "kind": request.POST.get("task_kind", "other"),
        "due_at": moment.isoformat() if moment else None,
    }


def said(change: BulkChange) -> str:
    """What became of a change, in a sentence."""
    n = change.changed
    who = "1 lead" if n == 1 else f"{n:,} leads"
    if change.kind == "assign":
        owner = User.objects.filter(id=change.values["owner"]).first()
        done = f"{who} assigned to {owner.name}." if owner else f"{who} set free: nobody owns them now."
    elif change.kind == "stage":
        done = f"{who} moved to {words.STAGES[change.values['stage']]}."
    else:
        done = f"Task added to {who}."
    kept = [f"{count} not changed: {reason}" for reason, count in change.declined.items()]
    return " ".join([done, *kept])


@require_POST
def undo(request: StaffRequest, change_id: str) -> HttpResponse:
    """Give the leads back."""
    change = get_object_or_404(BulkChange, id=change_id, made_by=request.user)
    n = bulk.undo(change=change, by=request.user, at=clock.now())
    toast(request, f"Undone: {n} lead{'' if n == 1 else 's'} as before.")
    back = request.headers.get("Referer", "")
    return redirect(back if back.startswith(request.build_absolute_uri("/admin/")) else reverse("desk:leads"))
