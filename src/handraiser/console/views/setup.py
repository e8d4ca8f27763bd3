"""The set-up's steps; each can be left and taken up again."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from handraiser.console import mail as server
from handraiser.core.staff.actions import audit, members
from handraiser.core.staff.forms import FirmForm, IntroduceForm, PlaceForm
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

MADE_UP = "owner@example.com"
"""The address under which `handraiser up` makes the first owner."""


STEPS: dict[str, tuple[str, type[forms.ModelForm]]] = {
    "you": ("You", IntroduceForm),
    "organisation": ("Your organisation", FirmForm),
    "place": ("Time zone and currency", PlaceForm),
    "mail": ("Sending mail", server.MailForm),
}


def setup(request: StaffRequest, step: str = "you") -> HttpResponse:
    """One question a screen. The mail step sends a test before it goes on."""
    if step not in STEPS:
        raise Http404
    label, form_class = STEPS[step]
    instance = request.user if step == "you" else Organisation.get()
    form = form_class(request.POST or None, instance=instance, initial=_unasked(instance))
    failed = ""
    if request.method == "POST" and form.is_valid():
        try:
            return _take(request, step, form)
        except DomainError as error:
            failed = error.message
    number = list(STEPS).index(step) + 1
    context = {
        "form": form,
        "step": step,
        "label": label,
        "number": number,
        "steps": [(name, words[0]) for name, words in STEPS.items()],
        "back": list(STEPS)[number - 2] if number > 1 else "",
        "failed": failed,
    }
    return render(request, "console/setup.html", context, status=422 if form.errors or failed else 200)


def _take(request: StaffRequest, step: str, form: forms.ModelForm) -> HttpResponse:
    """Store a step and go to the next. Raises DomainError if the test mail was not taken."""
    now = clock.now()
    if isinstance(form, server.MailForm):
        row = server.store(form, by=request.user, at=now)
        server.test(row, by=request.user, at=now)
        return _finish(request, f"The test mail to {request.user.email} was taken by the server.")
    if isinstance(form, IntroduceForm):
        members.introduce(member=request.user, at=now, **form.cleaned_data)
    else:
        form.save()
    names = list(STEPS)
    return redirect("console:setup_step", names[names.index(step) + 1])


def _unasked(instance: User | Organisation) -> dict[str, str]:
    """Nothing in the place of names that the product made up."""
    if isinstance(instance, User):
        return {"name": "", "email": ""} if instance.email == MADE_UP else {}
    return {"name": ""} if instance.name == Organisation._meta.get_field("name").default else {}


@require_POST
def finish(request: StaffRequest) -> HttpResponse:
    """Go on without mail; Today keeps reminding of it."""
    return _finish(request, "You can set the mail server later, under Settings.")


def _finish(request: StaffRequest, said: str) -> HttpResponse:
    now = clock.now()
    if Organisation.objects.filter(pk=1, set_up_at=None).update(set_up_at=now):
        organisation = Organisation.get()
        audit.record(actor=request.user, action="organisation.set_up", object=organisation.name, at=now)
        for prepare in settings.AFTER_SETUP():
            prepare(organisation=organisation, at=now)
    messages.success(request, said)
    return redirect("/admin/")
