"""/metrics: how this instance is doing, for Prometheus. Every figure is said in docs/operating.md.

Closed by default: it answers to programs on this machine, and to keys with the scope `metrics:read`. The figures
name no person. They are worked out with a few indexed reads, at most once a second however often they are asked.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django_tasks_db.models import DBTaskResult
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from handraiser.attract.models import Identification
from handraiser.collector import metrics
from handraiser.collector.app import Figures
from handraiser.config import wiring
from handraiser.core.delivery.models import Message, State
from handraiser.core.journal import health, sharing
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import OutboxEvent
from handraiser.core.staff.actions import keys
from handraiser.kit import clock
from handraiser.nurture.models import Enrolment
from handraiser.qualify.models import ScoreState

CACHED_SECONDS = 1.0
SCOPE = "metrics:read"

# The collector that shares this process; the listening process sets it.
of_the_collector: Callable[[], Figures] | None = None

# What each sweep finds when it looks: rows whose time has come.
_DUE: dict[str, Callable[[datetime], QuerySet[Any]]] = {
    "attract.identifications": lambda now: Identification.objects.filter(
        trusted=True, applied_at=None, error=""
    ),
    "qualify.due": lambda now: ScoreState.objects.filter(next_change_at__lte=now),
    "nurture.due": lambda now: Enrolment.objects.filter(
        state=Enrolment.State.ACTIVE, due_at__lte=now, sequence__paused_at=None
    ),
    "delivery.send": lambda now: Message.objects.filter(state=State.WAITING, due_at__lte=now),
}

_lock = threading.Lock()
_held: tuple[float, bytes] = (float("-inf"), b"")


def page(request: HttpRequest) -> HttpResponse:
    """The figures; 401 for anybody but this machine and a key that may."""
    if not _is_local(request) and not _has_key(request):
        answer = HttpResponse(
            f"Ask from this machine, or send a key with the scope {SCOPE}.\n", "text/plain", 401
        )
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    answer = HttpResponse(_text(), metrics.CONTENT_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer


def _is_local(request: HttpRequest) -> bool:
    address = request.META.get("REMOTE_ADDR", "")
    return metrics.is_local(
        address=address, host=request.META.get("HTTP_HOST", ""), headers=request.headers.keys()
    )


def _has_key(request: HttpRequest) -> bool:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    key = keys.verify(secret=secret.strip(), scope=SCOPE, at=clock.now())
    return key is not None and not key.public


def _text() -> bytes:
    global _held
    with _lock:  # who comes meanwhile gets the same
        if time.monotonic() - _held[0] >= CACHED_SECONDS:
            text = metrics.text(families(at=clock.now()))
            _held = (time.monotonic(), text)
        return _held[1]


def families(*, at: datetime) -> list[Metric]:
    """Every figure as it is now."""
    own = metrics.families(of_the_collector()) if of_the_collector is not None else []
    return [*own, *_journal(at), *_work(at), *_room()]


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"handraiser_{name}", says, value=value)


def _gauges(name: str, says: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"handraiser_{name}", says, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _journal(at: datetime) -> list[Metric]:
    store = journal()
    drops = CounterMetricFamily(
        "handraiser_events_dropped", "Events and requests that the collector refused.", labels=["reason"]
    )
    for reason, count in store.drops().items():
        drops.add_metric([reason], count)
    lags = health.lags(wiring.READERS, at=at)
    return [
        drops,
        CounterMetricFamily(
            "handraiser_journal_events", "Positions that the journal has given.", value=store.head()
        ),
        _gauges(
            "reader_lag_events",
            "Events that a reader has not passed.",
            "reader",
            {lag.reader: lag.events for lag in lags},
        ),
        _gauges(
            "reader_lag_seconds",
            "Age of the oldest event that a reader has not passed.",
            "reader",
            {lag.reader: lag.seconds for lag in lags},
        ),
        _gauges(
            "reader_parked",
            "Events that a reader could not take and tries again.",
            "reader",
            {lag.reader: lag.parked for lag in lags},
        ),
    ]


def _work(at: datetime) -> list[Metric]:
    due = {name: rows(at).count() for name, rows in _DUE.items()}
    open_tasks = DBTaskResult.objects.filter(status__in=("READY", "RUNNING")).order_by().values("status")
    tasks: dict[str, dict[str, Any]] = {
        row["status"].lower(): dict(row)
        for row in open_tasks.annotate(n=Count("id"), enqueued=Min("enqueued_at"), started=Min("started_at"))
    }
    ages = {"ready": _age(tasks, "ready", "enqueued", at), "running": _age(tasks, "running", "started", at)}
    found: list[Metric] = [
        _gauges("due_rows", "Rows whose time has come and that wait for a sweep.", "sweep", due),
        _gauge("outbox_rows", "Facts that wait to be carried into the journal.", OutboxEvent.objects.count()),
        _gauges(
            "tasks", "Tasks by state.", "state", {name: tasks.get(name, {}).get("n", 0) for name in ages}
        ),
        _gauges(
            "task_age_seconds", "Since when the oldest task waits, and the longest one runs.", "state", ages
        ),
    ]
    if (turned := sharing.last_turn()) is not None:
        found.append(_gauge("loop_last_turn_timestamp_seconds", "When the loop last ended a turn.", turned))
    return found


def _age(tasks: dict[str, dict[str, Any]], state: str, since: str, at: datetime) -> float:
    moment = tasks.get(state, {}).get(since)
    return max(0.0, (at - moment).total_seconds()) if moment else 0.0


def _room() -> list[Metric]:
    return [
        _gauge("records_bytes", "Size of the records.", _records_bytes()),
        _gauge("journal_bytes", "Size of the journal: what is not sealed.", journal().bytes()),
        _gauge("lake_bytes", "Size of the sealed days.", _lake_bytes(Path(settings.LAKE_ROOT))),
        _gauge(
            "disk_free_bytes", "Room that is left for the data folder.", shutil.disk_usage(settings.HOME).free
        ),
    ]


def _records_bytes() -> int:
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    with connection.cursor() as cursor:
        cursor.execute("select pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _lake_bytes(folder: Path) -> int:
    total = 0
    for path in folder.glob("*.parquet"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # its next generation took its place
            continue
    return total
