"""DuckDB in memory over the lake's files. Files stay plain Parquet, so that the engine's version may change."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

import msgspec

from handraiser.core.journal.store.rows import COLUMNS, Row, Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

# What questions need most is taken out of the body once, when a day is sealed. A page view names its source in its
# campaign, the other facts in a field.
_TAKEN_OUT = """
    json_extract_string(body, '$.path') as path,
    coalesce(json_extract_string(body, '$.utm.source'), json_extract_string(body, '$.source')) as source,
    coalesce(json_extract_string(body, '$.bot'), '') as bot
"""
# Facts about somebody who is known keep their id: scores and timelines name it. Of strangers nothing names it, and
# sixteen random bytes an event would double the lake.
_KEPT_ID = "case when person is not null or lead is not null then message_id end as message_id"


def _from_journal(message_id: str) -> str:
    return (
        "select position, name, occurred_at, received_at - occurred_at as lag, visitor, person, lead, cause, depth,"
        f" {message_id}, body, {_TAKEN_OUT}"
    )


FIELDS = (
    "position, name, occurred_at, occurred_at + lag as received_at, visitor, person, lead, cause, depth,"
    " message_id, body, path, source, bot"
)
_TYPES = {
    "position": "BIGINT",
    "message_id": "VARCHAR",
    "name": "VARCHAR",
    "occurred_at": "BIGINT",
    "received_at": "BIGINT",
    "visitor": "VARCHAR",
    "person": "VARCHAR",
    "lead": "VARCHAR",
    "cause": "VARCHAR",
    "depth": "INTEGER",
    "body": "VARCHAR",
}
_NAMES = COLUMNS.split(", ")
_encode_lines = msgspec.json.Encoder().encode_lines
# Of `e`: files, or files and rows, of which the table `forgotten` says what must not be seen.
NOT_FORGOTTEN = """
    where not exists (select 1 from forgotten f where f.subject = e.visitor and e.position <= f.through)
    and not exists (select 1 from forgotten f where f.subject = e.person and e.position <= f.through)
"""


def connect(*, memory: str = "1GB", threads: int = 1, spill: Path | None = None) -> Connection:
    """A fresh engine that reaches for nothing outside. `spill`: where it may put what memory does not hold."""
    import duckdb  # 30 MB that a process which never asks the lake does without

    db = duckdb.connect(
        config={"memory_limit": memory, "threads": threads, "autoinstall_known_extensions": "false"}
    )
    if spill is not None:
        db.execute(f"set temp_directory = {quoted(str(spill))}")
    return db


_kept: dict[tuple[int, int, Path], Connection] = {}
_keeping = Lock()


def asked(*, threads: int, spill: Path) -> Connection:
    """A connection for one question, to an engine that this process keeps: to start one, and to read the ends of
    all files anew, costs more than most questions. What a question makes is temporary and goes with its connection.
    """
    key = (os.getpid(), threads, spill)  # a child that was forked has none
    with _keeping:
        db = _kept.get(key)
        if db is None:
            db = _kept[key] = connect(threads=threads, spill=spill)
            db.execute("set parquet_metadata_cache = true")  # a file never changes under its name
        return db.cursor()


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def stage(rows: Iterable[Row], into: IO[bytes]) -> int:
    """Write journal rows as lines that the engine reads four times faster than rows handed over one by one."""
    count = 0
    lines: list[dict[str, Any]] = []
    for row in rows:
        lines.append(dict(zip(_NAMES, row, strict=True)))
        if len(lines) == 5_000:
            into.write(_encode_lines(lines))
            count += len(lines)
            lines.clear()
    into.write(_encode_lines(lines))
    into.flush()
    return count + len(lines)


def staged(path: Path, *, for_file: bool) -> str:
    """The SQL that reads staged rows in the shape of the lake's files; strangers keep their ids in no file."""
    select = _from_journal(_KEPT_ID if for_file else "message_id")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _TYPES.items())
    return (
        f"{select} from read_json({quoted(str(path))}, format = 'newline_delimited',"
        f" columns = {{{columns}}}, maximum_object_size = 4194304)"
    )


def in_files(files: Sequence[Path]) -> str:
    """The SQL that reads files of the lake."""
    return f"select * from read_parquet([{', '.join(quoted(str(file)) for file in files)}])"


def lay_out(db: Connection, snapshot: Snapshot, folder: Path, tail: Path) -> None:
    """Make the view `events`: files and tail of one moment, each event once, without who is forgotten."""
    db.execute("create temp table forgotten(subject varchar, through bigint)")
    if snapshot.forgotten:
        db.executemany("insert into forgotten values (?, ?)", snapshot.forgotten)
    parts = []
    if snapshot.files:
        hidden = NOT_FORGOTTEN if snapshot.forgotten else ""
        parts.append(
            f"select {FIELDS} from ({in_files([folder / file for file in snapshot.files])}) e {hidden}"
        )
    if snapshot.tail:
        with tail.open("wb") as opened:
            stage(snapshot.tail, opened)
        db.execute(f"create temp table tail as {staged(tail, for_file=False)}")
        tail.unlink()
        parts.append(f"select {FIELDS} from tail")
    if not parts:
        empty = ", ".join(f"null::{kind} as {name}" for name, kind in _TYPES.items())
        parts.append(
            f"select {FIELDS} from ({_from_journal('message_id')} from (select {empty})) where false"
        )
    db.execute(f"create temp view events as {' union all by name '.join(parts)}")
