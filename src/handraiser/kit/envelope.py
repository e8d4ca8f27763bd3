"""What travels through the journal: one flat envelope around every event."""

from __future__ import annotations

from typing import Any

import msgspec

MAX_DEPTH = 16  # an event caused by an event caused by … : a longer chain is a loop


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event as stored. Times are milliseconds since 1970, UTC.

    `message_id` makes it unique for ever; `visitor`, `person` and `lead` say whom it is about (ids, or None);
    `cause` is the message id of the event that led to it and `depth` the length of that chain;
    `body` holds the fields of the fact, never a personal value. `position` is given by the journal.
    """

    message_id: str
    name: str
    occurred_at: int
    received_at: int
    visitor: str | None = None
    person: str | None = None
    lead: str | None = None
    cause: str | None = None
    depth: int = 0
    body: dict[str, Any] = {}
    position: int = 0

    @property
    def subject(self) -> str | None:
        """Whose order must be kept when one event has to wait."""
        return self.person or self.visitor
