"""Imports in the worker process."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.models import Import, State
from handraiser.kit import clock


@task
def run_import(import_id: str) -> None:
    """Take an import to its end."""
    runs.run(import_id=import_id, clock=clock.now)


@task
def undo_import(import_id: str) -> None:
    """Take an import back."""
    this = Import.objects.get(id=import_id)
    if this.state == State.UNDOING:
        runs.undo(this=this, at=clock.now())


def revive(now: datetime) -> int:
    """Hand the imports whose process died to a worker again; they go on where they stopped."""
    waiting = runs.stalled(at=now)
    for this in Import.objects.filter(id__in=waiting):
        runs.touch(import_id=this.id, at=now)
        work = undo_import if this.state == State.UNDOING else run_import
        work.enqueue(this.id)
    return len(waiting)
