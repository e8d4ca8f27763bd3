"""Joining an anonymous past to a person."""

from __future__ import annotations

from datetime import datetime

from handraiser.core.identity import aliases
from handraiser.core.identity.models import VisitorLink
from handraiser.core.journal import outbox
from handraiser.core.journal.events.identity import VisitorLinked, VisitorUnlinked
from handraiser.kit import rows

LIKELY, CERTAIN = "likely", "certain"


@rows.joined
def link(*, visitor: str, person_id: str, how: str, at: datetime) -> bool:
    """Say that this visitor is this person; True if that is news.

    Only for visitors who consented to being recognised, or whom a server identified. `identify` (by a secret key)
    and `form` are certain. `email_click` is likely, because mail is forwarded: it links only a browser that nobody
    has, and gives way to proof. A visitor that certainly is another person stays theirs: two people on one browser
    are not merged. A person may have any number of visitors.
    """
    if not visitor:
        return False
    certainty = LIKELY if how == "email_click" else CERTAIN
    person_id = aliases.current(person_id)
    new = VisitorLink(visitor=visitor, person_id=person_id, how=how, certainty=certainty, linked_at=at)
    before = ""
    if rows.insert([new], known=True) != 1:
        held = VisitorLink.objects.select_for_update().get(visitor=visitor)
        if held.certainty != LIKELY or certainty == LIKELY:
            return False
        before = held.person_id if held.person_id != person_id else ""
        VisitorLink.objects.filter(visitor=visitor).update(
            person_id=person_id, how=how, certainty=certainty, linked_at=at
        )
    if before:
        outbox.publish(VisitorUnlinked(why=how), at=at, person=before)
    fact = VisitorLinked(how=how, certainty=certainty, instead_of=before)
    outbox.publish(fact, at=at, person=person_id, visitor=visitor)
    return True
