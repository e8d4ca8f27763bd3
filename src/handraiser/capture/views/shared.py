"""What the screens of this stage have in common."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from handraiser.capture import queries
from handraiser.core.staff.roles import EDITORS


def tabs(current: str) -> list[tuple[str, str, bool, int | None]]:
    """The second level under Capture."""
    items = [
        ("Forms", reverse("capture:forms"), None),
        ("Submissions", reverse("capture:submissions"), None),
        ("Magnets", reverse("capture:magnets"), None),
        ("Imports", "/admin/capture/imports/", None),
        ("Quarantine", reverse("capture:quarantine"), queries.in_quarantine() or None),
    ]
    return [(label, url, label == current, count) for label, url, count in items]


def may_edit(user: object) -> bool:
    """True if this person may change anything here."""
    return getattr(user, "role", "") in EDITORS


def actor(request: HttpRequest) -> str:
    """How staff are named in records."""
    return str(request.user)
