"""Addresses with campaign fields: made, kept, taken out."""

from __future__ import annotations

from typing import cast

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from handraiser.attract import queries
from handraiser.attract.actions import links
from handraiser.attract.views import frame
from handraiser.console.toasts import toast
from handraiser.core.staff.models import User
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


class LinkForm(forms.Form):
    """What tells one campaign address from another."""

    url = forms.CharField(label="Page", max_length=800, help_text="The full address people shall arrive at.")
    source = forms.CharField(max_length=120, help_text="Where the link stands: linkedin, newsletter, google")
    medium = forms.CharField(max_length=120, help_text="What kind of place: social, email, cpc")
    campaign = forms.CharField(max_length=120, help_text="One name for everything that belongs together")
    term = forms.CharField(max_length=120, required=False, help_text="The search word that was paid for")
    content = forms.CharField(max_length=120, required=False, help_text="Which of several links or pictures")


def _screen(request: HttpRequest, form: LinkForm, status: int = 200) -> HttpResponse:
    context = frame.context(request, "links") | {"form": form, "links": queries.links()}
    return render(request, "attract/links.html", context, status=status)


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Kept addresses with their visits, and the builder."""
    return _screen(request, LinkForm(initial={"url": request.GET.get("url") or f"{settings.BASE_URL}/"}))


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Build an address and keep it."""
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            link = links.keep(**form.cleaned_data, at=clock.now(), by=cast(User, request.user).name)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            toast(request, f"Link for {link.campaign} kept")
            return redirect("attract:links")
    return _screen(request, form, status=422)


@require_POST
def forget(request: HttpRequest, link_id: str) -> HttpResponse:
    """Take an address off the list."""
    links.forget(link_id=link_id)
    toast(request, "Link taken off the list; its visits stay counted")
    return redirect("attract:links")
