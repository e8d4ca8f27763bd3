"""Asking others, in the tasks process: a sweep looks whether something is due, the task asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from django_tasks import task
from django_tasks_db.models import DBTaskResult

from handraiser.core.journal.loop import Sweep
from handraiser.kit import clock
from handraiser.qualify.actions import look_ups
from handraiser.qualify.models import LookUp

_LONGEST_SECONDS = 60  # then other tasks have their turn
_LOST = timedelta(minutes=10)


@task
def ask_sources() -> None:
    """Ask what is due, one question after another."""
    end = monotonic() + _LONGEST_SECONDS
    while monotonic() < end and look_ups.step(clock.now):
        pass


def look(now: datetime) -> int:
    """Hand the questions that are due to the tasks process, unless they are there already."""
    if not LookUp.objects.filter(is_open=True, due_at__lte=now).exists():
        return 0
    waiting = DBTaskResult.objects.filter(task_path=ask_sources.module_path, status__in=("READY", "RUNNING"))
    if not waiting.filter(enqueued_at__gt=now - _LOST).exists():
        ask_sources.enqueue()
    return 0


def sweep() -> Sweep:
    """The sweep of this folder's questions."""
    return Sweep("qualify.look_ups", look, every=timedelta(seconds=5))
