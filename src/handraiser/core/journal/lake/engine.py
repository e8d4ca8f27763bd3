"""DuckDB in memory over the lake's files. Files stay plain Parquet, so that the engine's version may change."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

from handraiser.core.journal.store.rows import COLUMNS, NUMBERS, QUOTE, Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

# What questions need most is taken out of the body once, when a day is sealed, and of the tail when it is asked. A
# page view names its source in its campaign, the other facts in a field.
_TAKEN_OUT = "json_extract_string(body, ['$.path', '$.utm.source', '$.source', '$.bot']) as taken"
_OF_BODY = {"path": "taken[1]", "source": "coalesce(taken[2], taken[3])", "bot": "coalesce(taken[4], '')"}
# Facts about somebody who is known keep their id: scores and timelines name it. Of strangers nothing names it, and
# sixteen random bytes an event would double the lake.
_IN_FILES = {
    "received_at": "received_at - occurred_at as lag",
    "message_id": "case when person is not null or lead is not null then message_id end as message_id",
}
_HELD = COLUMNS.split(", ")
FIELDS = (*(name for name in _HELD if name not in ("message_id", "body")), "message_id", "body", *_OF_BODY)
_TYPES = {name: "bigint" if name in NUMBERS else "varchar" for name in FIELDS} | {"depth": "integer"}
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


@atexit.register
def _let_go() -> None:
    """What is open when the interpreter ends, the engine reports as leaked."""
    while _kept:
        _kept.popitem()[1].close()


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def needed(fields: Sequence[str]) -> list[str]:
    """The columns of the journal from which these fields are made."""
    wanted = {"body" if name in _OF_BODY else name for name in fields}
    if not wanted & NUMBERS:
        wanted.add("position")  # a line of nothing but nulls would be an empty one
    return [name for name in _HELD if name in wanted]


def write(lines: Iterable[Sequence[str]], into: IO[bytes]) -> int:
    """Write a journal's lines to a file; returns how many."""
    count = 0
    for some in lines:
        count += len(some)
        into.write("\n".join([*some, ""]).encode())
    into.flush()
    return count


def staged(path: Path, fields: Sequence[str] = FIELDS, *, for_file: bool = False) -> str:
    """The SQL that reads a journal's lines: these fields, or all in the shape of the lake's files."""
    special = {name: f"{sql} as {name}" for name, sql in _OF_BODY.items()} | (_IN_FILES if for_file else {})
    held = needed(fields)
    columns = ", ".join(f"'{name}': '{_TYPES[name]}'" for name in held)
    return (
        f"select {', '.join(special.get(name, name) for name in fields)} from"
        f" (select *{', ' + _TAKEN_OUT if 'body' in held else ''} from read_csv({quoted(str(path))},"
        f" columns = {{{columns}}}, auto_detect = false, header = false, delim = ',', quote = '{QUOTE}',"
        f" escape = '{QUOTE}', nullstr = '', allow_quoted_nulls = false, max_line_size = 4194304))"
    )


def in_files(files: Sequence[Path]) -> str:
    """The SQL that reads files of the lake."""
    return f"select * from read_parquet([{', '.join(quoted(str(file)) for file in files)}])"


def rows_of(files: Iterable[Path]) -> dict[Path, int]:
    """How many rows the end of each file says that it holds; -1 of one that has no such end."""
    import duckdb

    found = {}
    with connect() as db:
        for file in files:
            try:
                sql = f"select num_rows from parquet_file_metadata({quoted(str(file))})"
                found[file] = int(db.execute(sql).fetchall()[0][0])
            except duckdb.Error:
                found[file] = -1
    return found


def lay_out(
    db: Connection, snapshot: Snapshot, folder: Path, tail: Path, fields: Sequence[str] = FIELDS
) -> None:
    """Make the view `events`: files and tail of one moment, each event once, without who is forgotten."""
    db.execute("create temp table forgotten(subject varchar, through bigint)")
    if snapshot.forgotten:
        db.executemany("insert into forgotten values (?, ?)", snapshot.forgotten)
    parts = []
    if snapshot.files:
        hidden = NOT_FORGOTTEN if snapshot.forgotten else ""
        of_files = ("occurred_at + lag as received_at" if name == "received_at" else name for name in fields)
        files = in_files([folder / file for file in snapshot.files])
        parts.append(f"select {', '.join(of_files)} from ({files}) e {hidden}")
    if snapshot.tail:
        with tail.open("wb") as opened:
            write([snapshot.tail], opened)
        db.execute(f"create temp table tail as {staged(tail, fields)}")
        tail.unlink()
        parts.append("select * from tail")
    if not parts:
        parts.append(f"select {', '.join(f'null::{_TYPES[name]} as {name}' for name in fields)} where false")
    db.execute(f"create temp view events as {' union all by name '.join(parts)}")
