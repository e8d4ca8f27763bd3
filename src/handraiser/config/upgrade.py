"""`handraiser upgrade`: back up, bring the stores to this version, say what readers still have to do."""

from __future__ import annotations

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


def run(*, backup_to: Path | None, at: datetime, say: Callable[[str], None]) -> None:
    """Do it all; the first line says where the backup of before lies.

    Raises DomainError("running") beside a loop, and what a backup raises.
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
    stores.prepare()
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
