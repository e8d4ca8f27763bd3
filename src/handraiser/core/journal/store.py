"""The journal's two homes, SQLite and PostgreSQL, behind the same few verbs. No Django in here.

Positions are given in the order of commit and never reused: SQLite has one writer at a time, and on
PostgreSQL every batch takes its positions under one advisory lock. `seen` outlives the rows, so that an event
that is sent again after its day was sealed is still known.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from handraiser.kit.envelope import Event

_DAY_MS = 86_400_000
_ADVISORY_LOCK = 0x68616E64  # "hand"
_COLUMNS = "position, message_id, name, occurred_at, received_at, visitor, person, lead, cause, depth, body"
_encode = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Store(Protocol):
    """What readers, the relay and the collector need of a journal."""

    def prepare(self) -> None:
        """Create what is missing."""

    def epoch(self) -> str:
        """The name of this journal; a cursor of another epoch must not be used on it."""

    def append(self, events: Sequence[Event]) -> int:
        """Store what is new, durably, in one transaction. Returns how many were new."""

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        """The next events after a position, in order; only of these names if given."""

    def head(self) -> int:
        """The highest position given so far (0 for an empty journal)."""

    def of_visitor(self, visitor: str, *, limit: int) -> list[Event]:
        """The events of one visitor, oldest first."""

    def by_message(self, message_ids: Sequence[str]) -> list[Event]:
        """The events with these message ids, in order of position."""

    def totals(self) -> dict[str, int]:
        """Events by name, for the health screen."""

    def clear(self) -> None:
        """Forget everything and start a new epoch. For an empty instance and for tests."""

    def close(self) -> None:
        """Release the connection."""


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.message_id,
        event.name,
        event.occurred_at,
        event.received_at,
        event.received_at // _DAY_MS,
        event.visitor,
        event.person,
        event.lead,
        event.cause,
        event.depth,
        _encode(event.body).decode(),
    )


def _event(row: Sequence[Any]) -> Event:
    return Event(
        position=row[0],
        message_id=row[1],
        name=row[2],
        occurred_at=row[3],
        received_at=row[4],
        visitor=row[5],
        person=row[6],
        lead=row[7],
        cause=row[8],
        depth=row[9],
        body=_decode_body(row[10]),
    )


class SqliteStore:
    """One file, WAL, `synchronous=FULL`: what `append` returned from survives a power cut."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma secure_delete=on")

    def prepare(self) -> None:
        self._db.executescript(
            """
            create table if not exists event(
                position integer primary key autoincrement, message_id text not null, name text not null,
                occurred_at integer not null, received_at integer not null, day integer not null,
                visitor text, person text, lead text, cause text, depth integer not null, body text not null);
            create index if not exists event_visitor on event(visitor, occurred_at) where visitor is not null;
            create index if not exists event_message on event(message_id);
            create table if not exists seen(message_id text primary key, day integer not null) without rowid;
            create table if not exists meta(key text primary key, value text not null) without rowid;
            """
        )
        self._db.execute("insert or ignore into meta values('epoch', ?)", (uuid.uuid4().hex,))

    def epoch(self) -> str:
        return str(self._db.execute("select value from meta where key='epoch'").fetchone()[0])

    def append(self, events: Sequence[Event]) -> int:
        batch = {event.message_id: event for event in reversed(events)}
        self._db.execute("begin immediate")
        try:
            known = {
                row[0]
                for row in self._db.execute(
                    "select message_id from seen where message_id in (select value from json_each(?))",
                    (_encode(list(batch)).decode(),),
                )
            }
            rows = [_row(event) for event in reversed(batch.values()) if event.message_id not in known]
            self._db.executemany("insert into seen values(?, ?)", [(row[0], row[4]) for row in rows])
            self._db.executemany(
                "insert into event(message_id, name, occurred_at, received_at, day, visitor, person, lead,"
                " cause, depth, body) values(?,?,?,?,?,?,?,?,?,?,?)",
                rows,
            )
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        return len(rows)

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        sql = f"select {_COLUMNS} from event where position > ?"
        values: list[Any] = [after]
        if names is not None:
            sql += " and name in (select value from json_each(?))"
            values.append(_encode(sorted(names)).decode())
        return [_event(row) for row in self._db.execute(f"{sql} order by position limit ?", (*values, limit))]

    def head(self) -> int:
        row = self._db.execute("select seq from sqlite_sequence where name='event'").fetchone()
        return int(row[0]) if row else 0

    def of_visitor(self, visitor: str, *, limit: int) -> list[Event]:
        rows = self._db.execute(
            f"select {_COLUMNS} from event where visitor = ? order by occurred_at, message_id limit ?",
            (visitor, limit),
        )
        return [_event(row) for row in rows]

    def by_message(self, message_ids: Sequence[str]) -> list[Event]:
        rows = self._db.execute(
            f"select {_COLUMNS} from event where message_id in (select value from json_each(?))"
            " order by position",
            (_encode(list(message_ids)).decode(),),
        )
        return [_event(row) for row in rows]

    def totals(self) -> dict[str, int]:
        return dict(self._db.execute("select name, count(*) from event group by name order by name"))

    def clear(self) -> None:
        self._db.executescript("delete from event; delete from seen; delete from meta;")
        self._db.execute("insert into meta values('epoch', ?)", (uuid.uuid4().hex,))

    def close(self) -> None:
        self._db.close()


class PostgresStore:
    """Tables of their own in the schema `journal` of the records database."""

    def __init__(self, conninfo: str) -> None:
        import psycopg

        self._db = psycopg.connect(conninfo, autocommit=True)

    def prepare(self) -> None:
        with self._db.transaction():
            self._db.execute("select pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
            self._db.execute("create schema if not exists journal")
            self._db.execute(
                "create table if not exists journal.event(position bigint generated always as identity"
                " primary key, message_id text not null, name text not null, occurred_at bigint not null,"
                " received_at bigint not null, day integer not null, visitor text, person text, lead text,"
                " cause text, depth integer not null, body text not null)"
            )
            self._db.execute(
                "create index if not exists event_visitor on journal.event(visitor, occurred_at)"
                " where visitor is not null"
            )
            self._db.execute("create index if not exists event_message on journal.event(message_id)")
            self._db.execute(
                "create table if not exists journal.seen(message_id text primary key, day integer not null)"
            )
            self._db.execute(
                "create table if not exists journal.meta(key text primary key, value text not null)"
            )
            self._db.execute(
                "insert into journal.meta values('epoch', %s) on conflict do nothing", (uuid.uuid4().hex,)
            )

    def epoch(self) -> str:
        row = self._db.execute("select value from journal.meta where key='epoch'").fetchone()
        assert row is not None, "the journal was not prepared"
        return str(row[0])

    def append(self, events: Sequence[Event]) -> int:
        batch = {event.message_id: event for event in reversed(events)}
        rows = [_row(event) for event in reversed(batch.values())]
        with self._db.transaction():
            # Identity order is not commit order; the lock makes it so, held only for this short commit.
            self._db.execute("select pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
            new = {
                row[0]
                for row in self._db.execute(
                    "insert into journal.seen select * from unnest(%s::text[], %s::int[])"
                    " on conflict do nothing returning message_id",
                    ([row[0] for row in rows], [row[4] for row in rows]),
                )
            }
            fresh = [row for row in rows if row[0] in new]
            with self._db.cursor().copy(
                "copy journal.event(message_id, name, occurred_at, received_at, day, visitor, person, lead,"
                " cause, depth, body) from stdin"
            ) as copy:
                for row in fresh:
                    copy.write_row(row)
        return len(fresh)

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        sql = f"select {_COLUMNS} from journal.event where position > %s"
        values: list[Any] = [after]
        if names is not None:
            sql += " and name = any(%s)"
            values.append(sorted(names))
        rows = self._db.execute(f"{sql} order by position limit %s", (*values, limit))  # type: ignore[arg-type]
        return [_event(row) for row in rows]

    def head(self) -> int:
        row = self._db.execute("select coalesce(max(position), 0) from journal.event").fetchone()
        return int(row[0]) if row else 0

    def of_visitor(self, visitor: str, *, limit: int) -> list[Event]:
        rows = self._db.execute(
            f"select {_COLUMNS} from journal.event where visitor = %s order by occurred_at, message_id"
            " limit %s",
            (visitor, limit),
        )
        return [_event(row) for row in rows]

    def by_message(self, message_ids: Sequence[str]) -> list[Event]:
        rows = self._db.execute(
            f"select {_COLUMNS} from journal.event where message_id = any(%s) order by position",
            (list(message_ids),),
        )
        return [_event(row) for row in rows]

    def totals(self) -> dict[str, int]:
        rows = self._db.execute("select name, count(*) from journal.event group by name order by name")
        return {str(name): int(count) for name, count in rows}

    def clear(self) -> None:
        with self._db.transaction():
            self._db.execute("truncate journal.event, journal.seen, journal.meta restart identity")
            self._db.execute("insert into journal.meta values('epoch', %s)", (uuid.uuid4().hex,))

    def close(self) -> None:
        self._db.close()


def open_store(*, path: Path | str | None = None, conninfo: str = "") -> Store:
    """Open a journal: PostgreSQL when a connection string is given, else the SQLite file."""
    if conninfo:
        return PostgresStore(conninfo)
    if path is None:
        raise ValueError("a journal needs a path or a connection string")
    return SqliteStore(path)
