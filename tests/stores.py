"""The stores of a data folder, looked at from outside the product."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from handraiser.core.journal.lake import questions
from handraiser.core.journal.store import Store, open_store
from tests import databases

_TABLES_OF_SQLITE = (
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    " and sql not like 'CREATE VIRTUAL%'"
)
_TABLES_OF_POSTGRES = "select tablename from pg_tables where schemaname = 'public'"


def ask(home: Path, store: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of `records` or `journal`."""
    if url := databases.url_of(home):
        import psycopg

        schema = "journal" if store == "journal" else "public"
        with psycopg.connect(url, options=f"-c search_path={schema}") as server:
            return server.execute(sql.replace("?", "%s"), values or None).fetchall()  # type: ignore[arg-type]
    with contextlib.closing(sqlite3.connect(home / f"{store}.sqlite3", timeout=20)) as db:
        return db.execute(sql, values).fetchall()


def journal(home: Path) -> Store:
    """The journal of a data folder, to write into. Close it."""
    store = open_store(path=home / "journal.sqlite3", conninfo=databases.url_of(home))
    store.prepare()
    return store


def events(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask every event, sealed or not, once: the SQL is the lake's, the view is called `events`."""
    store = journal(home)
    try:
        return questions.ask(store, home / "lake", sql)
    finally:
        store.close()


def message_ids(home: Path) -> Counter[str]:
    """How often each event stands in the journal."""
    return Counter(row[0] for row in ask(home, "journal", "select message_id from event"))


def effects(home: Path) -> dict[str, int]:
    """How much of everything there is: rows of each table, events of each name, pages counted in visits."""
    tables = ask(home, "records", _TABLES_OF_POSTGRES if databases.url_of(home) else _TABLES_OF_SQLITE)
    found = {name: ask(home, "records", f'select count(*) from "{name}"')[0][0] for (name,) in tables}
    for name, count in ask(home, "journal", "select name, count(*) from event group by name"):
        found[f"event {name}"] = count
    found["pages in visits"] = ask(home, "records", "select coalesce(sum(pages), 0) from attract_visit")[0][0]
    return found
