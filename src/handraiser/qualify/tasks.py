"""Asking others, in the tasks process: a sweep looks whether something is due, the task asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from django_tasks import task
from django_tasks_db.models import DBTaskResult

from handraiser.core.journal.loop import Sweep
from handraiser.kit import clock
from handraiser.qualify.actions import back_tests, look_ups, publishing, rule_sets, scores
from handraiser.qualify.models import LookUp

_LONGEST_SECONDS = 60  # then other tasks have their turn
_LOST = timedelta(minutes=10)
_LONGEST_PUBLISHING = timedelta(minutes=30)


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


@task
def publish_scores() -> None:
    """Give everybody the points of the rule set that went live."""
    publishing.go_on(clock.now)


def look_for_publishing(now: datetime) -> int:
    """Hand everybody's scores to the tasks process while many have those of an older set."""
    if scores.are_many(rule_sets.live(at=now)):
        waiting = DBTaskResult.objects.filter(
            task_path=publish_scores.module_path, status__in=("READY", "RUNNING")
        )
        if not waiting.filter(enqueued_at__gt=now - _LONGEST_PUBLISHING).exists():
            publish_scores.enqueue()
    return 0


def publishing_sweep() -> Sweep:
    """The sweep that sees that a rule set went live."""
    return Sweep("qualify.publishing", look_for_publishing)


@task
def run_back_test(test_id: str) -> None:
    """Try a rule set on history."""
    back_tests.run(test_id, at=clock.now())
