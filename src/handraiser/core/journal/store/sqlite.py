"""The journal as one SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handraiser.core.journal.store.keeping import Keeping
from handraiser.core.journal.store.rows import COLUMNS, INTO, Row, encode
from handraiser.core.journal.store.rows import event as event_of
from handraiser.core.journal.store.rows import row as row_of
from handraiser.kit.envelope import Event

_INSERT = f"insert into event({INTO}) values(?,?,?,?,?,?,?,?,?,?,?)"


class SqliteStore(Keeping):
    """One file, WAL, `synchronous=FULL`: what `append` returned from survives a power cut."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
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
            create index if not exists event_day on event(day);
            create table if not exists seen(message_id text primary key, day integer not null) without rowid;
            create table if not exists meta(key text primary key, value text not null) without rowid;
            create table if not exists sealed(
                day integer primary key, file text not null, through integer not null, rows integer not null);
            create table if not exists gone(file text primary key, from_ms integer not null) without rowid;
            create table if not exists forgotten(subject text primary key, through integer not null) without rowid;
            create table if not exists dropped(day integer not null, name text not null, reason text not null,
                n integer not null, primary key(name, reason, day)) without rowid;
            """
        )
        self._db.execute("insert or ignore into meta values('epoch', ?)", (uuid.uuid4().hex,))

    def epoch(self) -> str:
        return str(self._db.execute("select value from meta where key='epoch'").fetchone()[0])

    def append(self, events: Sequence[Event]) -> int:
        batch = {event.message_id: event for event in reversed(events)}
        with self._writing():
            known = {
                row[0]
                for row in self._db.execute(
                    "select message_id from seen where message_id in (select value from json_each(?))",
                    (encode(list(batch)).decode(),),
                )
            }
            rows = [row_of(event) for event in reversed(batch.values()) if event.message_id not in known]
            self._db.executemany("insert into seen values(?, ?)", [(row[0], row[4]) for row in rows])
            self._db.executemany(_INSERT, rows)
        return len(rows)

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        sql = f"select {COLUMNS} from event where position > ?"
        values: list[Any] = [after]
        if names is not None:
            sql += " and name in (select value from json_each(?))"
            values.append(encode(sorted(names)).decode())
        return [
            event_of(row) for row in self._db.execute(f"{sql} order by position limit ?", (*values, limit))
        ]

    def head(self) -> int:
        row = self._db.execute("select seq from sqlite_sequence where name='event'").fetchone()
        return int(row[0]) if row else 0

    def of_visitor(self, visitor: str, *, limit: int) -> list[Event]:
        rows = self._db.execute(
            f"select {COLUMNS} from event where visitor = ? order by occurred_at, message_id limit ?",
            (visitor, limit),
        )
        return [event_of(row) for row in rows]

    def by_message(self, message_ids: Sequence[str]) -> list[Event]:
        rows = self._db.execute(
            f"select {COLUMNS} from event where message_id in (select value from json_each(?)) order by position",
            (encode(list(message_ids)).decode(),),
        )
        return [event_of(row) for row in rows]

    def totals(self) -> dict[str, int]:
        return dict(self._db.execute("select name, count(*) from event group by name order by name"))

    def bytes(self) -> int:
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def clear(self) -> None:
        tables = ("event", "seen", "meta", "sealed", "gone", "forgotten", "dropped")
        self._db.executescript("".join(f"delete from {table};" for table in tables))
        self._db.execute("insert into meta values('epoch', ?)", (uuid.uuid4().hex,))

    def close(self) -> None:
        self._db.close()

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._db.execute(sql.replace("{s}", ""), values).fetchall()

    def _change(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._db.execute(sql.replace("{s}", ""), values).rowcount

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def _writing(self) -> Any:
        return self._within("begin immediate")

    def _looking(self) -> Any:
        return self._within("begin")

    def _among(self, values: Iterable[Any]) -> tuple[str, Any]:
        return "in (select value from json_each(?))", encode(list(values)).decode()

    def _shrink(self) -> None:
        self._db.execute("pragma wal_checkpoint(truncate)").fetchall()

    def durability(self) -> dict[str, str]:
        """The settings on which it rests that what was acknowledged survives, as the file has them."""
        names = ("journal_mode", "synchronous")
        return {name: str(self._db.execute(f"pragma {name}").fetchone()[0]) for name in names}
