"""Adding a lead by hand: who they are, whether we know them, who takes care."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from handraiser.console.toasts import toast
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import queries
from handraiser.desk.actions import persons
from handraiser.desk.views.work import INPUTS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def add(request: StaffRequest) -> HttpResponse:
    """The form; sent once it shows who fits already, sent with `sure` it adds the lead."""
    if request.method != "POST":
        return _form(request)
    values = {name: request.POST.get(name, "").strip()[:200] for name, *_ in INPUTS}
    try:
        if not request.POST.get("sure"):
            fitting = persons.known(values=values, by=request.user)
            if fitting:
                return _form(request, fitting=fitting)
        owner = request.POST.get("owner", "")
        lead, created = persons.add(
            values=values,
            raised_with=request.POST.get("raised_with", "").strip()[:200],
            owner=User.objects.filter(id=int(owner), is_active=True).first() if owner.isdigit() else None,
            note=request.POST.get("note", "")[:20_000],
            by=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        return _form(request, error=error)
    toast(request, "Lead added." if created else f"{lead.person.name} had an open lead; it was kept.")
    return redirect(reverse("desk:lead", args=[lead.id]))


def _form(request: StaffRequest, **more: Any) -> HttpResponse:
    sent = request.POST
    chosen = sent.get("owner", str(request.user.id))
    context = {
        "inputs": [(name, label, kind, sent.get(name, "")) for name, label, kind in INPUTS],
        "values": sent,
        "owners": [
            (str(user.id), user.name, str(user.id) == chosen) for user in queries.owners(request.user)
        ],
        "nobody": chosen == "nobody",
        **more,
    }
    return render(request, "desk/add.html", context, status=422 if "error" in more else 200)
