"""The request as a back-office view gets it."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from handraiser.core.staff.models import User


class StaffRequest(HttpRequest):
    """Behind the permission table somebody of staff is signed in."""

    user: User
    htmx: HtmxDetails
