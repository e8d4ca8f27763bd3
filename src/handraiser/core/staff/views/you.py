"""One's own profile."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from handraiser.core.staff.forms import YouForm
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import LABELS, Role


def you(request: StaffRequest) -> HttpResponse:
    """Name, look, time zone, notices; the doors to password and second step."""
    row = User.objects.get(email=request.user.email)
    form = YouForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your settings were saved.")
        return redirect("staff:you")
    context = {
        "form": form,
        "role": LABELS[Role(request.user.role)],
        "protected": Authenticator.objects.filter(user=request.user).exists(),
    }
    return render(request, "staff/you.html", context, status=422 if form.errors else 200)
