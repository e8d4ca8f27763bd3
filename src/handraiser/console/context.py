"""What the shell needs on every back-office page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation for this person's role; empty on public pages."""
    if not request.path.startswith("/admin/"):
        return {}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    from django.conf import settings

    groups = [[entry for entry in group if user.role in entry.roles] for group in settings.NAVIGATION()]
    return {"navigation": groups}
