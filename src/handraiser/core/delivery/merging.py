"""What a merge does to mail."""

from __future__ import annotations

from handraiser.core.delivery.actions import suppressions
from handraiser.core.delivery.models import Message, Suppression
from handraiser.core.identity.on_merge import Merging, Move, on_merge
from handraiser.core.people.models import Identifier, Person

_SAID_NO = ("unsubscribed", "complained")


def no_means_no(merging: Merging) -> None:
    """Who unsubscribed or complained with one address is left alone at all; a bounce is the address's own."""
    both = (merging.kept, merging.gone)
    addresses = set(
        Identifier.objects.filter(person_id__in=both, kind="email").values_list("value", flat=True)
    )
    addresses |= {
        email.strip().lower()
        for email in Person.objects.filter(id__in=both).values_list("email", flat=True)
        if email
    }
    known = suppressions.of(sorted(addresses))
    said = {
        (scope, reason)
        for entries in known.values()
        for scope, reason in entries.items()
        if reason in _SAID_NO
    }
    for scope, reason in sorted(said):
        for address in sorted(addresses):
            if scope not in known[address]:
                known[address][scope] = reason
                merging.add(
                    Suppression(
                        email_hash=suppressions.fingerprint(address),
                        email=address,
                        scope=scope,
                        reason=reason,
                        at=merging.at,
                        by="merge",
                    )
                )


ON_MERGE = [on_merge(Message, person=Move(), lead=Move(), first=no_means_no)]
