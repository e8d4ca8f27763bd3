"""Those who read the journal see no difference between a sealed day and a live one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult
from typer.testing import CliRunner

from handraiser.core.identity.actions import visitors
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import commands, history, loop, outbox, readers
from handraiser.core.journal.events.people import NoteAdded
from handraiser.core.journal.lake import engine, sealing, tasks
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.core.people.actions import people
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def view(number: int, *, day: int = 0, visitor: str = "v_1", **fields) -> Event:
    at = clock.ms(START + timedelta(days=day, seconds=number))
    body = {"url": f"http://127.0.0.1/{number}/", "path": f"/{number}/", "bot": "", "consent": True}
    return Event(
        **{
            "message_id": f"m{number}",
            "name": "attract.page_viewed",
            "occurred_at": at,
            "received_at": at,
            "visitor": visitor,
            "body": body,
            **fields,
        }
    )


def seal(day: int = 20) -> sealing.Done:
    store = journal()
    return sealing.run(
        store, history.folder(), slowest=store.head(), at_ms=clock.ms(START + timedelta(days=day))
    )


def test_a_reader_that_starts_at_zero_spans_lake_and_tail(monkeypatch):
    monkeypatch.setattr(history, "_AHEAD", 7)  # so that batches end inside and across what is fetched ahead
    start = journal().head()
    journal().append([view(n, day=n % 3) for n in range(40)])
    seal()
    journal().append([view(n, day=30) for n in range(40, 50)])
    journal().append([view(60, day=1)])
    got: list[Event] = []
    this = readers.Reader("test.all", frozenset(["attract.page_viewed"]), got.extend, batch=6)
    while readers.step(this):
        pass
    assert [event.position for event in got] == list(range(start + 1, start + 52))
    assert [event.body["path"] for event in got[:40]] == [f"/{n}/" for n in range(40)]
    assert len({event.message_id for event in got}) == 51


def test_a_reader_of_few_names_loses_none_between_fetches(monkeypatch):
    monkeypatch.setattr(history, "_AHEAD", 5)
    start = journal().head()
    journal().append(
        [view(n, name="attract.page_viewed" if n % 4 else "identity.aliased") for n in range(60)]
    )
    seal()
    found = history.read(after=0, limit=100, names=["identity.aliased"])
    assert [event.position for event in found] == [start + n + 1 for n in range(0, 60, 4)]


def test_the_past_of_a_visitor_comes_from_the_lake(settle):
    journal().append([view(n, day=n % 3) for n in range(6)])
    journal().append([view(10, visitor="v_2")])
    settle()
    seal()
    journal().append([view(7, day=30)])
    person = people.create(at=clock.now(), how="hand", email="ada@one.example.com")
    with transaction.atomic():
        visitors.link(visitor="v_1", person_id=person.id, how="identify", at=clock.now())
    settle()
    kept = TimelineItem.objects.filter(person=person, name="attract.page_viewed").order_by("occurred_at")
    assert sorted(item.body["path"] for item in kept) == ["/0/", "/1/", "/2/", "/3/", "/4/", "/5/", "/7/"]


def test_a_past_that_was_fetched_before_it_was_sealed_is_not_fetched_again(settle):
    journal().append([view(1), view(2), view(3, occurred_at=view(2).occurred_at)])
    person = people.create(at=clock.now(), how="hand", email="ada@one.example.com")
    with transaction.atomic():
        visitors.link(visitor="v_1", person_id=person.id, how="identify", at=clock.now())
    settle()
    before = set(TimelineItem.objects.values_list("message_id", flat=True))
    seal()
    everything = history.of_visitors(["v_1"], limit=100)
    past = [event for event in everything if event.name == "attract.page_viewed"]
    assert len(past) == 3 and all(event.message_id.startswith("lake:") for event in past)
    known = [
        (one, visitor, clock.ms(at), name)
        for one, visitor, at, name in TimelineItem.objects.values_list(
            "message_id", "visitor", "occurred_at", "name"
        )
    ]
    assert history.not_yet_known(past, known) == []
    assert history.not_yet_known(past, []) == past
    assert set(TimelineItem.objects.values_list("message_id", flat=True)) == before


def test_a_worker_refuses_a_cursor_ahead_of_its_journal():
    this = readers.reader("test.ahead", [NoteAdded], lambda events: None)
    Cursor.objects.create(reader="test.ahead", epoch=journal().epoch(), position=journal().head() + 1)
    with pytest.raises(DomainError) as refused:
        readers.check([this])
    assert refused.value.code == "journal_replaced"


def test_a_cursor_is_not_ahead_when_all_was_sealed_away(settle):
    journal().append([view(1), view(2)])
    settle()
    position = Cursor.objects.get(reader="attract.visits").position
    seal()
    assert journal().head() >= position
    from handraiser.config import wiring

    readers.check(wiring.READERS)


def test_counting_spans_lake_and_tail_and_tells_drops():
    journal().append([view(1), view(2, name="attract.event_tracked", body={"event": "Signed Up", "bot": ""})])
    seal()
    journal().append([view(3, day=30), view(4, name="attract.event_tracked", body={"event": "Signed Up"})])
    journal().append([view(3, day=30)])
    journal().note_drops(
        {(1, "Signed Up", "too_large"): 2, (2, "Signed Up", "too_large"): 1, (2, "x", "y"): 1}
    )
    told: list[str] = []
    commands.count(event="Signed Up", as_json=True, say=told.append)
    assert json.loads(told[0]) == {"stored": 2, "distinct": 2, "dropped": {"too_large": 3}}
    assert history.count()["stored"] == 4 and history.count()["dropped"] == {"too_large": 3, "y": 1}


def test_a_replay_agrees_with_what_was_read_and_tells_what_was_changed_by_hand(settle):
    journal().append([view(n, day=n % 3) for n in range(6)])
    person = people.create(at=clock.now(), how="hand", email="ada@one.example.com")
    with transaction.atomic():
        visitors.link(visitor="v_1", person_id=person.id, how="identify", at=clock.now())
    settle()
    seal()
    told: list[str] = []
    assert commands.play_again(reader="identity.timeline", dry_run=True, say=told.append), told
    TimelineItem.objects.filter(body__path="/3/").delete()
    rows = TimelineItem.objects.count()
    assert not commands.play_again(reader="identity.timeline", dry_run=True, say=told.append)
    assert any("1 too many" in line for line in told)
    assert TimelineItem.objects.count() == rows  # nothing of it stays


@pytest.mark.parametrize(
    ("reader", "dry_run", "code"),
    [
        ("identity.timeline", False, "dry_run_only"),
        ("no.such", True, "no_reader"),
        ("qualify.scores", True, ""),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused(reader, dry_run, code):
    with pytest.raises(DomainError) as refused:
        commands.play_again(reader=reader, dry_run=dry_run, say=print)
    assert refused.value.code == (code or "not_replayable")


def test_the_sweep_hands_a_night_over_once(settle):
    at = START + timedelta(days=20)
    assert tasks.look(at) == 0 and not DBTaskResult.objects.exists()  # nothing to seal
    journal().append([view(1)])
    tasks.look(at)
    tasks.look(at)
    assert DBTaskResult.objects.count() == 1
    settle()
    assert tasks.seal(at=at).rows == 1
    DBTaskResult.objects.all().delete()
    tasks.look(at)
    assert not DBTaskResult.objects.exists()
    journal().append([view(2, day=20)])
    tasks.look(at + timedelta(days=1))
    assert DBTaskResult.objects.count() == 1


def test_the_night_seals_in_a_process_of_its_own(settle, monkeypatch):
    journal().append([view(1), view(2)])
    settle()
    monkeypatch.setattr(engine, "connect", None)  # this process needs no engine for it
    with sealing._alone(history.folder()):
        tasks.seal_days.call()  # another process is at it: no harm
    assert journal().manifest() == []
    tasks.seal_days.call()
    assert [one.rows for one in journal().manifest() if one.day == START.timestamp() // 86_400] == [2]


def test_a_reader_that_is_behind_keeps_the_night_open():
    journal().append([view(1)])
    at = START + timedelta(days=20)
    assert tasks.seal(at=at).rows == 0
    tasks.look(at)
    assert DBTaskResult.objects.count() == 1


def test_the_screen_tells_of_sealed_days(mira, login, settle):
    journal().append([view(1), view(2)])
    settle()
    assert (
        "A day is sealed in the night after it"
        in login(mira).get("/admin/settings/journal/").content.decode()
    )
    seal()
    shown = login(mira).get("/admin/settings/journal/").content.decode()
    assert "1 March 2026" in shown and "missing" not in shown
    (file,) = {history.folder() / one.file for one in journal().manifest() if one.rows == 2}
    assert history.damaged() == []
    with engine.connect() as db:
        db.execute(f"copy (select * from '{file}' limit 1) to '{file}'")
    assert history.damaged() == [file.name]
    assert "not hold what was put there" in login(mira).get("/admin/settings/journal/").content.decode()
    for file in history.folder().glob("*.parquet"):
        file.unlink()
    assert "missing" in login(mira).get("/admin/settings/journal/").content.decode()


def test_the_command_tells_readers_sizes_and_drops(settle):
    journal().append([view(1)])
    journal().note_drops({(1, "x", "too_large"): 4})
    told: list[str] = []
    commands.show(say=told.append)
    said = "\n".join(told)
    assert "identity.timeline" in said and "4 too_large" in said and "1 events live" in said


def test_the_loop_does_not_begin_on_another_journal(monkeypatch):
    import threading

    Cursor.objects.create(reader="test.ahead", epoch="another", position=1)
    this = readers.reader("test.ahead", [NoteAdded], lambda events: None)
    with pytest.raises(DomainError):
        loop.run([this], [], stop=threading.Event())


def test_a_chain_of_causes_is_kept_in_the_lake():
    with transaction.atomic():
        first = outbox.prepare(NoteAdded(note="a", by="1"), at=START, person="person_1")
        second = outbox.prepare(NoteAdded(note="b", by="1"), at=START, person="person_1", cause=first)
    journal().append([first, second])
    sealing.run(
        journal(), history.folder(), slowest=journal().head(), at_ms=second.received_at + 3 * 86_400_000
    )
    assert not journal().read(after=0, limit=5)
    assert [(one.message_id, one.cause, one.depth) for one in history.read(after=0, limit=5)] == [
        (first.message_id, None, 0),
        (second.message_id, first.message_id, 1),
    ]


def test_the_words_of_the_command_line():
    from handraiser.cli import app

    said = CliRunner().invoke(app, ["journal", "--help"]).output
    assert "count" in said and "replay" in said
