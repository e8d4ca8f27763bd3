"""Test databases copied from a migrated template: migrating costs 20 s, a copy nothing.

The template is made once for each state of the migrations, by the product's own `migrate`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent
_DATABASE = "database"  # in a data folder of a test on PostgreSQL: the name of its database


def _state() -> str:
    digest = hashlib.sha256((ROOT / "requirements" / "run.txt").read_bytes())
    digest.update((ROOT / "src/handraiser/config/records.template.gz").read_bytes())
    for path in sorted((ROOT / "src").rglob("migrations/*.py")):
        digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _migrate(home: Path, **environment: str) -> None:
    environment = {**os.environ, "HANDRAISER_HOME": str(home), **environment}
    environment.pop("HANDRAISER_FAILPOINT", None)
    done = subprocess.run(
        [sys.executable, "-m", "handraiser.cli", "migrate"], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"the template could not be migrated:\n{done.stderr}")


def template_home() -> Path:
    """A data folder on SQLite, migrated and empty; copy it to start a product in a second."""
    final = Path(tempfile.gettempdir()) / f"handraiser-template-{os.getuid()}-{_state()}"
    if not final.exists():
        making = Path(tempfile.mkdtemp(prefix="handraiser-template-"))
        _migrate(making, DATABASE_URL="")
        try:
            making.rename(final)
        except OSError:  # another run was faster
            shutil.rmtree(making)
    return final


def on_postgres() -> bool:
    """True when this run is about PostgreSQL: DATABASE_URL is set."""
    return bool(os.environ.get("DATABASE_URL"))


def _url(name: str) -> str:
    return os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + name


def _server() -> Any:
    import psycopg

    return psycopg.connect(_url("postgres"), autocommit=True)


def _template_database(db: Any) -> str:
    """The migrated database on this server, made when it is asked for first."""
    template = f"handraiser_template_{_state()}"
    # Several test processes start at once; one makes it, the others wait for the lock.
    db.execute("select pg_advisory_lock(1)")
    if not db.execute("select 1 from pg_database where datname = %s", (template,)).fetchone():
        making = f"{template}_making"
        db.execute(f"drop database if exists {making} with (force)")
        db.execute(f"create database {making}")
        home = Path(tempfile.mkdtemp(prefix="handraiser-home-"))
        _migrate(home, DATABASE_URL=_url(making))
        shutil.rmtree(home)
        db.execute(f"alter database {making} rename to {template}")
    db.execute("select pg_advisory_unlock(1)")
    return template


def url_of(home: Path) -> str:
    """The DATABASE_URL that belongs to a data folder of a test; "" on SQLite."""
    note = home / _DATABASE
    return _url(note.read_text()) if note.exists() else ""


def lay(home: Path, *, like: Path | None = None) -> Path:
    """Lay a data folder: migrated and empty, or a copy of another one at rest. Returns it.

    On PostgreSQL it gets a database of its own, which `url_of` names.
    """
    shutil.copytree(like or template_home(), home, dirs_exist_ok=True)
    home.chmod(0o700)
    if on_postgres():
        name = f"handraiser_home_{secrets.token_hex(6)}"
        with _server() as db:
            source = (like / _DATABASE).read_text() if like else _template_database(db)
            db.execute(f"create database {name} template {source}")
        (home / _DATABASE).write_text(name)
    return home


def sweep_away(home: Path) -> None:
    """Remove a data folder and what belongs to it."""
    note = home / _DATABASE
    if note.exists():
        with _server() as db:
            db.execute(f"drop database if exists {note.read_text()} with (force)")
    shutil.rmtree(home, ignore_errors=True)


def _close_all() -> None:
    """Close this process's connections: those that Django keeps for code beside an event loop as well.

    A browser's event loop makes Django open a second set, which no other code gets to see, and keeps it.
    """

    async def close() -> None:
        connections.close_all()

    connections.close_all()
    asyncio.run(close())


class SqliteCopy:
    """Records and cache as files in a folder of this run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="handraiser-records-"))

    def restore(self) -> None:
        """Lay the files anew and point Django at them."""
        _close_all()
        for alias, name in (("default", "records.sqlite3"), ("cache", "cache.sqlite3")):
            for old in self.folder.glob(f"{name}*"):
                old.unlink()
            shutil.copy(template_home() / name, self.folder / name)
            connections[alias].settings_dict["NAME"] = str(self.folder / name)
            settings.DATABASES[alias]["NAME"] = str(self.folder / name)

    def remove(self) -> None:
        """Leave nothing behind."""
        connections.close_all()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresCopy:
    """A database of this run, copied inside the server; the cache stays a SQLite file."""

    def __init__(self) -> None:
        self.cache = SqliteCopy()
        self.name = f"handraiser_test_{os.getpid()}"

    def restore(self) -> None:
        """Copy the template anew."""
        from handraiser.core.journal import live

        live.close()
        _close_all()
        with _server() as db:
            db.execute(f"drop database if exists {self.name} with (force)")
            db.execute(f"create database {self.name} template {_template_database(db)}")
        connections["default"].settings_dict["NAME"] = self.name
        settings.DATABASES["default"]["NAME"] = self.name
        cache = self.cache.folder / "cache.sqlite3"
        shutil.copy(template_home() / "cache.sqlite3", cache)
        connections["cache"].settings_dict["NAME"] = str(cache)

    def remove(self) -> None:
        """Drop the database of this run; the template stays for the next."""
        connections.close_all()
        with _server() as db:
            db.execute(f"drop database if exists {self.name} with (force)")
        self.cache.remove()


def copy() -> SqliteCopy | PostgresCopy:
    """The kind that DATABASE_URL asks for."""
    return PostgresCopy() if connections["default"].vendor == "postgresql" else SqliteCopy()
