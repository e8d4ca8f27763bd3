"""Announcing facts: `publish` writes them beside the change they tell of, `relay` carries them over.

The relay copies by message id and then deletes, so a crash between the two commits repeats nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction

from handraiser.core.journal import wake
from handraiser.core.journal.events.base import Fact
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import OutboxEvent
from handraiser.kit import clock, failpoints, ids, rows
from handraiser.kit.envelope import MAX_DEPTH, Event
from handraiser.kit.errors import DomainError

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode

# The event that a reader is applying: what it publishes was caused by it.
current_cause: ContextVar[Event | None] = ContextVar("current_cause", default=None)
_gathered: ContextVar[list[Event] | None] = ContextVar("gathered", default=None)


def personal_hash(value: str) -> str:
    """The keyed hash that stands for a personal value in the journal."""
    digest = hmac.new(settings.SECRET_KEY.encode(), value.strip().lower().encode(), hashlib.sha256)
    return digest.hexdigest()[:32]


@cache
def _personal(kind: Any) -> list[str]:
    """The names of the personal fields of a kind of fact."""
    return [field.name for field in dataclasses.fields(kind) if field.metadata.get("personal")]


def _body(fact: Fact) -> dict[str, Any]:
    body = dict(vars(fact))
    kind: Any = type(fact)
    for name in _personal(kind):
        value = body.pop(name)
        body[f"{name}_hash"] = personal_hash(value) if value else None
    return body


def publish(
    fact: Fact,
    *,
    at: datetime,
    person: str | None = None,
    lead: str | None = None,
    visitor: str | None = None,
    cause: Event | None = None,
    message_id: str | None = None,
) -> str:
    """Announce a fact in the transaction of the change it tells of; returns its message id.

    Call it inside `transaction.atomic()`. A `message_id` derived from the cause makes a repeat harmless.
    Raises DomainError("loop") when the chain of causes is deeper than 16.
    """
    event = prepare(
        fact, at=at, person=person, lead=lead, visitor=visitor, cause=cause, message_id=message_id
    )
    publish_all([event])
    return event.message_id


def prepare(
    fact: Fact,
    *,
    at: datetime | int,
    person: str | None = None,
    lead: str | None = None,
    visitor: str | None = None,
    cause: Event | None = None,
    message_id: str | None = None,
) -> Event:
    """The event that `publish` would announce; for announcing many at once with `publish_all`.

    `at` may be given in milliseconds since 1970.
    """
    cause = cause or current_cause.get()
    depth = cause.depth + 1 if cause else 0
    if depth > MAX_DEPTH:
        raise DomainError("loop", f"{fact.name} was refused: more than {MAX_DEPTH} events led to it.")
    return Event(
        message_id=message_id or ids.new("evt"),
        name=fact.name,
        occurred_at=at if isinstance(at, int) else clock.ms(at),
        received_at=clock.ms(clock.now()),
        visitor=visitor,
        person=person,
        lead=lead,
        cause=cause.message_id if cause else None,
        depth=depth,
        body=_body(fact),
    )


def publish_all(events: Sequence[Event]) -> None:
    """Announce prepared events with one insert, inside the transaction of the changes they tell of."""
    if not events:
        return
    gathered = _gathered.get()
    if gathered is not None:
        gathered += events
        return
    written = [(event.message_id, _encode(event).decode()) for event in events]
    rows.add(OutboxEvent, ("message_id", "payload"), written)
    transaction.on_commit(wake.loop)


class gathering:
    """Write what is published inside with one insert, at the end.

    Open it just inside the transaction or savepoint that it belongs to: an error forgets both.
    """

    def __enter__(self) -> None:
        self.events: list[Event] = []
        self.token = _gathered.set(self.events)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        _gathered.reset(self.token)
        if kind is None:
            publish_all(self.events)


def relay(*, limit: int = 1_000) -> int:
    """Carry waiting facts into the journal; returns how many rows were carried."""
    waiting = rows.ask(OutboxEvent, "select id, payload from journal_outbox order by id limit %s", [limit])
    if not waiting:
        return 0
    journal().append([_decode(payload) for _, payload in waiting])
    failpoints.reach("relay.copied")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "delete from journal_outbox where id between %s and %s", _runs([row_id for row_id, _ in waiting])
        )
    failpoints.reach("relay.deleted")
    return len(waiting)


def _runs(ids_in_order: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run without a gap: never "id <= last", on PostgreSQL a lower id may commit later."""
    runs: list[tuple[int, int]] = []
    for one in ids_in_order:
        if runs and one == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], one)
        else:
            runs.append((one, one))
    return runs
