"""What the screens of this stage share: the tabs, and the days they look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse

from handraiser.core.staff.models import User
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock

CHOICES = (7, 28, 90)
DEFAULT = 28


@dataclass(frozen=True)
class Period:
    """The last so many days, up to now."""

    days: int
    start: datetime
    end: datetime


def period(request: HttpRequest) -> Period:
    """As the address says; something else than 7, 28 or 90 days means 28."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(choice) for choice in CHOICES} else DEFAULT
    end = clock.now()
    return Period(days=days, start=end - timedelta(days=days), end=end)


def context(request: HttpRequest, tab: str) -> dict[str, Any]:
    """Tabs, and what this person may do."""
    names = [("Overview", "overview"), ("Pages", "pages"), ("Sources", "sources"), ("Links", "links")]
    items = [(label, reverse(f"attract:{name}"), name == tab, None) for label, name in names]
    # Spend is entered under Measure, which lies above this stage: known by its address alone.
    items.append(("Spend", reverse("measure:spend"), False, None))
    return {"tab_items": items, "may_change": cast(User, request.user).may(*EDITORS), "choices": CHOICES}
