"""Looking at everybody, in the worker process."""

from __future__ import annotations

from datetime import datetime, timedelta

from django_tasks import task

from handraiser.core.audience.actions import memberships
from handraiser.core.audience.models import Segment
from handraiser.kit import clock

_SILENT = timedelta(minutes=2)  # a piece takes a tenth of a second


@task
def rebuild(segment_id: str) -> None:
    """Take a rebuild to its end."""
    memberships.rebuild(segment_id, clock=clock.now)


def revive(now: datetime) -> int:
    """Hand rebuilds whose process died to a worker again; they go on where they stopped."""
    silent = Segment.objects.filter(
        rebuild_upto__isnull=False, rebuild_at__lt=now - _SILENT, archived_at=None
    ).values_list("id", flat=True)
    waiting = list(silent)
    Segment.objects.filter(id__in=waiting).update(rebuild_at=now)
    for one in waiting:
        rebuild.enqueue(one)
    return len(waiting)
