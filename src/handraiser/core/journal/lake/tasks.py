"""Sealing by schedule: a sweep looks, the tasks process works."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from handraiser.core.journal import history
from handraiser.core.journal.lake import sealing
from handraiser.core.journal.live import journal, target
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.models import Cursor
from handraiser.core.journal.readers import Reader
from handraiser.kit import clock

log = logging.getLogger(__name__)


def slowest(all_readers: Sequence[Reader]) -> int:
    """The position that every reader has passed; a reader that never moved stands at 0."""
    at = dict(Cursor.objects.values_list("reader", "position"))
    return min((at.get(one.name, 0) for one in all_readers), default=journal().head())


def seal(*, at: datetime) -> sealing.Done:
    """Seal what is over. Raises sealing.Busy when another process does."""
    before = slowest(settings.READERS())
    return sealing.run(journal(), history.folder(), slowest=before, at_ms=clock.ms(at))


@task
def seal_days() -> None:
    """Seal beside the worker process, which keeps its memory small."""
    path, conninfo = target()
    before = slowest(settings.READERS())
    try:
        done = sealing.apart(
            path=path,
            conninfo=conninfo,
            folder=history.folder(),
            slowest=before,
            at_ms=clock.ms(clock.now()),
        )
    except sealing.Busy:
        return
    log.info(
        "sealed %d rows into %d files, %d rows left the journal", done.rows, len(done.files), done.trimmed
    )


def look(now: datetime) -> int:
    """Hand what is to be sealed to the tasks process; again while a reader that was behind kept some back."""
    if not sealing.due(journal(), at_ms=clock.ms(now)):
        return 0
    waiting = DBTaskResult.objects.filter(task_path=seal_days.module_path, status__in=("READY", "RUNNING"))
    if not waiting.filter(enqueued_at__gt=now - timedelta(hours=6)).exists():
        seal_days.enqueue()
    return 0


def sweep() -> Sweep:
    """The sweep of this folder."""
    return Sweep("lake.seal", look, every=timedelta(minutes=10))
