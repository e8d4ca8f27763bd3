"""The counts that stand beside Today and Leads."""

from __future__ import annotations

from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.desk import today
from handraiser.kit import clock


def due(user: User) -> tuple[int | None, bool]:
    """How much is due and theirs; no count when nothing is."""
    n = today.count_due(user, at=clock.now())
    return n or None, n > 0


def open_leads(user: User) -> tuple[int | None, bool]:
    """How many open leads they see."""
    return Lead.objects.visible_to(user).open().count(), False
