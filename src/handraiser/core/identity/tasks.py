"""The duplicate finder in the worker process."""

from __future__ import annotations

from django_tasks import task

from handraiser.core.identity.actions import duplicates
from handraiser.core.identity.models import Search
from handraiser.kit import clock


@task
def find_duplicates(search_id: str) -> None:
    """Look through everybody."""
    try:
        duplicates.run(search_id=search_id, clock=clock.now)
    except Exception as error:
        Search.objects.filter(id=search_id).update(finished_at=clock.now(), trouble=type(error).__name__)
        raise
