"""Questions in portable SQL: the same text for DuckDB, ClickHouse and SQLite, one file a question in `sql/`.

Times are milliseconds, a day is `at - at % 86400000`; CASE sums, plain joins, no alias that is a column's name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from handraiser.core.journal.lake import engine
from handraiser.core.journal.store import Store

_HERE = Path(__file__).parent / "sql"
_TRIES = 3


@cache
def text(question: str) -> str:
    """The SQL of a question, with values as `:name`. SQLite takes it as it is."""
    return (_HERE / f"{question}.sql").read_text()


def for_duckdb(sql: str) -> str:
    """Values as `$name`; comments would hold some too."""
    return re.sub(r":(\w+)", r"$\1", _bare(sql))


def for_clickhouse(sql: str, values: Mapping[str, int | str]) -> str:
    """Values as `{name:Type}`."""

    def typed(found: re.Match[str]) -> str:
        kind = "Int64" if isinstance(values[found[1]], int) else "String"
        return f"{{{found[1]}:{kind}}}"

    return re.sub(r":(\w+)", typed, _bare(sql))


def _bare(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def ask(
    store: Store,
    folder: Path,
    sql: str,
    values: Mapping[str, Any] | None = None,
    *,
    threads: int = 1,
    fields: Sequence[str] = engine.FIELDS,
    **limits: Any,
) -> list[tuple[Any, ...]]:
    """Ask files and tail of one moment, in which each event is seen once. The view is called `events`.

    Of the tail only these `fields` are brought over; `limits` narrow it, as `Store.snapshot` takes them. A file
    that was replaced and removed while we looked is no error: we look again.
    """
    import duckdb

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tried = 0
    while True:
        moment = store.snapshot(columns=engine.needed(fields), **limits)
        db = engine.asked(threads=threads, spill=folder / "spill")
        try:
            engine.lay_out(db, moment, folder, folder / f"tail-{secrets.token_hex(8)}.part", fields)
            return db.execute(for_duckdb(sql), dict(values or {})).fetchall()
        except duckdb.IOException:
            tried += 1
            if tried == _TRIES:
                raise
        finally:
            db.close()


def answer(
    store: Store, folder: Path, question: str, *, threads: int = 1, **values: int | str
) -> list[tuple[Any, ...]]:
    """The rows of one of the questions in `sql/`."""
    sql = text(question)
    # Of the tail only what the question speaks of is brought over.
    names = sorted(set(re.findall(r"name = '([a-z_.]+)'", _bare(sql))))
    fields = [name for name in engine.FIELDS if re.search(rf"\b{name}\b", _bare(sql))]
    return ask(store, folder, sql, values, threads=threads, fields=fields, names=names)
