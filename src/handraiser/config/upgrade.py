"""`handraiser upgrade`: back up, bring the stores to this version, say what readers still have to do."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from handraiser.attract.actions import touches
from handraiser.config import backup, stores, wiring
from handraiser.core.journal import sharing
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.kit.errors import DomainError

log = logging.getLogger(__name__)


def run(*, backup_to: Path | None, at: datetime, say: Callable[[str], None]) -> None:
    """Do it all; the first line says where the backup of before lies.

    Raises DomainError("running") beside a loop, ("migration_failed"), and what a backup raises.
    """
    if sharing.is_working():
        raise DomainError(
            "running", "The product is running on this data folder: stop it first.", kind="conflict"
        )
    folder = backup_to or settings.HOME / "backups"
    if backup_to is None:
        folder.mkdir(mode=0o700, exist_ok=True)
    taken = backup.take(folder, at=at)
    say(
        f"backup   {taken.path}, {taken.bytes / 1e6:.1f} MB. To go back: restore it with the version of before."
    )
    executor = MigrationExecutor(connection)
    plan = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    try:
        stores.prepare()
    except Exception as error:
        log.exception("the upgrade failed")
        raise DomainError("migration_failed", _after_failure(taken.path, error)) from error
    say(f"records  {', '.join(plan) if plan else 'up to date already'}")
    done = touches.Rederived(0, 0)
    for progress in touches.rederive():
        done = progress
    say(
        f"visits   {done.asked} asked again by the channel rules of this version, {done.changed} say otherwise"
    )
    wired = {reader.name for reader in wiring.READERS}
    known = set(Cursor.objects.values_list("reader", flat=True))
    for name in sorted(wired - known):
        say(f"reader   {name} is new: it reads all {journal().head()} events once the loop runs")
    for name in sorted(known - wired):
        say(f"reader   {name} is no more; its tables stay as they are")
    say("Now start the product, and look: handraiser doctor")


def _after_failure(archive: Path, error: Exception) -> str:
    """Leave the records as the version of before had them, and say what to do.

    The migration that failed left nothing behind; those that went before it did.
    """
    said = f"A migration failed: {type(error).__name__}: {error}."
    if connection.vendor != "sqlite":
        return (
            f"{said} Those before it stand. Mend the cause and upgrade again; or install the version of before and"
            f" restore {archive} into an empty database."
        )
    records = Path(str(connection.settings_dict["NAME"]))
    stores.close()
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        with tarfile.open(archive) as tar:
            tar.extract(records.name, folder, filter="data")
        with (
            contextlib.closing(sqlite3.connect(Path(folder) / records.name)) as before,
            contextlib.closing(sqlite3.connect(records, timeout=20)) as now,
        ):
            before.backup(now)
    return (
        f"{said} The records are again as they were. Mend the cause and upgrade again, or go on with the version of"
        " before."
    )
