"""The prepared records file is what the migrations of this version make, and nothing else."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from django.db import connections

from handraiser.config import template

_PREPARE = """
import django; django.setup()
from handraiser.config import stores
stores.prepare(from_template={from_template})
"""


def prepared(home: Path, *, from_template: bool) -> sqlite3.Connection:
    environment = {
        **os.environ,
        "HANDRAISER_HOME": str(home),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "handraiser.config.settings",
    }
    script = _PREPARE.format(from_template=from_template)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    return sqlite3.connect(home / "records.sqlite3")


def schema(db: sqlite3.Connection) -> set[tuple[str, ...]]:
    return set(db.execute("select type, name, tbl_name, sql from sqlite_master"))


def rows(db: sqlite3.Connection, table: str) -> list[str]:
    """Rows without what chance and the clock decide."""
    columns = [
        name
        for _, name, kind, *_ in db.execute(f"pragma table_info({table})")
        if kind not in ("datetime", "char(32)") and (table, name) != ("website_stamp", "word")
    ]
    chosen = ", ".join(f'"{name}"' for name in columns)
    return sorted(map(repr, db.execute(f"select {chosen} from {table}")))


def test_the_template_knows_every_migration():
    assert template.recorded() == template.migrations(), "A migration changed: run `make template`."


def test_it_is_what_the_migrations_make(tmp_path):
    copied = prepared(tmp_path / "copied", from_template=True)
    made = prepared(tmp_path / "made", from_template=False)
    assert schema(copied) == schema(made)
    for table in sorted(name for kind, name, *_ in schema(made) if kind == "table"):
        if "fts" not in table:
            assert rows(copied, table) == rows(made, table), table


def test_records_that_are_there_stay(tmp_path):
    first = prepared(tmp_path / "home", from_template=True)
    first.execute("update staff_organisation set name = 'Halden Tools'")
    first.commit()
    first.close()
    again = prepared(tmp_path / "home", from_template=True)
    assert again.execute("select name from staff_organisation").fetchone() == ("Halden Tools",)


def test_a_template_of_other_migrations_is_passed_over(tmp_path, monkeypatch):
    path = tmp_path / "records.sqlite3"
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(path))
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    other = {**template.recorded(), "people.0001_first": "another text"}
    monkeypatch.setattr(template, "FILE", tmp_path / "other.gz")
    template.FILE.write_bytes(gzip.compress(json.dumps(other).encode() + b"\nrecords"))
    assert template.lay() is False and not path.exists()
    template.FILE.write_bytes(gzip.compress(json.dumps(template.migrations()).encode() + b"\nrecords"))
    assert template.lay() is True and path.read_bytes() == b"records"
