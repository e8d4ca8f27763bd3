"""`handraiser backup`: everything of an instance in one file, taken while it runs.

Records and journal are copied as of ONE moment. Neither first nor second would do: with the journal first, a
cursor could stand ahead of it; with records first, the journal would tell of leads that the records do not hold
yet. So records are closed to writers for the few milliseconds in which a snapshot of each is opened, and both are
copied from these snapshots while everybody writes on. What records had announced by then is in the copied journal
or still in the copied outbox; what the collector acknowledged is in the copied journal. On PostgreSQL both lie in
one database, and one exported snapshot is such a moment.

Sealed days follow by the copied manifest: files of the lake never change, and sealing waits, so that none goes.
Uploads and pictures come last, as a row never names a file that is not there yet. Sessions and cache stay behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from handraiser.core.journal import history, live
from handraiser.kit.errors import DomainError

FORMAT = 1
CONTENTS = "backup.json"
FOLDERS = ("files", "media")
SINGLE = ("secret.key", "data-centres.txt")
_SEALED = "select distinct file from {}sealed where file <> '' order by file"
_MIGRATIONS = "select app || '.' || name from django_migrations order by 1"


@dataclass(frozen=True)
class Taken:
    """A backup that was written: where, its bytes, its files, and the last position of its journal."""

    path: Path
    bytes: int
    files: int
    head: int


def take(target: Path, *, at: datetime) -> Taken:
    """Write a backup to this file, or under a name of its own into this folder.

    It appears under its name only when it is whole and on disk. Raises DomainError: "target_exists",
    "no_records", "no_pg_dump", "postgres_failed", "damaged" or "backup_failed".
    """
    if target.is_dir():
        target = target / f"handraiser-{at:%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise DomainError("target_exists", f"{target} is there already. Give another name.", kind="conflict")
    try:
        with tempfile.TemporaryDirectory(prefix=".handraiser-backup-", dir=target.parent) as folder:
            return _write(target, Path(folder), at)
    except (OSError, sqlite3.Error) as error:
        raise DomainError("backup_failed", f"The backup was not made: {error}") from error


def _write(target: Path, work: Path, at: datetime) -> Taken:
    with _nobody_seals():
        dumped = _dump(work) if connection.vendor == "postgresql" else _copy(work)
        making = work / "archive"
        with making.open("wb") as opened:
            os.fchmod(opened.fileno(), 0o600)
            with tarfile.open(
                fileobj=opened, mode="w:gz" if target.suffix in (".gz", ".tgz") else "w"
            ) as tar:
                archive = _Archive(tar)
                for path in dumped.files:
                    archive.add(path.name, path)
                    path.unlink()  # its bytes are in the archive: no room for both is needed for long
                for name in dumped.lake:
                    archive.add(f"lake/{name}", history.folder() / name)
                for name, path in _rest():
                    archive.add(name, path)
                about = {
                    "format": FORMAT,
                    "version": version("handraiser"),
                    "made_at": at.isoformat(),
                    "store": connection.vendor,
                    "migrations": dumped.migrations,
                    "head": dumped.head,
                    "files": archive.contents,
                }
                (work / CONTENTS).write_text(json.dumps(about, indent=1))
                archive.add(CONTENTS, work / CONTENTS)
            opened.flush()
            os.fsync(opened.fileno())
    making.rename(target)
    _sync(target.parent)
    return Taken(target, target.stat().st_size, len(archive.contents), dumped.head)


@dataclass(frozen=True)
class _Dumped:
    files: list[Path]
    lake: list[str]
    migrations: list[str]
    head: int


def _copy(work: Path) -> _Dumped:
    records, journal = Path(str(connection.settings_dict["NAME"])), Path(settings.JOURNAL_PATH)
    if not records.exists() or not journal.exists():
        raise DomainError("no_records", f"There is nothing to back up in {settings.HOME}.", kind="missing")
    copies = [work / "records.sqlite3", work / "journal.sqlite3"]
    with one_moment(records, journal) as sources:
        for source, copy in zip(sources, copies, strict=True):
            with contextlib.closing(sqlite3.connect(copy)) as to:
                source.backup(to)
    for copy in copies:
        refuse_damaged(copy)
    with contextlib.closing(sqlite3.connect(copies[0])) as db:
        migrations = [row[0] for row in db.execute(_MIGRATIONS)]
    with contextlib.closing(sqlite3.connect(copies[1])) as db:
        lake = [row[0] for row in db.execute(_SEALED.format(""))]
        given = db.execute("select seq from sqlite_sequence where name = 'event'").fetchone()
    return _Dumped(copies, lake, migrations, given[0] if given else 0)


@contextlib.contextmanager
def one_moment(records: Path, journal: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Connections that see records and journal as they were together at one moment, for as long as this lasts."""
    with (
        contextlib.closing(_opened(records)) as gate,
        contextlib.closing(_opened(records)) as first,
        contextlib.closing(_opened(journal)) as second,
    ):
        gate.execute("begin immediate")
        for snapshot in (first, second):
            snapshot.execute("begin")
            snapshot.execute("select count(*) from sqlite_master").fetchone()  # only a read opens it
        gate.execute("rollback")
        yield first, second


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20, isolation_level=None)


def refuse_damaged(path: Path) -> None:
    """Raise DomainError("damaged") if this SQLite file is not whole."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            said = str(db.execute("pragma quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise DomainError("damaged", f"{path.name} is damaged: {said}. See: handraiser doctor")


def _dump(work: Path) -> _Dumped:
    import psycopg

    dump = work / "records.pgdump"
    with psycopg.connect(live.target()[1], autocommit=True) as db, db.transaction():
        db.execute("set transaction isolation level repeatable read, read only")
        snapshot = db.execute("select pg_export_snapshot()").fetchall()[0][0]
        lake = [row[0] for row in db.execute(_SEALED.format("journal.")).fetchall()]
        migrations = [row[0] for row in db.execute(_MIGRATIONS).fetchall()]
        head = db.execute(
            "select greatest((select coalesce(max(position), 0) from journal.event),"
            " (select coalesce(max(through), 0) from journal.sealed))"
        ).fetchall()[0][0]
        run_postgres("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={dump}")
    return _Dumped([dump], lake, migrations, int(head))


def run_postgres(program: str, *words: str) -> None:
    """Run a program of PostgreSQL on the records' database. The password stays out of the list of processes.

    Raises DomainError("no_pg_dump") or ("postgres_failed").
    """
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = str(installed[-1]) if installed else shutil.which(program)
    if found is None:
        raise DomainError("no_pg_dump", f"{program} is missing. Install PostgreSQL's client programs.")
    given: Mapping[str, Any] = connection.get_connection_params()
    named = {
        "PGDATABASE": "dbname",
        "PGUSER": "user",
        "PGPASSWORD": "password",
        "PGHOST": "host",
        "PGPORT": "port",
    }
    environment = {**os.environ, **{name: str(given[key]) for name, key in named.items() if given.get(key)}}
    done = subprocess.run([found, *words], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise DomainError("postgres_failed", f"{program} failed: {done.stderr.strip()[-500:]}")


@contextlib.contextmanager
def _nobody_seals() -> Iterator[None]:
    """Wait until a sealing is over and keep the next one out: it is what replaces and removes files of the lake."""
    history.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (history.folder() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _rest() -> Iterator[tuple[str, Path]]:
    """What lies beside the databases: the key, own lists, uploads and pictures."""
    for name in SINGLE:
        if (settings.HOME / name).exists():
            yield name, settings.HOME / name
    for name, folder in zip(FOLDERS, (Path(settings.PRIVATE_ROOT), Path(settings.MEDIA_ROOT)), strict=True):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield f"{name}/{path.relative_to(folder).as_posix()}", path


class _Archive:
    """Adds files to a tar, and notes size and hash of each while its bytes pass."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.contents: dict[str, list[Any]] = {}

    def add(self, name: str, path: Path) -> None:
        try:
            opened = path.open("rb")
        except FileNotFoundError:  # an upload that somebody removed meanwhile
            if name.partition("/")[0] not in FOLDERS:
                raise
            return
        with opened:
            found = os.fstat(opened.fileno())
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = found.st_size, int(found.st_mtime), 0o600
            hashed = Hashed(opened)
            self._tar.addfile(info, hashed)  # type: ignore[arg-type]  # it only reads
        self.contents[name] = [info.size, hashed.digest.hexdigest()]


class Hashed:
    """A file that is read once, and its hash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        part = self._file.read(size)
        self.digest.update(part)
        return part


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
