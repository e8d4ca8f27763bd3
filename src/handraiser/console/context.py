"""What the shell needs on every back-office page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from handraiser.console.navigation import Entry


@dataclass(frozen=True)
class Line:
    """An entry as this person sees it now: whether it is current, and its count."""

    label: str
    icon: str
    url: str
    key: str
    current: bool
    count: int | None = None
    due: bool = False


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation for this person's role; empty on public pages and before signing in."""
    user = getattr(request, "user", None)
    if not request.path.startswith(("/admin/", "/accounts/")) or user is None or not user.is_authenticated:
        return {}
    groups = [[entry for entry in group if user.role in entry.roles] for group in settings.NAVIGATION()]
    current = _current(request.path, [entry for group in groups for entry in group])
    # A fragment is not framed by the shell, so it does not pay for the counts.
    counted = not request.headers.get("HX-Request")
    lines = [[_line(entry, current, user, counted) for entry in group] for group in groups]
    phone = [line for group in lines[:1] for line in group if line.icon in PHONE]
    return {
        "navigation": [group for group in lines[:-1] if group],
        "foot": lines[-1],
        "phone": phone,
        # Asked only by templates that show it, and Today says more about it itself.
        "onward": partial(settings.ONWARD(), user) if request.path != "/admin/" else None,
    }


PHONE = ("today", "lead", "pipe", "inbox")


def _current(path: str, entries: list[Entry]) -> Entry | None:
    """The entry whose address is the longest prefix of this path; content belongs to Attract."""
    if path.startswith("/admin/content/"):
        place = "/admin/settings/" if path.startswith(SETTINGS_OF_WAGTAIL) else "/admin/attract/"
        return next((entry for entry in entries if entry.url == place), None)
    matching = [entry for entry in entries if path == entry.url or _below(path, entry.url)]
    return max(matching, key=lambda entry: len(entry.url), default=None)


SETTINGS_OF_WAGTAIL = tuple(f"/admin/content/{name}/" for name in ("users", "groups", "sites", "locales"))


def _below(path: str, url: str) -> bool:
    # Today stands at the root of the back office, yet not everything is part of Today.
    return url != "/admin/" and path.startswith(url)


def _line(entry: Entry, current: Entry | None, user: Any, counted: bool) -> Line:
    count, due = entry.count(user) if entry.count and counted else (None, False)
    return Line(
        label=entry.label,
        icon=entry.icon,
        url=entry.url,
        key=entry.key,
        current=entry is current,
        count=count,
        due=due,
    )
