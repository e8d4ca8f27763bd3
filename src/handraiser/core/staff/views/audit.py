"""The record of changes to the configuration."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from handraiser.core.staff.models import AuditEntry

ROWS = 50

SENTENCES = {
    "staff.invited": "invited",
    "staff.invitation_withdrawn": "withdrew the invitation of",
    "staff.joined": "came in as",
    "staff.introduced": "signs in as",
    "staff.changed": "changed the rights of",
    "staff.deactivated": "closed the account of",
    "staff.reactivated": "opened the account again of",
    "organisation.set_up": "set up the organisation",
    "organisation.changed": "changed the organisation",
    "key.created": "made the key",
    "key.revoked": "revoked the key",
    "mail.changed": "changed the mail server to",
    "mail.tested": "sent a test mail through",
    "field.added": "added the field",
    "field.changed": "changed the field",
    "field.removed": "removed the field",
    "journal.retried": "retried parked events of",
    "journal.set_aside": "set aside an event of",
}


def entries(request: HttpRequest) -> HttpResponse:
    """Newest first; an action without a sentence of its own shows its name."""
    page = Paginator(AuditEntry.objects.order_by("-at", "-id"), ROWS).get_page(request.GET.get("page"))
    rows = [
        {
            "entry": entry,
            "did": SENTENCES.get(entry.action, entry.action.replace(".", " ").replace("_", " ")),
            "said": _in_words(entry.detail),
        }
        for entry in page
    ]
    return render(request, "staff/audit.html", {"page": page, "rows": rows})


def _in_words(detail: Any) -> str:
    if isinstance(detail, dict):
        return " · ".join(f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in detail.items())
    if isinstance(detail, list):
        return ", ".join(map(str, detail)) or "none"
    if isinstance(detail, bool):
        return "yes" if detail else "no"
    return str(detail)
