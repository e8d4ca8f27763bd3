"""The duplicate finder in the worker process: when somebody asks, and each night after somebody came."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django_tasks import task

from handraiser.core.identity.actions import duplicates
from handraiser.core.identity.models import Search
from handraiser.core.journal.loop import Sweep
from handraiser.core.people.models import Person
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock

_NIGHT = range(2, 5)  # hours of the organisation's day
_A_NIGHT_AGO = timedelta(hours=12)


@task
def find_duplicates(search_id: str) -> None:
    """Look through everybody."""
    try:
        duplicates.run(search_id=search_id, clock=clock.now)
    except Exception as error:
        Search.objects.filter(id=search_id).update(finished_at=clock.now(), trouble=type(error).__name__)
        raise


def look(now: datetime) -> int:
    """Hand a search to the tasks process once a night, if somebody came since the last one began."""
    if now.astimezone(ZoneInfo(Organisation.get().time_zone)).hour not in _NIGHT:
        return 0
    last = Search.objects.order_by("-asked_at").first()
    if last is not None and (
        last.asked_at > now - _A_NIGHT_AGO or not Person.objects.filter(created_at__gt=last.asked_at).exists()
    ):
        return 0
    with transaction.atomic():
        find_duplicates.enqueue(duplicates.ask(at=now).id)
    return 0


def sweep() -> Sweep:
    """The sweep of this folder."""
    return Sweep("identity.duplicates", look, every=timedelta(minutes=10))
