"""Joining an anonymous past to a person."""

from __future__ import annotations

from datetime import datetime

from handraiser.core.identity.models import VisitorLink
from handraiser.core.journal import outbox
from handraiser.core.journal.events.identity import VisitorLinked
from handraiser.kit import rows


@rows.joined
def link(*, visitor: str, person_id: str, how: str, at: datetime) -> bool:
    """Say that this visitor is this person; True if that is news.

    Only for visitors who consented to being recognised, or whom a server identified. A visitor that belongs to
    another person already stays theirs: two people on one browser are not merged.
    """
    if not visitor:
        return False
    certainty = "likely" if how == "email_click" else "certain"
    new = VisitorLink(visitor=visitor, person_id=person_id, how=how, certainty=certainty, linked_at=at)
    created = rows.insert([new], known=True) == 1
    if created:
        outbox.publish(VisitorLinked(how=how, certainty=certainty), at=at, person=person_id, visitor=visitor)
    return created
