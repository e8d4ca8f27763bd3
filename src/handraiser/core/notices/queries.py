"""Reading notices."""

from __future__ import annotations

from django.db.models import QuerySet

from handraiser.core.notices.models import Notice
from handraiser.core.staff.models import User

COUNTED = 100  # beyond this a count says nothing more


def unread(user: User) -> QuerySet[Notice]:
    """What this person has not read, the latest first, along an index of exactly that."""
    return Notice.objects.filter(user=user, read_at=None).order_by("-id")


def count_for(user: User) -> tuple[int, bool]:
    """The count beside Inbox in the side: how many are unread, never "due"."""
    return len(unread(user).values_list("id")[:COUNTED]), False
