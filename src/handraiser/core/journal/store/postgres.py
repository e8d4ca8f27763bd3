"""The journal in the schema `journal` of the records database, partitioned by month."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from handraiser.core.journal.store.keeping import Keeping
from handraiser.core.journal.store.rows import COLUMNS, DAY_MS, INTO, Busy, Row
from handraiser.core.journal.store.rows import event as event_of
from handraiser.core.journal.store.rows import row as row_of
from handraiser.kit.envelope import Event

_ADVISORY_LOCK = 0x68616E64  # "hand"
_LOCK = "select pg_advisory_xact_lock(%s)"


def _month(day: int) -> tuple[str, int, int]:
    """The month of a day: its name, its first day and the first day of the next one."""
    first = datetime.fromtimestamp(day * DAY_MS / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    begin, end = (int(moment.timestamp() * 1000) // DAY_MS for moment in (first, after))
    return f"{first:%Y_%m}", begin, end


class PostgresStore(Keeping):
    """Tables of their own in the schema `journal` of the records database."""

    def __init__(self, conninfo: str) -> None:
        import psycopg

        self._db = psycopg.connect(conninfo, autocommit=True)
        self._errors = psycopg.errors
        self._months: set[str] = set()

    def prepare(self) -> None:
        with self._db.transaction():
            self._db.execute(_LOCK, (_ADVISORY_LOCK,))
            for statement in (
                "create schema if not exists journal",
                "create sequence if not exists journal.given as bigint",
                # A unique key of a partitioned table must hold what it is parted by; `seen` keeps ids unique.
                "create table if not exists journal.event(position bigint not null default"
                " nextval('journal.given'), message_id text not null, name text not null, occurred_at bigint"
                " not null, received_at bigint not null, day integer not null, visitor text, person text,"
                " lead text, cause text, depth integer not null, body text not null,"
                " primary key (position, day)) partition by range (day)",
                "create index if not exists event_visitor on journal.event(visitor, occurred_at)"
                " where visitor is not null",
                "drop index if exists journal.event_message",
                "create index if not exists event_day on journal.event(day, position)",
                "create table if not exists journal.seen(message_id text primary key, day integer not null)",
                "create table if not exists journal.meta(key text primary key, value text not null)",
                "create table if not exists journal.sealed(day integer primary key, file text not null,"
                " through bigint not null, rows bigint not null)",
                "create table if not exists journal.gone(file text primary key, from_ms bigint not null)",
                "create table if not exists journal.forgotten(subject text primary key, through bigint not null)",
                "create table if not exists journal.dropped(day integer not null, name text not null,"
                " reason text not null, n bigint not null, primary key (name, reason, day))",
            ):
                self._db.execute(statement)  # type: ignore[arg-type]
            self._db.execute(
                "insert into journal.meta values('epoch', %s) on conflict do nothing", (uuid.uuid4().hex,)
            )

    def epoch(self) -> str:
        row = self._db.execute("select value from journal.meta where key='epoch'").fetchone()
        assert row is not None, "the journal was not prepared"
        return str(row[0])

    def append(self, events: Sequence[Event], *, patient: bool = True) -> int:
        if not patient:
            raise Busy  # an answer over a connection may always take its time
        batch = {event.message_id: event for event in reversed(events)}
        rows = [row_of(event) for event in reversed(batch.values())]
        try:
            return self._append(rows)
        except self._errors.CheckViolation:  # a month that this process remembers was emptied and dropped
            self._months.clear()
            return self._append(rows)

    def _append(self, rows: Sequence[Row]) -> int:
        self._part_months({row[4] for row in rows})
        with self._db.transaction():
            # The sequence's order is not commit order; the lock makes it so, held only for this short commit.
            self._db.execute(_LOCK, (_ADVISORY_LOCK,))
            new = {
                row[0]
                for row in self._db.execute(
                    "insert into journal.seen select * from unnest(%s::text[], %s::int[])"
                    " on conflict do nothing returning message_id",
                    ([row[0] for row in rows], [row[4] for row in rows]),
                )
            }
            fresh = [row for row in rows if row[0] in new]
            with self._db.cursor().copy(f"copy journal.event({INTO}) from stdin") as copy:
                for row in fresh:
                    copy.write_row(row)
        return len(fresh)

    def _part_months(self, days: Iterable[int]) -> None:
        """Make the partitions of these days; the name of each is remembered, for one look a month."""
        for name, begin, end in {_month(day) for day in days}:
            if name in self._months:
                continue
            with self._db.transaction():
                self._db.execute(_LOCK, (_ADVISORY_LOCK,))
                self._db.execute(
                    f"create table if not exists journal.event_{name} partition of journal.event"  # type: ignore[arg-type]
                    f" for values from ({begin}) to ({end})"
                )
            self._months.add(name)

    def drop_emptied(self, *, before_day: int) -> int:
        dropped = 0
        for (name,) in self._all(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'journal.event'::regclass order by c.relname"
        ):
            begin = datetime.strptime(name, "event_%Y_%m").replace(tzinfo=UTC)
            if _month(int(begin.timestamp() * 1000) // DAY_MS)[2] > before_day:
                continue
            with suppress(self._errors.LockNotAvailable), self._db.transaction():
                # Nobody appends meanwhile; whoever reads is not waited for long: there is another night.
                self._db.execute(_LOCK, (_ADVISORY_LOCK,))
                self._db.execute("set local lock_timeout = '500ms'")
                if not self._all(f"select 1 from {{s}}{name} limit 1"):
                    self._db.execute(f"drop table journal.{name}")  # type: ignore[arg-type]
                    dropped += 1
        self._months.clear()
        return dropped

    def read(self, *, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
        sql = f"select {COLUMNS} from journal.event where position > %s"
        values: list[Any] = [after]
        if names is not None:
            sql += " and name = any(%s)"
            values.append(sorted(names))
        rows = self._db.execute(f"{sql} order by position limit %s", (*values, limit))  # type: ignore[arg-type]
        return [event_of(row) for row in rows]

    def head(self) -> int:
        # The sequence itself runs ahead of commits; what was sealed and deleted is remembered by the manifest, what
        # was forgotten by a word.
        row = self._db.execute(
            "select greatest((select coalesce(max(position), 0) from journal.event),"
            " (select coalesce(max(through), 0) from journal.sealed),"
            " (select coalesce(max(value::bigint), 0) from journal.meta where key = 'head'))"
        ).fetchone()
        return int(row[0]) if row else 0

    def of_visitors(self, visitors: Iterable[str], *, limit: int) -> list[Event]:
        rows = self._db.execute(
            "select e.* from unnest(%s::text[]) as asked(visitor) cross join lateral"
            f" (select {COLUMNS} from journal.event where visitor = asked.visitor"  # type: ignore[arg-type]
            " order by occurred_at, message_id limit %s) e order by e.visitor, e.occurred_at, e.message_id",
            (sorted(set(visitors)), limit),
        )
        return [event_of(row) for row in rows]

    def enter_visitors(self) -> int:
        """Nothing: PostgreSQL keeps its index by itself, off the door's path."""
        return 0

    def move_log(self) -> None:
        """Nothing: PostgreSQL has a process for it."""

    def totals(self) -> dict[str, int]:
        rows = self._db.execute("select name, count(*) from journal.event group by name order by name")
        return {str(name): int(count) for name, count in rows}

    def bytes(self) -> int:
        row = self._db.execute(
            "select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'journal' and c.relkind = 'r'"
        ).fetchone()
        return int(row[0]) if row else 0

    def clear(self) -> None:
        with self._db.transaction():
            self._db.execute(
                "truncate journal.event, journal.seen, journal.meta, journal.sealed, journal.gone,"
                " journal.forgotten, journal.dropped"
            )
            self._db.execute("alter sequence journal.given restart")
            self._db.execute("insert into journal.meta values('epoch', %s)", (uuid.uuid4().hex,))

    def close(self) -> None:
        self._db.close()

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._db.execute(_here(sql), tuple(values)).fetchall()  # type: ignore[arg-type]

    def _change(self, sql: str, values: Sequence[Any] = ()) -> int:
        return self._db.execute(_here(sql), tuple(values)).rowcount  # type: ignore[arg-type]

    def _writing(self) -> Any:
        return self._db.transaction()

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with self._db.transaction():
            self._db.execute("set transaction isolation level repeatable read, read only")
            yield

    def _among(self, values: Iterable[Any]) -> tuple[str, Any]:
        return "= any(?)", list(values)

    def durability(self) -> dict[str, str]:
        """The settings on which it rests that what was acknowledged survives, as the server has them."""
        names = ("fsync", "full_page_writes", "synchronous_commit")
        return {name: str(self._all(f"select current_setting('{name}')")[0][0]) for name in names}


def _here(sql: str) -> str:
    return sql.replace("{s}", "journal.").replace("?", "%s")
