"""The journal as one SQLite file."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from handraiser.core.journal.store.keeping import Keeping
from handraiser.core.journal.store.rows import COLUMNS, INTO, Busy, Row, encode
from handraiser.core.journal.store.rows import event as event_of
from handraiser.core.journal.store.rows import row as row_of
from handraiser.kit.envelope import Event

_PATIENCE_MS = 20_000
# Rows that one statement inserts. Python hands its lock on at every statement, and a row alone is not worth that.
_AT_ONCE = (64, 16, 4, 1)
# Fewer events than this are looked through; more are entered, so many at a time that the door behind waits some
# milliseconds, with a pause in which it gets in.
_LEFT, _CHUNK, _AT_A_TIME, _PAUSE_SECONDS = 1_000, 500, 4, 0.003
_MOST_CHUNKS = 80
# Pages of the log, after which SQLite lets whoever commits move them into the file. The loop does it long before.
_MOST_LOGGED = 8_000
_MOVED_AFTER = 250  # events


class SqliteStore(Keeping):
    """One file, WAL, `synchronous=FULL`: what `append` returned from survives a power cut."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._db = sqlite3.connect(
            path, timeout=_PATIENCE_MS / 1000, isolation_level=None, check_same_thread=False
        )
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma secure_delete=on")
        # A statement that writes many rows keeps what it may have to take back: not in a file of its own.
        self._db.execute("pragma temp_store=memory")
        self._db.execute(f"pragma wal_autocheckpoint={_MOST_LOGGED}")
        self._moved = 0

    def prepare(self) -> None:
        self._db.executescript(
            """
            create table if not exists event(
                position integer primary key autoincrement, message_id text not null, name text not null,
                occurred_at integer not null, received_at integer not null, day integer not null,
                visitor text, person text, lead text, cause text, depth integer not null, body text not null);
            drop index if exists event_visitor;
            drop index if exists event_message;
            create index if not exists event_day on event(day);
            create table if not exists of_visitor(visitor text not null, occurred_at integer not null,
                position integer not null, primary key(visitor, occurred_at, position)) without rowid;
            create trigger if not exists event_gone after delete on event when old.visitor is not null begin
                delete from of_visitor where visitor = old.visitor and occurred_at = old.occurred_at
                and position = old.position; end;
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

    def append(self, events: Sequence[Event], *, patient: bool = True) -> int:
        batch = {event.message_id: event for event in reversed(events)}
        with self._writing() if patient else self._writing_at_once():
            known = {
                row[0]
                for row in self._db.execute(
                    "select message_id from seen where message_id in (select value from json_each(?))",
                    (encode(list(batch)).decode(),),
                )
            }
            rows = [row_of(event) for event in reversed(batch.values()) if event.message_id not in known]
            self._insert("insert into seen values", [(row[0], row[4]) for row in rows])
            self._insert(f"insert into event({INTO}) values", rows)
        return len(rows)

    def _insert(self, into: str, rows: Sequence[Row]) -> None:
        done = 0
        for size in _AT_ONCE:
            while len(rows) - done >= size:
                some = rows[done : done + size]
                self._db.execute(_values(into, size, len(some[0])), [value for row in some for value in row])
                done += size

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

    def of_visitors(self, visitors: Iterable[str], *, limit: int) -> list[Event]:
        for _ in range(_MOST_CHUNKS):
            if not self._enter_visitors():
                break
        found: list[Event] = []
        taken: Counter[str] = Counter()
        for row in self._db.execute(
            f"select {COLUMNS} from event where position in (select value from json_each(?))"
            " order by visitor, occurred_at, message_id",
            (encode(self._positions_of(visitors)).decode(),),
        ):
            taken[row[5]] += 1
            if taken[row[5]] <= limit:
                found.append(event_of(row))
        return found

    def enter_visitors(self) -> int:
        """Enter some thousand events where those of a visitor are looked up; returns how many, 0 if few are new.

        Every event in a random place of an index costs more than all the rest of storing it. So the collector does
        not wait for this, many are entered at once, in order, and what is not yet entered is looked through.
        """
        entered = self._enter_visitors()
        for _ in range(_AT_A_TIME - 1):
            if entered:
                time.sleep(_PAUSE_SECONDS)
                entered += self._enter_visitors()
        return entered

    def _enter_visitors(self) -> int:
        if self.head() - self._entered_through() <= _LEFT:
            return 0
        waiting = self._all(
            "select position from event where position > ? order by position limit ?",
            (self._entered_through(), _LEFT + 1),
        )
        if len(waiting) <= _LEFT:
            return 0
        to = waiting[_CHUNK - 1][0]
        with self._writing():
            through = self._entered_through()  # another process may have been quicker
            self._change(
                "insert into of_visitor select visitor, occurred_at, position from event"
                " where position > ? and position <= ? and visitor is not null order by visitor, occurred_at",
                (through, to),
            )
            self._change("insert or replace into meta values('visitors_entered', ?)", [str(max(through, to))])
        return _CHUNK

    def move_log(self) -> None:
        """Move what was logged into the file. It takes a while, others write meanwhile, and the door must not wait
        for it: one commit in two hundred would take ten times as long."""
        head = self.head()
        if head - self._moved >= _MOVED_AFTER:
            self._db.execute("pragma wal_checkpoint(passive)").fetchall()
            self._moved = head

    def _entered_through(self) -> int:
        return int(self.meta("visitors_entered") or 0)

    def _positions_of(self, visitors: Iterable[str]) -> list[int]:
        comparison, value = self._among(sorted(set(visitors)))
        rows = self._all(
            f"select position from of_visitor where visitor {comparison}"
            f" union all select position from event where position > ? and visitor {comparison}",
            (value, self._entered_through(), value),
        )
        return [row[0] for row in rows]

    def _are_of(self, visitors: Iterable[str]) -> tuple[str, Any]:
        comparison, value = self._among(self._positions_of(visitors))
        return f"e.position {comparison}", value

    def drop_emptied(self, *, before_day: int) -> int:
        """Nothing: there is one table, and what was deleted makes room for what comes."""
        return 0

    def totals(self) -> dict[str, int]:
        return dict(self._db.execute("select name, count(*) from event group by name order by name"))

    def bytes(self) -> int:
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def clear(self) -> None:
        tables = ("event", "of_visitor", "seen", "meta", "sealed", "gone", "forgotten", "dropped")
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
        with self._to_the_end():
            yield

    @contextmanager
    def _to_the_end(self) -> Iterator[None]:
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def _writing(self) -> Any:
        return self._within("begin immediate")

    @contextmanager
    def _writing_at_once(self) -> Iterator[None]:
        self._db.execute("pragma busy_timeout = 0")
        try:
            self._db.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise Busy from error
            raise
        finally:
            self._db.execute(f"pragma busy_timeout = {_PATIENCE_MS}")
        with self._to_the_end():
            yield

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


@cache
def _values(into: str, rows: int, columns: int) -> str:
    one = f"({', '.join('?' * columns)})"
    return f"{into} {', '.join([one] * rows)}"
