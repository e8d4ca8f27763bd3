"""Telling staff: in the app at once, and by email to those who want it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from handraiser.core.delivery.actions import messages
from handraiser.core.notices.models import Notice
from handraiser.core.staff.models import User


def tell(
    *,
    users: Iterable[User],
    kind: str,
    title: str,
    at: datetime,
    key: str,
    body: str = "",
    url: str = "",
) -> list[Notice]:
    """Tell each of these people once; the same `key` again changes nothing. Returns the new notices.

    `url` is a path of the product. The email copy is queued in the same transaction.
    """
    told = []
    with transaction.atomic():
        for user in users:
            notice, created = Notice.objects.get_or_create(
                user=user,
                key=key,
                defaults={"kind": kind, "title": title[:200], "body": body, "url": url, "at": at},
            )
            if not created:
                continue
            told.append(notice)
            if user.notify_by_email and user.is_active:
                messages.queue(
                    key=f"notice:{notice.id}",
                    to=user.email,
                    purpose="notice",
                    template=f"notice.{kind}",
                    subject=title,
                    text=_letter(title, body, url),
                    at=at,
                )
    return told


def _letter(title: str, body: str, url: str) -> str:
    parts = [title, body, f"[Open in Handraiser]({url})" if url else ""]
    return "\n\n".join(part for part in parts if part)


def mark_read(*, user: User, at: datetime, notice_ids: Iterable[str] | None = None) -> int:
    """Mark these notices as read, or all of this person's; returns how many were unread."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if notice_ids is not None:
        unread = unread.filter(id__in=list(notice_ids))
    return unread.update(read_at=at)
