"""/metrics: what it says, who may read it, what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from handraiser.collector.metrics import is_local
from handraiser.config import metrics
from handraiser.config.collector import Alone
from handraiser.config.tests import sending
from handraiser.core.delivery.actions import messages
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, ParkedEvent
from handraiser.core.staff.actions import keys
from handraiser.kit import clock
from handraiser.kit.envelope import Event

pytestmark = pytest.mark.django_db
HERE = {"HTTP_HOST": "127.0.0.1:8000"}


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch):
    monkeypatch.setattr(metrics, "_held", (float("-inf"), b""))


def read(client: Client, **headers) -> dict[tuple[str, ...], float]:
    """{(name, label, …): value}, read by Prometheus' own parser."""
    answer = client.get("/metrics", **{**HERE, **headers})
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def view(number: int, *, seconds_ago: int = 0) -> Event:
    at = clock.ms(clock.now()) - seconds_ago * 1000
    return Event(
        message_id=f"m{number}", name="attract.page_viewed", occurred_at=at, received_at=at, visitor="v_1"
    )


def test_it_works(client, settle, organisation):
    before = journal().head()
    journal().append([view(number, seconds_ago=90) for number in range(3)])
    journal().note_drops({(20_000, "attract.page_viewed", "bot"): 4, (20_001, "", "bot"): 1})
    found = read(client)
    assert found["handraiser_journal_events_total",] == before + 3
    assert found["handraiser_events_dropped_total", "bot"] == 5
    assert found["handraiser_reader_lag_events", "attract.visits"] == before + 3
    assert 89 < found["handraiser_reader_lag_seconds", "attract.visits"] < 120
    assert found["handraiser_journal_bytes",] > 0 and found["handraiser_disk_free_bytes",] > 0
    assert found["handraiser_records_bytes",] > 100_000 and found["handraiser_lake_bytes",] == 0
    settle()
    metrics._held = (float("-inf"), b"")
    found = read(client)
    assert found["handraiser_reader_lag_events", "attract.visits"] == 0
    assert found["handraiser_reader_lag_seconds", "attract.visits"] == 0


def test_what_waits_is_counted(client, organisation):
    now = clock.now()
    for number, due in enumerate((now - timedelta(hours=1), now + timedelta(hours=1))):
        messages.queue(
            key=str(number), to="a@example.com", purpose="system", subject="x", text="x", at=now, due_at=due
        )
    Cursor.objects.create(reader="attract.visits", epoch=journal().epoch(), position=0)
    for number in range(2):
        ParkedEvent.objects.create(
            reader="attract.visits",
            message_id=str(number),
            position=number,
            name="x",
            payload="{}",
            parked_at=now,
            next_try_at=now,
            set_aside_at=now if number else None,
        )
    found = read(client)
    assert found["handraiser_due_rows", "delivery.send"] == 1
    assert found["handraiser_reader_parked", "attract.visits"] == 1
    assert found["handraiser_tasks", "ready"] == 0 and found["handraiser_task_age_seconds", "ready"] == 0


def test_the_collector_of_the_process_is_in_it(client, tmp_path, monkeypatch):
    figures = sending.send_pages(tmp_path, 7)
    monkeypatch.setattr(metrics, "of_the_collector", lambda: figures)
    found = read(client)
    assert found["handraiser_collector_events_total", "stored"] == 7
    assert found["handraiser_collector_commit_seconds_count",] == 1
    assert (
        0
        < found["handraiser_collector_commit_longest_seconds",]
        <= found["handraiser_collector_commit_seconds_sum",]
    )


def test_the_collector_alone_tells_this_machine(tmp_path):
    alone = Alone(sending.collector(tmp_path))
    status, text = sending.ask(alone, "/metrics")
    assert status == 200 and b'handraiser_collector_events_total{outcome="stored"} 0.0' in text
    assert sending.ask(alone, "/metrics", via="1.1 proxy") == (404, b"")
    assert sending.ask(alone, "/healthz") == (200, b"")


@pytest.mark.parametrize(
    "asked",
    [
        {"HTTP_HOST": "testserver"},
        {"REMOTE_ADDR": "198.51.100.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_AUTHORIZATION": "Bearer hrs_guessed", "REMOTE_ADDR": "198.51.100.7"},
    ],
)
def test_it_is_closed_to_everybody_else(client, asked):
    answer = client.get("/metrics", **{**HERE, **asked})
    assert answer.status_code == 401 and b"handraiser_" not in answer.content


def test_signing_in_opens_nothing(login, mira):
    assert login(mira).get("/metrics", REMOTE_ADDR="198.51.100.7").status_code == 401


def test_a_key_needs_the_scope(client):
    far = {"REMOTE_ADDR": "198.51.100.7"}
    for scope, status in (("metrics:read", 200), ("leads:read", 401), ("collect", 401)):
        _, secret = keys.create(name=scope, scopes=[scope], public=scope == "collect", at=clock.now())
        answer = client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {secret}", **far)
        assert answer.status_code == status


def test_asking_often_costs_one_look_a_second(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        first = client.get("/metrics", **HERE)
    with django_assert_max_num_queries(0):
        assert client.get("/metrics", **HERE).content == first.content


@pytest.mark.parametrize(
    ("address", "host", "header", "local"),
    [
        ("127.0.0.1", "localhost:8000", "Accept", True),
        ("::1", "[::1]:8000", "Accept", True),
        ("127.0.0.1", "leads.example.com", "Accept", False),
        ("127.0.0.1", "localhost", "X-Real-IP", False),
        ("", "localhost", "Accept", False),
        ("10.0.0.1", "localhost", "Accept", False),
    ],
)
def test_this_machine(address, host, header, local):
    assert is_local(address=address, host=host, headers=[header]) is local
