"""The organisation's settings, and the door to all settings."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render

from handraiser.core.staff.actions import audit
from handraiser.core.staff.forms import OrganisationForm
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import Role
from handraiser.kit import clock


def index(request: StaffRequest) -> HttpResponse:
    """The first tab that this person may open."""
    return redirect("staff:organisation" if request.user.role == Role.OWNER else "people:fields")


def organisation(request: StaffRequest) -> HttpResponse:
    """Name, zone, money, address, colour."""
    row = Organisation.get()
    form = OrganisationForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            if form.changed_data:
                audit.record(
                    actor=request.user,
                    action="organisation.changed",
                    object=row.name,
                    at=clock.now(),
                    detail={name: str(form.cleaned_data[name]) for name in form.changed_data},
                )
        messages.success(request, "The organisation was saved.")
        return redirect("staff:organisation")
    return render(request, "staff/organisation.html", {"form": form}, status=422 if form.errors else 200)
