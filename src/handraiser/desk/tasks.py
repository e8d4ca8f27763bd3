"""Long work of the daily screens, done by the tasks process."""

from __future__ import annotations

from django_tasks import task

from handraiser.desk.actions import bulk
from handraiser.kit import clock


@task()
def finish_bulk_change(change_id: str) -> None:
    """Go through the rest of a change of many leads."""
    while bulk.carry_on(change_id=change_id, at=clock.now()):
        pass
