"""A new landing page: choose its form, get its first words, go on in the editor."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from handraiser.capture.models import Form
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit.errors import DomainError
from handraiser.website import landings
from handraiser.website.models import HomePage


def _forms() -> list[Form]:
    """Live forms, the newest first."""
    rows = Form.objects.exclude(live=None).filter(archived_at=None).select_related("live", "magnet")
    return list(rows.order_by("-created_at"))


@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Which form shall it carry? `?form=` chooses one already."""
    forms = _forms()
    chosen = request.GET.get("form", "")
    if chosen not in {form.id for form in forms}:
        chosen = forms[0].id if forms else ""
    home = HomePage.objects.first()
    return render(request, "website/landing_new.html", {"forms": forms, "chosen": chosen, "home": home})


@require_POST
def create(request: StaffRequest) -> HttpResponse:
    """Make the draft and open it."""
    form = next((form for form in _forms() if form.id == request.POST.get("form")), None)
    if form is None:
        raise DomainError("no_form", "Choose a form that is live; a landing page has one.", field="form")
    if not HomePage.objects.exists():
        raise DomainError("no_site", "There is no site yet. Finish the set-up; it makes one.")
    with transaction.atomic():
        page = landings.begin(form=form, title=request.POST.get("title", "").strip()[:200])
    return redirect("wagtailadmin_pages:edit", page.pk)
