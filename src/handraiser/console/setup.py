"""The first run: the owner of an empty instance is led through what the product must know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from handraiser.core.staff.models import Organisation
from handraiser.core.staff.roles import Role


def needed() -> bool:
    """True until an owner finished the set-up; the demo business is set up already."""
    return not settings.DEMO and Organisation.get().set_up_at is None


def first_run(get_response):
    """Middleware: an owner who opens Today before the set-up is done is led there."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            request.path == "/admin/"
            and request.user.is_authenticated
            and request.user.role == Role.OWNER
            and needed()
        ):
            return redirect("console:setup")
        return get_response(request)

    return middleware
