"""The stores of a data folder, looked at from outside the product."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any


def ask(home: Path, store: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of `records` or `journal`."""
    with sqlite3.connect(home / f"{store}.sqlite3", timeout=20) as db:
        return db.execute(sql, values).fetchall()


def message_ids(home: Path) -> Counter[str]:
    """How often each event stands in the journal."""
    return Counter(row[0] for row in ask(home, "journal", "select message_id from event"))


def effects(home: Path) -> dict[str, int]:
    """How much of everything there is: rows of each table, events of each name, pages counted in visits."""
    tables = ask(
        home,
        "records",
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        " and sql not like 'CREATE VIRTUAL%'",
    )
    found = {name: ask(home, "records", f'select count(*) from "{name}"')[0][0] for (name,) in tables}
    for name, count in ask(home, "journal", "select name, count(*) from event group by name"):
        found[f"event {name}"] = count
    found["pages in visits"] = ask(home, "records", "select coalesce(sum(pages), 0) from attract_visit")[0][0]
    return found
