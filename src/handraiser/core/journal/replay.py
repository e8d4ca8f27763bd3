"""A reader from the first event, beside its own tables: do they say the same?

On SQLite the replay works on a copy of the records in a folder of its own, so that nobody waits for it. On
PostgreSQL it is one transaction. Either is thrown away.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, models, transaction

from handraiser.core.journal import history
from handraiser.core.journal.models import Cursor
from handraiser.core.journal.readers import Reader
from handraiser.kit.errors import DomainError

_EXAMPLES = 3


@dataclass(frozen=True)
class Table:
    """One table before and after: how many rows it had, how many the replay did not make, or made beyond them."""

    name: str
    rows: int
    missing: int
    added: int
    examples: list[str]

    @property
    def same(self) -> bool:
        return not self.missing and not self.added


@dataclass(frozen=True)
class Replay:
    """What a replay came to."""

    events: int
    position: int
    tables: list[Table]


class _Undone(Exception):
    """Nothing of a replay may stay."""


def compare(this: Reader) -> Replay:
    """Replay up to where the reader stands. Raises DomainError("not_replayable") for one that owns no tables."""
    if not this.owns:
        raise DomainError(
            "not_replayable", f"{this.name} owns no tables that a replay could be compared with."
        )
    with _aside():
        try:
            with transaction.atomic():
                found = _compare(this)
                raise _Undone
        except _Undone:
            return found


@contextmanager
def _aside() -> Iterator[None]:
    """On SQLite: work on a copy. In a test, whose records live inside a transaction, there is nothing to copy."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="handraiser-replay-") as scratch:
        original = connection.settings_dict["NAME"]
        copy = Path(scratch) / "records.sqlite3"
        connection.ensure_connection()
        target = sqlite3.connect(copy)
        connection.connection.backup(target)
        target.close()
        connection.close()
        connection.settings_dict["NAME"] = str(copy)
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = original


def _compare(this: Reader) -> Replay:
    cursor = Cursor.objects.filter(reader=this.name).first()
    position = cursor.position if cursor else 0
    before = [_rows(model, this) for model in this.owns]
    for model in reversed(this.owns):
        model._base_manager.all().delete()
    at = events = 0
    while at < position:
        batch = [
            one
            for one in history.read(after=at, limit=this.batch, names=this.events)
            if one.position <= position
        ]
        if not batch:
            break
        fetched = this.fetch(batch) if this.fetch is not None else None
        this.take(batch, fetched)
        at, events = batch[-1].position, events + len(batch)
    return Replay(
        events,
        position,
        [_told(model, was, _rows(model, this)) for model, was in zip(this.owns, before, strict=True)],
    )


def _rows(model: type[models.Model], this: Reader) -> Counter[str]:
    """The rows as text, without keys that are given anew and ids of sealed events that lost theirs."""
    names = [
        field.attname
        for field in model._meta.concrete_fields
        if not field.primary_key and field.related_model not in this.owns and field.attname != "message_id"
    ]
    found: Counter[str] = Counter()
    for row in model._base_manager.values_list(*names).iterator(chunk_size=2_000):
        found[", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))] += 1
    return found


def _told(model: type[models.Model], was: Counter[str], now: Counter[str]) -> Table:
    missing, added = was - now, now - was
    examples = [f"missing: {row}" for row in list(missing)[:_EXAMPLES]]
    examples += [f"too many: {row}" for row in list(added)[:_EXAMPLES]]
    return Table(model._meta.db_table, was.total(), missing.total(), added.total(), examples)
