"""What `handraiser journal` and `handraiser seal` say and do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings

from handraiser.core.journal import health, history, replay
from handraiser.core.journal.lake import sealing, tasks
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import ParkedEvent
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

Say = Callable[[str], None]


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.1f} GB"


def show(*, say: Say) -> None:
    """Sizes, readers with their lag, what is parked."""
    state = health.look(settings.READERS(), at=clock.now())
    extent = state.extent
    store = journal()
    held = f"{extent.live} events live, {_size(extent.journal_bytes)}"
    say(f"journal  epoch {store.epoch()}, head {store.head()}, {held}")
    sealed = f"{extent.days} days, {extent.sealed} events, {extent.files} files, {_size(extent.lake_bytes)}"
    last = datetime.fromtimestamp(0, UTC) + timedelta(days=extent.through)
    until = f", through {last:%Y-%m-%d}" if extent.through else ""
    say(f"lake     {sealed}{until}")
    say(f"outbox   {state.unrelayed} waiting")
    dropped = store.drops()
    if dropped:
        say(f"dropped  {', '.join(f'{n} {reason}' for reason, n in dropped.items())}")
    for reader in state.readers:
        word = (
            "parked"
            if reader.parked
            else "late"
            if reader.late
            else "reading"
            if reader.behind
            else "up to date"
        )
        say(f"reader   {reader.name:<24} {reader.behind:>8} behind  {reader.parked:>4} parked  {word}")
    for row in ParkedEvent.objects.filter(set_aside_at=None).order_by("reader", "position")[:20]:
        say(f"parked   {row.reader} {row.name} {row.message_id}: {row.error[:120]}")


def count(*, event: str | None, as_json: bool, say: Say) -> None:
    """How many are stored, distinct, dropped by reason."""
    found = history.count(event)
    if as_json:
        say(json.dumps(found))
        return
    say(f"stored    {found['stored']}")
    say(f"distinct  {found['distinct']}")
    for reason, n in found["dropped"].items():
        say(f"dropped   {n} {reason}")


def play_again(*, reader: str, dry_run: bool, say: Say) -> bool:
    """Replay a reader from the first event beside its tables; True if they are the same.

    Raises DomainError("no_reader") or ("not_replayable").
    """
    if not dry_run:
        raise DomainError("dry_run_only", "A replay only compares: add --dry-run. Nothing is written.")
    wired = {one.name: one for one in settings.READERS()}
    if reader not in wired:
        raise DomainError(
            "no_reader", f"There is no reader {reader}. There are: {', '.join(wired)}.", kind="missing"
        )
    found = replay.compare(wired[reader])
    say(f"{reader}: {found.events} events replayed up to position {found.position}")
    for table in found.tables:
        same = (
            "the same" if table.same else f"{table.missing} missing, {table.added} too many after the replay"
        )
        say(f"  {table.name:<28} {table.rows:>8} rows: {same}")
        for example in table.examples:
            say(f"      {example}")
    return all(table.same for table in found.tables)


def seal(*, say: Say) -> None:
    """Seal every day that is over, now."""
    try:
        done = tasks.seal(at=clock.now())
    except sealing.Busy:
        raise DomainError(
            "sealing", "Another process is sealing. It will be done soon.", kind="conflict"
        ) from None
    say(f"{done.rows} events in {len(done.files)} new files, {done.trimmed} rows left the journal.")
    kept = [day for day in journal().live_days() if day < sealing.today(clock.ms(clock.now()))]
    for day in kept:
        date = datetime.fromtimestamp(0, UTC) + timedelta(days=day)
        say(f"{date:%Y-%m-%d} stays: a reader has not read it yet. See: handraiser journal")
