"""Keys for programs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from handraiser.core.staff.actions import keys
from handraiser.core.staff.api_auth import SCOPES
from handraiser.core.staff.forms import KeyForm
from handraiser.core.staff.models import ApiKey
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock


def key_list(request: StaffRequest) -> HttpResponse:
    """All keys, those in force first."""
    keys_made = ApiKey.objects.select_related("made_by").order_by("revoked_at", "-created_at")
    words = {**SCOPES, "*": "everything"}
    rows = [{"key": key, "may": [words.get(scope, scope) for scope in key.scopes]} for key in keys_made]
    in_force = sum(1 for key in keys_made if key.revoked_at is None)
    return render(request, "staff/keys.html", {"rows": rows, "in_force": in_force})


@never_cache
def key_new(request: StaffRequest) -> HttpResponse:
    """Make a key; the answer shows it, once."""
    form = KeyForm(request.POST or None, scopes=SCOPES)
    if request.method == "POST" and form.is_valid():
        key, secret = keys.create(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            public=form.cleaned_data["kind"] == "public",
            by=request.user,
            at=clock.now(),
        )
        return render(request, "staff/key_made.html", {"key": key, "secret": secret})
    return render(request, "staff/key_new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def key_revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey, pk=key_id)
    keys.revoke(key=key, by=request.user, at=clock.now())
    messages.success(request, f"The key {key.name} no longer opens anything.")
    return redirect("staff:keys")
