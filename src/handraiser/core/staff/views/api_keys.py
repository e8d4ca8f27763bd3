"""Keys for programs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from handraiser.core.staff.actions import keys
from handraiser.core.staff.api_auth import SCOPES
from handraiser.core.staff.forms import KeyForm
from handraiser.core.staff.models import ApiKey
from handraiser.kit import clock


def key_list(request: HttpRequest) -> HttpResponse:
    """All keys, those in force first."""
    rows = ApiKey.objects.select_related("made_by").order_by("revoked_at", "-created_at")
    for row in rows:
        row.may = [SCOPES.get(scope, "everything" if scope == "*" else scope) for scope in row.scopes]
    in_force = sum(1 for row in rows if row.revoked_at is None)
    return render(request, "staff/keys.html", {"rows": rows, "in_force": in_force})


@never_cache
def key_new(request: HttpRequest) -> HttpResponse:
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
def key_revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey, pk=key_id)
    keys.revoke(key=key, by=request.user, at=clock.now())
    messages.success(request, f"The key {key.name} no longer opens anything.")
    return redirect("staff:keys")
