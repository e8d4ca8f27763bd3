"""What capture does when facts become known: the mail with the link of a lead magnet."""

from __future__ import annotations

from collections.abc import Sequence

from handraiser.capture.actions import magnets
from handraiser.capture.models import MagnetGrant
from handraiser.core.journal.events.capture import MagnetSent
from handraiser.core.journal.outbox import gathering
from handraiser.core.journal.readers import Reader, one_by_one, reader
from handraiser.kit import clock
from handraiser.kit.envelope import Event


def magnet_mail() -> Reader:
    """The reader `capture.magnet_mail`."""
    # Composing a mail takes some milliseconds, and no other writer should wait for many of them.
    return reader("capture.magnet_mail", [MagnetSent], _mail, batch=20)


def _mail(events: Sequence[Event]) -> None:
    grants = MagnetGrant.objects.select_related("magnet", "person", "lead")
    known = grants.in_bulk([event.body["grant"] for event in events])

    def mail(event: Event) -> None:
        if grant := known.get(event.body["grant"]):
            magnets.mail(grant=grant, at=clock.from_ms(event.occurred_at))

    with gathering():
        one_by_one(mail)(events)
