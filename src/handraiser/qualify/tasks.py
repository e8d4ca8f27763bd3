"""Long work in the tasks process: asking others, learning from outcomes. Sweeps look whether something is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django_tasks import task
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult

from handraiser.core.journal.loop import Sweep
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import (
    back_tests,
    look_ups,
    models,
    predictions,
    product,
    publishing,
    rule_sets,
    scores,
    watches,
)
from handraiser.qualify.models import LookUp, ModelVersion, RuleSet
from handraiser.qualify.prediction import libraries

_LONGEST_SECONDS = 60  # then other tasks have their turn
_LOST = timedelta(minutes=10)
_LONGEST_LOOK = timedelta(minutes=30)
_NIGHT = range(2, 5)  # hours of the organisation's day
_A_DAY = timedelta(days=1)


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
    if not _on_its_way(ask_sources, now):
        ask_sources.enqueue()
    return 0


def _on_its_way(work: Task[..., None], now: datetime) -> bool:
    waiting = DBTaskResult.objects.filter(task_path=work.module_path, status__in=("READY", "RUNNING"))
    return waiting.filter(enqueued_at__gt=now - _LOST).exists()


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
        waiting = DBTaskResult.objects.filter(task_path=publish_scores.module_path, status="READY")
        # One that is said to run may have been killed.
        if not waiting.exists() and not publishing.is_at_work():
            publish_scores.enqueue()
    return 0


def publishing_sweep() -> Sweep:
    """The sweep that sees that a rule set went live."""
    return Sweep("qualify.publishing", look_for_publishing)


@task
def look_for_product_leads(rule_set: str) -> None:
    """Find who meets the product signals of the set that went live, and did so before."""
    product.look_at_everybody(clock.now)


def look_at_signals(now: datetime) -> int:
    """Hand a set that took another's place to the tasks process, until it was looked through for once."""
    if not RuleSet.objects.filter(state=RuleSet.State.RETIRED).exists():
        return 0  # of the first set, the reader saw every event
    live = rule_sets.live(at=now)
    asked = DBTaskResult.objects.filter(
        task_path=look_for_product_leads.module_path, args_kwargs__args=[live.id]
    )
    lately = Q(enqueued_at__gt=now - _LONGEST_LOOK)
    if live.rules.signals and not asked.filter(Q(status="SUCCESSFUL") | lately).exists():
        look_for_product_leads.enqueue(live.id)
    return 0


def signals_sweep() -> Sweep:
    """The sweep that sees that a rule set with product signals went live."""
    return Sweep("qualify.signals", look_at_signals, every=timedelta(seconds=5))


@task
def run_back_test(test_id: str) -> None:
    """Try a rule set on history."""
    back_tests.run(test_id, at=clock.now())


@task
def train_model(version_id: str) -> None:
    """Learn from the firm's own leads, then tell what becomes of those that are open."""
    version = models.run(version_id=version_id, clock=clock.now)
    if version.state == ModelVersion.State.LIVE:
        _foretell()


@task
def foretell() -> None:
    """Ask the live model about the leads of which something changed."""
    _foretell()


@task
def watch_model() -> None:
    """Look whether the leads are still like those that the live model learned from; if not, train anew."""
    if watches.look(at=clock.now()):
        _train_again(clock.now())


def _foretell() -> None:
    end = monotonic() + _LONGEST_SECONDS
    while monotonic() < end and predictions.step(clock=clock.now):
        pass


def look_at_predictions(now: datetime) -> int:
    """Hand on what is due: leads that changed, and by night a look for drift and a new training."""
    if libraries.missing():
        return 0
    version = models.live()
    if version is not None and models.refusal(version):
        return 0
    if version is not None and predictions.waiting(version, now).exists() and not _on_its_way(foretell, now):
        foretell.enqueue()
    if now.astimezone(ZoneInfo(Organisation.get().time_zone)).hour not in _NIGHT:
        return 0
    if version is not None and _stale(version.watched_at, now) and not _on_its_way(watch_model, now):
        watch_model.enqueue()
    if models.is_due(now):
        _train_again(now)
    return 0


def _stale(at: datetime | None, now: datetime) -> bool:
    return at is None or at < now - _A_DAY / 2


def _train_again(now: datetime) -> None:
    try:
        with transaction.atomic():
            train_model.enqueue(models.ask(at=now).id)
    except DomainError:
        pass  # one is being trained already


def prediction_sweep() -> Sweep:
    """The sweep that keeps predictions fresh and models young."""
    return Sweep("qualify.predictions", look_at_predictions, every=timedelta(minutes=2))
