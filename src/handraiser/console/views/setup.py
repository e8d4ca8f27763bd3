"""The set-up's steps; each can be left and taken up again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from handraiser.console import mail as server
from handraiser.core.staff.actions import audit
from handraiser.core.staff.forms import OrganisationForm
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


class FirmForm(OrganisationForm):
    """Step 1: who you are."""

    class Meta(OrganisationForm.Meta):
        fields = ("name", "postal_address", "brand_hue")

    time_zone = currency = None  # the next step asks for them
    clean_country = None

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.name == Organisation._meta.get_field("name").default:
            self.initial["name"] = ""


class PlaceForm(OrganisationForm):
    """Step 2: when and in what money you count."""

    class Meta(OrganisationForm.Meta):
        fields = ("time_zone", "currency", "country")

    clean_brand_hue = None


STEPS: dict[str, tuple[str, type[forms.ModelForm]]] = {
    "organisation": ("Your organisation", FirmForm),
    "place": ("Time zone and currency", PlaceForm),
    "mail": ("Sending mail", server.MailForm),
}


def setup(request: HttpRequest, step: str = "organisation") -> HttpResponse:
    """One question a screen. The mail step sends a test before it goes on."""
    if step not in STEPS:
        raise Http404
    label, form_class = STEPS[step]
    form = form_class(request.POST or None, instance=Organisation.get())
    failed = ""
    if request.method == "POST" and form.is_valid():
        if step != "mail":
            form.save()
            names = list(STEPS)
            return redirect("console:setup_step", names[names.index(step) + 1])
        row = server.store(form, by=request.user, at=clock.now())
        try:
            server.test(row, by=request.user, at=clock.now())
        except DomainError as error:
            failed = error.message
        else:
            return _finish(request, f"The test mail to {request.user.email} was taken by the server.")
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


@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    """Go on without mail; Today keeps reminding of it."""
    return _finish(request, "You can set the mail server later, under Settings.")


def _finish(request: HttpRequest, said: str) -> HttpResponse:
    now = clock.now()
    if Organisation.objects.filter(pk=1, set_up_at=None).update(set_up_at=now):
        audit.record(actor=request.user, action="organisation.set_up", object=Organisation.get().name, at=now)
    messages.success(request, said)
    return redirect("/admin/")
