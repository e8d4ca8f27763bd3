"""What capture does when facts become known: the mail with the link of a lead magnet."""

from __future__ import annotations

from datetime import UTC, datetime

from handraiser.capture.actions import magnets
from handraiser.capture.models import MagnetGrant
from handraiser.core.journal.events.capture import MagnetSent
from handraiser.core.journal.readers import Reader, one_by_one, reader
from handraiser.kit.envelope import Event


def magnet_mail() -> Reader:
    """The reader `capture.magnet_mail`."""
    # Composing a mail takes some milliseconds, and no other writer should wait for many of them.
    return reader("capture.magnet_mail", [MagnetSent], one_by_one(_mail), batch=20)


def _mail(event: Event) -> None:
    grants = MagnetGrant.objects.select_related("magnet", "person", "lead")
    grant = grants.filter(id=event.body["grant"]).first()
    if grant is not None:
        magnets.mail(grant=grant, at=datetime.fromtimestamp(event.occurred_at / 1000, UTC))
