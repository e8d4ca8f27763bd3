"""Dialogs are parts of a page for htmx, and pages of their own without JavaScript."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from handraiser.core.staff.requests import StaffRequest


def dialog(
    request: StaffRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> HttpResponse:
    """Answer with the part `template`, wrapped in a page unless htmx asked."""
    context = context | {"dialog_title": title, "part": template}
    return render(request, template if request.htmx else "desk/dialog_page.html", context, status=status)


def declined(request: StaffRequest, template: str, context: dict[str, Any], *, title: str) -> HttpResponse:
    """The dialog again, with what was wrong in `error`."""
    return dialog(request, template, context, title=title, status=422)


class SeeOther(HttpResponseRedirect):
    """Look there, with GET."""

    status_code = 303


def sent_on(request: StaffRequest, url: str) -> HttpResponse:
    """Go to `url`, from a dialog or from a page."""
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if request.htmx else SeeOther(url)
