"""The record of who changed what in the configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handraiser.core.staff.models import AuditEntry


def record(
    *, actor: object, action: str, object: str, at: datetime, detail: dict[str, Any] | None = None
) -> None:
    """Write one entry, inside the caller's transaction.

    `actor` is a member of staff or the name of a program; `action` a topic with a verb ("staff.changed").
    `detail` holds old and new values; never a secret.
    """
    AuditEntry.objects.create(
        actor=str(actor)[:120], action=action, object=object[:120], detail=detail or {}, at=at
    )
