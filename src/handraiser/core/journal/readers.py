"""Readers take the journal further, each event's database effects exactly once.

A reader reads the next batch and, in one transaction of the records database, applies its effects and moves
its cursor. A batch that fails is cut in halves until the poisoned event stands alone; it is parked, with the
later events of the same subject behind it, and tried again in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connection, models, transaction

from handraiser.core.journal import history
from handraiser.core.journal.events.base import CATALOGUE, Fact
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, ParkedEvent
from handraiser.core.journal.outbox import current_cause
from handraiser.kit import clock, failpoints, rows
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
_MOVE = "update journal_cursor set position = %s, moved_at = %s where reader = %s and epoch = %s and position = %s"


@dataclass(frozen=True)
class Reader:
    """Who reads which events. `apply` gets events in the journal's order, inside the transaction.

    `after` names a reader whose tables this one uses: it is never overtaken. `batch` is how many events it
    gets in one transaction; a reader that works long on each takes fewer, so that no writer waits for it.
    `fetch` gets the same events before the transaction begins: what it asks of slow stores, no writer waits for;
    `apply` gets its answer as `fetched`. `owns` are the tables that only this reader writes, so that a replay can
    begin with none of their rows and be compared.
    """

    name: str
    events: frozenset[str]
    apply: Callable[..., None]
    after: str = ""
    batch: int = 500
    fetch: Callable[[Sequence[Event]], Any] | None = None
    owns: tuple[type[models.Model], ...] = ()

    def take(self, events: Sequence[Event], fetched: Any) -> None:
        """Apply events with what was fetched for them."""
        if self.fetch is None:
            self.apply(events)
        else:
            self.apply(events, fetched=fetched)


def reader(
    name: str,
    events: Iterable[type[Fact]],
    apply: Callable[[Sequence[Event]], None],
    *,
    after: str = "",
    batch: int = 500,
    owns: Iterable[type[models.Model]] = (),
) -> Reader:
    """A reader of these facts of the catalogue."""
    names = frozenset(fact.name for fact in events)
    return Reader(name=name, events=names, apply=apply, after=after, batch=batch, owns=tuple(owns))


def one_by_one(apply: Callable[[Event], None]) -> Callable[[Sequence[Event]], None]:
    """Apply a function of one event; what it publishes names that event as its cause."""

    def run(events: Sequence[Event]) -> None:
        for event in events:
            token = current_cause.set(event)
            try:
                apply(event)
            finally:
                current_cause.reset(token)

    return run


class _Moved(Exception):
    """Another process moved the cursor first; nothing of ours may stay."""


def _refuse_strange(cursor: Cursor, *, epoch: str, head: int) -> None:
    if cursor.epoch != epoch or cursor.position > head:
        raise DomainError(
            "journal_replaced",
            f"Reader {cursor.reader} stands at {cursor.position} of journal {cursor.epoch}, but this is journal"
            f" {epoch} at {head}. Restore records and journal from the same backup.",
            kind="conflict",
        )


def check(all_readers: Iterable[Reader]) -> None:
    """Refuse to work on a journal that is not the one of these records.

    Raises DomainError("journal_replaced") if a cursor belongs to another journal or lies ahead of this one.
    """
    store = journal()
    for cursor in Cursor.objects.filter(reader__in=[this.name for this in all_readers]):
        _refuse_strange(cursor, epoch=store.epoch(), head=store.head())


def step(this: Reader) -> int:
    """Take the next batch; returns how many events were passed (0: nothing new).

    Raises DomainError("journal_replaced") if the cursor belongs to another journal or lies ahead of this one.
    """
    store = journal()
    epoch, head = store.epoch(), store.head()
    cursors = {
        cursor.reader: cursor
        for cursor in rows.find(Cursor, {"reader": [this.name, this.after or this.name]})
    }
    cursor = cursors.get(this.name)
    if cursor is None:
        cursor, _ = Cursor.objects.get_or_create(reader=this.name, defaults={"epoch": epoch, "position": 0})
    _refuse_strange(cursor, epoch=epoch, head=head)
    if this.after:
        head = min(head, cursors[this.after].position if this.after in cursors else 0)
    if cursor.position >= head:
        return 0
    everything = this.events >= CATALOGUE.keys()
    events, to = history.batch(
        after=cursor.position, upto=head, limit=this.batch, names=None if everything else this.events
    )
    if everything:
        events = [event for event in events if event.name in this.events]
    try:
        _take(this, events, start=cursor.position, to=to, epoch=cursor.epoch)
    except _Moved:
        return 0
    return len(events) or to - cursor.position


def _take(this: Reader, events: Sequence[Event], *, start: int, to: int, epoch: str) -> None:
    try:
        fetched = this.fetch(events) if this.fetch is not None else None
        with transaction.atomic():
            _move(this, start=start, to=to, epoch=epoch)
            this.take(_unblocked(this, events), fetched)
            failpoints.reach("reader.applied")
        failpoints.reach("reader.committed")
    except _Moved:
        raise
    except Exception as error:
        if len(events) > 1:
            middle = len(events) // 2
            seam = events[middle - 1].position
            _take(this, events[:middle], start=start, to=seam, epoch=epoch)
            _take(this, events[middle:], start=seam, to=to, epoch=epoch)
            return
        if not events:
            raise
        log.exception("reader %s parked %s", this.name, events[0].message_id)
        with transaction.atomic():
            _move(this, start=start, to=to, epoch=epoch)
            _park(this, events[0], error=f"{type(error).__name__}: {error}")


def _move(this: Reader, *, start: int, to: int, epoch: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [to, rows.moment(Cursor, clock.now()), this.name, epoch, start])
        if not cursor.rowcount:
            raise _Moved


def _unblocked(this: Reader, events: Sequence[Event]) -> Sequence[Event]:
    """Park the events whose subject already waits; return the others."""
    parked = rows.values(ParkedEvent, ["subject"], {"reader": this.name, "set_aside_at": None})
    waiting = {subject for (subject,) in parked if subject}
    if not waiting:
        return events
    free = []
    for event in events:
        if event.subject in waiting:
            _park(this, event, error="Waits behind an earlier event of the same person.")
        else:
            free.append(event)
    return free


def _park(this: Reader, event: Event, *, error: str) -> None:
    now = clock.now()
    ParkedEvent.objects.get_or_create(
        reader=this.name,
        message_id=event.message_id,
        defaults={
            "position": event.position,
            "subject": event.subject or "",
            "name": event.name,
            "payload": _encode(event).decode(),
            "attempts": 1,
            "error": error,
            "parked_at": now,
            "next_try_at": now + timedelta(minutes=1),
        },
    )


def retry(this: Reader, *, due_only: bool = True) -> int:
    """Try the parked events again, each subject in order; returns how many went through.

    The wait doubles with each failure, up to a day.
    """
    parked = ParkedEvent.objects.filter(reader=this.name, set_aside_at=None).order_by("position")
    done = 0
    blocked: set[str] = set()
    now = clock.now()
    for row in parked:
        # A later event of a waiting subject may not overtake, even when its own time has come.
        if row.subject in blocked or (due_only and row.next_try_at > now):
            if row.subject:
                blocked.add(row.subject)
            continue
        try:
            event = _decode(row.payload)
            fetched = this.fetch([event]) if this.fetch is not None else None
            with transaction.atomic():
                if not ParkedEvent.objects.filter(id=row.id).delete()[0]:
                    continue
                this.take([event], fetched)
            done += 1
        except Exception as error:
            if row.subject:
                blocked.add(row.subject)
            wait = timedelta(minutes=min(2**row.attempts, 1440))
            ParkedEvent.objects.filter(id=row.id).update(
                attempts=row.attempts + 1,
                error=f"{type(error).__name__}: {error}",
                next_try_at=now + wait,
            )
    return done
