"""The request behind the permission table: somebody has signed in."""

from __future__ import annotations

from django.http import HttpRequest

from handraiser.core.staff.models import User


class StaffRequest(HttpRequest):
    """What a view of the back office gets; for type checkers, the object is Django's own."""

    user: User
