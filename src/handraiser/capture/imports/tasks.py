"""Imports in the worker process."""

from __future__ import annotations

from datetime import datetime

from django_tasks import task

from handraiser.capture.imports.actions import runs
from handraiser.kit import clock


@task
def run_import(import_id: str) -> None:
    """Take an import to its end."""
    runs.run(import_id=import_id, clock=clock.now)


def revive(now: datetime) -> int:
    """Hand the imports whose process died to a worker again; they go on where they stopped."""
    waiting = runs.stalled(at=now)
    for import_id in waiting:
        runs.touch(import_id=import_id, at=now)
        run_import.enqueue(import_id)
    return len(waiting)
