"""The journal's two homes, SQLite and PostgreSQL, behind the same few verbs. No Django in here.

Positions are given in the order of commit and never reused: SQLite has one writer at a time, and on
PostgreSQL every batch takes its positions under one advisory lock. `seen` outlives the rows, so that an event
that is sent again after its day was sealed is still known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from handraiser.core.journal.store.keeping import ManifestMoved
from handraiser.core.journal.store.postgres import PostgresStore
from handraiser.core.journal.store.rows import Busy, Sealed, Snapshot
from handraiser.core.journal.store.sqlite import SqliteStore
from handraiser.kit.envelope import Event

__all__ = [
    "Busy",
    "ManifestMoved",
    "PostgresStore",
    "Sealed",
    "Snapshot",
    "SqliteStore",
    "Store",
    "open_store",
]


class Store(Protocol):
    """What readers, the relay and the collector need of a journal."""

    def prepare(self) -> None:
        """Create what is missing."""

    def epoch(self) -> str:
        """The name of this journal; a cursor of another epoch must not be used on it."""

    def append(self, events: Sequence[Event], *, patient: bool = True) -> int:
        """Store what is new, durably, in one transaction. Returns how many were new.

        Who is not patient gets Busy at once, and nothing stored, while somebody else is writing.
        """

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        """The next events after a position, in order; only of these names if given."""

    def head(self) -> int:
        """The highest position given so far (0 for an empty journal)."""

    def of_visitors(self, visitors: Iterable[str], *, limit: int) -> list[Event]:
        """The live events of these visitors, at most so many of each, oldest first."""

    def enter_visitors(self) -> int:
        """Prepare finding some more events by their visitor; call it until it returns 0. Nothing depends on it
        but how fast `of_visitors` is."""

    def move_log(self) -> None:
        """Spare those who commit some work; call it now and then."""

    def drop_emptied(self, *, before_day: int) -> int:
        """Drop the tables of months that ended before this day and hold no event any more; returns how many."""

    def totals(self) -> dict[str, int]:
        """Events by name, for the health screen."""

    def clear(self) -> None:
        """Forget everything and start a new epoch. For an empty instance and for tests."""

    def close(self) -> None:
        """Release the connection."""

    # What follows is for the lake and for those who look after the journal; keeping.py says what each does.
    def bytes(self) -> int: ...
    def durability(self) -> dict[str, str]: ...
    def snapshot(
        self,
        *,
        after: int = 0,
        names: Iterable[str] | None = None,
        visitors: Iterable[str] | None = None,
        limit: int | None = None,
        columns: Sequence[str] = ...,
    ) -> Snapshot: ...
    def manifest(self) -> list[Sealed]: ...
    def sealed_through(self) -> int: ...
    def live_days(self) -> dict[int, tuple[int, int, int]]: ...
    def of_day(self, day: int, *, after: int, through: int) -> Iterator[tuple[int, list[str]]]: ...
    def seal(
        self, instead_of: Sequence[Sealed], now: Sequence[Sealed], *, at_ms: int, keep_ms: int
    ) -> None: ...
    def trim(self) -> int: ...
    def gone(self, *, at_ms: int) -> list[str]: ...
    def removed(self, file: str) -> None: ...
    def forget(self, subjects: Iterable[str]) -> None: ...
    def forgotten(self) -> list[tuple[str, int]]: ...
    def forgotten_everywhere(self, done: Iterable[tuple[str, int]]) -> None: ...
    def prune_seen(self, *, before_day: int) -> int: ...
    def note_drops(self, counts: Mapping[tuple[int, str, str], int]) -> None: ...
    def drops(self, name: str | None = None, *, since_day: int = 0) -> dict[str, int]: ...
    def meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str) -> None: ...


def open_store(*, path: Path | str | None = None, conninfo: str = "") -> Store:
    """Open a journal: PostgreSQL when a connection string is given, else the SQLite file."""
    if conninfo:
        return PostgresStore(conninfo)
    if path is None:
        raise ValueError("a journal needs a path or a connection string")
    return SqliteStore(path)
