"""Settings, Mail: the server and a test."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from handraiser.console import mail as server
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def mail(request: StaffRequest) -> HttpResponse:
    """Save the server; with `test`, send a mail to oneself too and show what the server said."""
    form = server.MailForm(request.POST or None, instance=Organisation.get())
    failed = ""
    if request.method == "POST" and form.is_valid():
        row = server.store(form, by=request.user, at=clock.now())
        if "test" not in request.POST:
            messages.success(request, "The mail server was saved.")
            return redirect("console:mail")
        try:
            server.test(row, by=request.user, at=clock.now())
        except DomainError as error:
            failed = error.message
        else:
            messages.success(request, f"The test mail to {request.user.email} was taken by the server.")
            return redirect("console:mail")
    context = {
        "form": form,
        "failed": failed,
        "tested_at": Organisation.get().mail_tested_at,
        "demo": settings.DEMO,
    }
    return render(request, "console/mail.html", context, status=422 if form.errors or failed else 200)
