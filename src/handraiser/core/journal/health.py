"""Whether everything flows: how far each reader is behind, what is parked, what waits for the relay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Count

from handraiser.core.journal import history, readers
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, OutboxEvent, ParkedEvent
from handraiser.core.journal.readers import Reader
from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import User
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

LATE = timedelta(minutes=1)
"""A reader whose oldest unread event is older than this is late."""


@dataclass(frozen=True)
class ReaderHealth:
    """One reader: events it has not passed, its last move, its parked events, whether it is late."""

    name: str
    behind: int
    moved_at: datetime | None
    parked: int
    late: bool


@dataclass(frozen=True)
class Lag:
    """How far a reader is behind: events it has not passed, the age of the oldest of them, what it parked."""

    reader: str
    events: int
    seconds: float
    parked: int


def lags(all_readers: Sequence[Reader], *, at: datetime) -> list[Lag]:
    """The lag of each reader with a handful of indexed reads, however far behind one is."""
    store = journal()
    head = store.head()
    waiting = ParkedEvent.objects.filter(set_aside_at=None).values_list("reader").annotate(n=Count("id"))
    parked = dict(waiting.order_by())
    positions = dict(Cursor.objects.values_list("reader", "position"))
    age: dict[int, float] = {head: 0.0}
    found = []
    for reader in all_readers:
        position = positions.get(reader.name, 0)
        if position not in age:
            unread = store.read(after=position, limit=1)
            received = clock.from_ms(unread[0].received_at) if unread else at
            age[position] = max(0.0, (at - received).total_seconds())
        found.append(Lag(reader.name, max(0, head - position), age[position], parked.get(reader.name, 0)))
    return found


@dataclass(frozen=True)
class Health:
    """The journal as it is now. `flowing` is true only if no reader is late and nothing is parked."""

    readers: list[ReaderHealth]
    totals: list[tuple[str, int]]
    events: int
    unrelayed: int
    parked: list[ParkedEvent]
    last_at: datetime | None
    extent: history.Extent

    missing: list[str]
    damaged: list[str]

    @property
    def sealed_through(self) -> date | None:
        """The last day that is sealed to its end."""
        return date(1970, 1, 1) + timedelta(days=self.extent.through) if self.extent.through else None

    @property
    def flowing(self) -> bool:
        return not self.parked and not any(reader.late for reader in self.readers)


def look(all_readers: Sequence[Reader], *, at: datetime) -> Health:
    """Ask the stores; nothing is remembered from the last look."""
    store = journal()
    head = store.head()
    last = history.read(after=head - 1, limit=1) if head else []
    parked = list(ParkedEvent.objects.filter(set_aside_at=None).order_by("reader", "position")[:200])
    parked_by = Counter(event.reader for event in parked)
    cursors = {cursor.reader: cursor for cursor in Cursor.objects.all()}
    rows = []
    for reader in all_readers:
        cursor = cursors.get(reader.name)
        position = cursor.position if cursor else 0
        unread = history.read(after=position, limit=1, names=reader.events) if position < head else []
        rows.append(
            ReaderHealth(
                name=reader.name,
                behind=head - position,
                moved_at=cursor.moved_at if cursor else None,
                parked=parked_by[reader.name],
                late=bool(unread) and at - clock.from_ms(unread[0].received_at) > LATE,
            )
        )
    totals = sorted(store.totals().items(), key=lambda item: -item[1])
    return Health(
        readers=rows,
        totals=totals,
        events=sum(count for _, count in totals),
        unrelayed=OutboxEvent.objects.count(),
        parked=parked,
        last_at=clock.from_ms(last[0].received_at) if last else None,
        extent=history.extent(),
        missing=history.missing(),
        damaged=history.damaged(),
    )


def retry(reader: Reader, *, by: User, at: datetime) -> int:
    """Try a reader's parked events now; returns how many went through."""
    done = readers.retry(reader, due_only=False)
    audit.record(actor=by, action="journal.retried", object=reader.name, at=at, detail={"went_through": done})
    return done


@transaction.atomic
def set_aside(event: ParkedEvent, *, by: User, at: datetime) -> None:
    """Decide that a parked event is not needed by its reader; the later ones of its person go on.

    Raises DomainError("set_aside_already").
    """
    if not ParkedEvent.objects.filter(pk=event.pk, set_aside_at=None).update(set_aside_at=at):
        raise DomainError("set_aside_already", "It was set aside or read in the meantime.", kind="conflict")
    audit.record(
        actor=by,
        action="journal.set_aside",
        object=event.reader,
        at=at,
        detail={"event": event.message_id, "name": event.name},
    )
