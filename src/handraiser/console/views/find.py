"""The command palette's answers."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handraiser.console.finding import Found
from handraiser.core.staff.requests import StaffRequest

SCREENS_AT_MOST = 5


@require_GET
def find(request: StaffRequest) -> HttpResponse:
    """Lines for the words typed: what the wired finders know, then the screens of the side."""
    words = " ".join(request.GET.get("q", "").split())[:80]
    lines = [line for finder in settings.FINDERS() for line in finder(request.user, words)]
    lines += _screens(request, words)
    return render(request, "console/components/palette_lines.html", {"lines": lines, "words": words})


def _screens(request: StaffRequest, words: str) -> list[Found]:
    entries = [
        entry for group in settings.NAVIGATION() for entry in group if request.user.role in entry.roles
    ]
    found = [
        Found(entry.label, entry.url, "Screen", entry.icon, key=f"G {entry.key.upper()}" if entry.key else "")
        for entry in entries
        if words.lower() in entry.label.lower()
    ]
    return found[:SCREENS_AT_MOST]
