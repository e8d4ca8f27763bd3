"""`handraiser restore`: an instance from its backup, into an empty data folder.

Everything is unpacked and checked beside its place first; the records move in last, so a folder with records is a
restored one. The journal and its cursors get a new epoch together: files of the old instance, mixed in later, are
noticed. Mail is paused, because what waited when the backup was made may have been sent since.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tarfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import connection

from handraiser.config import backup, template
from handraiser.core.journal import live
from handraiser.kit.errors import DomainError, Misconfigured

_UNFINISHED = "restore.unfinished"
_MADE_AT_START = {"secret.key", "run", "static", _UNFINISHED}  # an empty folder has these, too
_NOTED = "paused by the restore"


@dataclass(frozen=True)
class Restored:
    """What was put back: when and by which version it was made, its files, messages that wait."""

    made_at: str
    version: str
    files: int
    waiting: int


def refuse_unfinished() -> None:
    """Raise Misconfigured where a restore was cut off: half a backup must not be started."""
    making = settings.HOME / _UNFINISHED
    # Empty, it had only its own removal left to do.
    if making.is_dir() and any(making.iterdir()):
        raise Misconfigured(f"A restore into {settings.HOME} was cut off. Run it again, then start.")


def put_back(archive: Path) -> Restored:
    """Restore this backup into the data folder (and the database of DATABASE_URL), which must be empty.

    Raises DomainError("no_backup"), ("not_empty"), ("damaged"), ("newer"), ("other_store"), ("postgres_failed").
    """
    making = settings.HOME / _UNFINISHED
    if making.exists():
        _clear_cut_off(making)
    _refuse_full()
    making.mkdir(mode=0o700)
    try:
        about = _unpack(archive, making)
        _refuse_strange(about)
        waiting = _put_records(about, making)
    except BaseException:
        shutil.rmtree(making)
        raise
    _move_in(making)
    return Restored(about["made_at"], about["version"], len(about["files"]), waiting)


def _clear_cut_off(making: Path) -> None:
    """What a restore had moved in before it was cut off; the records come last, so without them it is not whole."""
    if not (settings.HOME / "records.sqlite3").exists():
        for name in ("journal.sqlite3", *backup.SINGLE[1:]):
            (settings.HOME / name).unlink(missing_ok=True)
        for name in ("lake", *backup.FOLDERS):
            shutil.rmtree(settings.HOME / name, ignore_errors=True)
    shutil.rmtree(making)


def _refuse_full() -> None:
    found = [
        path
        for path in settings.HOME.rglob("*")
        if not path.is_dir() and path.relative_to(settings.HOME).parts[0] not in _MADE_AT_START
    ]
    if found:
        raise DomainError(
            "not_empty",
            f"{settings.HOME} is not empty: it holds {found[0].relative_to(settings.HOME)}. A restore writes over"
            " nothing: name an empty folder with HANDRAISER_HOME.",
            kind="conflict",
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_tables where schemaname in ('public', 'journal')")
            if cursor.fetchone()[0]:
                raise DomainError(
                    "not_empty",
                    "The database of DATABASE_URL is not empty: name an empty one.",
                    kind="conflict",
                )


def _unpack(archive: Path, making: Path) -> dict[str, Any]:
    """Unpack and compare every size and hash; returns what the backup says of itself."""
    found: dict[str, list[Any]] = {}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                parts = PurePosixPath(member.name).parts
                if content is None or ".." in parts or member.name.startswith("/"):
                    raise DomainError("damaged", f"{archive.name} holds {member.name}, which no backup does.")
                to = making.joinpath(*parts)
                to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                hashed = backup.Hashed(content)
                with to.open("wb") as opened:
                    os.fchmod(opened.fileno(), 0o600)
                    shutil.copyfileobj(hashed, opened, 1 << 20)
                    opened.flush()
                    os.fsync(opened.fileno())
                found[member.name] = [member.size, hashed.digest.hexdigest()]
        about = json.loads((making / backup.CONTENTS).read_text())
    except FileNotFoundError as error:
        if error.filename == str(archive):
            raise DomainError("no_backup", f"There is no file {archive}.", kind="missing") from None
        raise DomainError("damaged", f"{archive.name} is no whole backup: its list is missing.") from None
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise DomainError("damaged", f"{archive.name} cannot be read: {error}") from error
    (making / backup.CONTENTS).unlink()
    found.pop(backup.CONTENTS)
    if found != about["files"]:
        wrong = sorted(
            name for name in {*found, *about["files"]} if found.get(name) != about["files"].get(name)
        )
        raise DomainError(
            "damaged", f"{archive.name} is damaged: {', '.join(wrong[:3])} differ from its list."
        )
    return dict(about)


def _refuse_strange(about: dict[str, Any]) -> None:
    if about["format"] != backup.FORMAT or set(about["migrations"]) - template.migrations().keys():
        raise DomainError(
            "newer", f"This backup was made by a newer version ({about['version']}): install that one first."
        )
    if about["store"] != connection.vendor:
        word = (
            "set DATABASE_URL to an empty database"
            if about["store"] == "postgresql"
            else "unset DATABASE_URL"
        )
        raise DomainError("other_store", f"This backup is of {about['store']}: {word}.")


def _put_records(about: dict[str, Any], making: Path) -> int:
    """Make records and journal ready to start; returns how many messages wait."""
    epoch = uuid.uuid4().hex
    if about["store"] == "postgresql":
        import psycopg

        dump = making / "records.pgdump"
        database = str(connection.get_connection_params()["dbname"])
        backup.run_postgres(
            "pg_restore",
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={database}",
            str(dump),
        )
        dump.unlink()
        with psycopg.connect(live.target()[1]) as server:
            # All that is in here happens together, or the database must be made anew.
            return _begin_anew(lambda sql: server.execute(sql), epoch, schema="journal.")
    for name in ("records.sqlite3", "journal.sqlite3"):
        backup.refuse_damaged(making / name)
    with _changing(making / "journal.sqlite3") as journal:
        journal.execute("update meta set value = ? where key = 'epoch'", (epoch,))
    with _changing(making / "records.sqlite3") as records:
        return _begin_anew(lambda sql: records.execute(sql), epoch, schema="")


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("pragma synchronous=full")
        with db:
            yield db


def _begin_anew(run: Callable[[str], Any], epoch: str, *, schema: str) -> int:
    if schema:
        run(f"update {schema}meta set value = '{epoch}' where key = 'epoch'")
    run(f"update journal_cursor set epoch = '{epoch}'")
    run(
        "insert into delivery_switch(id, paused_at, paused_by, trouble, failures)"
        f" values(1, current_timestamp, '{_NOTED}', '', 0) on conflict(id) do update set"
        f" paused_at = coalesce(delivery_switch.paused_at, current_timestamp), paused_by = '{_NOTED}'"
    )
    return int(run("select count(*) from delivery_message where state = 'waiting'").fetchone()[0])


def _move_in(making: Path) -> None:
    """Everything to its place, the records last."""
    last = making / "records.sqlite3"
    for path in sorted(making.iterdir(), key=lambda path: (path == last, path.name)):
        to = settings.HOME / path.name
        if path.is_dir() and to.is_dir():
            shutil.rmtree(to)  # made empty at the start
        path.rename(to)
    handle = os.open(settings.HOME, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    making.rmdir()
