"""The spine: what is published is stored once, read once, and parked when it cannot be taken."""

from __future__ import annotations

import pytest
from django.db import transaction

from handraiser.core.journal import outbox, readers
from handraiser.core.journal.events.people import NoteAdded
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, OutboxEvent, ParkedEvent
from handraiser.core.people.models import OfferLine
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

pytestmark = pytest.mark.django_db


def say(text: str = "note_1", person: str = "person_1") -> str:
    with transaction.atomic():
        return outbox.publish(NoteAdded(note=text, by="1"), at=clock.now(), person=person)


def collect(into: list):
    return readers.reader("test.collect", [NoteAdded], lambda events: into.extend(events))


def test_it_works():
    got = []
    first, second = say("a"), say("b")
    assert outbox.relay() == 2
    while readers.step(collect(got)):
        pass
    assert [event.message_id for event in got] == [first, second]
    assert not OutboxEvent.objects.exists()


def test_a_rolled_back_fact_was_never_said():
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.publish(NoteAdded(note="a", by="1"), at=clock.now())
        raise RuntimeError
    assert outbox.relay() == 0


def test_a_repeat_of_the_relay_adds_nothing():
    say()
    row = OutboxEvent.objects.get()
    outbox.relay()
    row.save()  # as if we had died between the copy and the delete
    outbox.relay()
    assert journal().totals() == {"people.note_added": 1}


def test_what_commits_under_a_lower_id_while_the_relay_copies_stays_for_the_next(monkeypatch):
    said = [say(name) for name in "abcd"]
    late = OutboxEvent.objects.order_by("id")[1]
    OutboxEvent.objects.filter(id=late.id).delete()
    monkeypatch.setattr(
        outbox.failpoints, "reach", lambda point: late.save() if point.endswith("copied") else None
    )
    assert outbox.relay() == 3
    assert list(OutboxEvent.objects.values_list("message_id", flat=True)) == [said[1]]
    monkeypatch.undo()
    assert outbox.relay() == 1
    assert journal().totals() == {"people.note_added": 4}


def test_effects_and_cursor_move_together():
    say()
    outbox.relay()

    def fail_late(events):
        if events:
            OfferLine.objects.create(name="half done")
            raise RuntimeError("power cut")

    readers.step(readers.reader("test.half", [NoteAdded], fail_late))
    assert not OfferLine.objects.filter(name="half done").exists()
    assert ParkedEvent.objects.get().error == "RuntimeError: power cut"


def test_a_poisoned_event_parks_its_person_and_nobody_else():
    broken = {"yes": True}
    got = []
    for name, person in [("a", "p1"), ("poison", "p2"), ("b", "p1"), ("c", "p2"), ("d", "p3")]:
        say(name, person)
    outbox.relay()

    def take(events):
        for event in events:
            if event.body["note"] == "poison" and broken["yes"]:
                raise ValueError("bad")
        got.extend(event.body["note"] for event in events)

    this = readers.reader("test.poison", [NoteAdded], take)
    while readers.step(this):
        pass
    assert sorted(got) == ["a", "b", "d"]
    assert ParkedEvent.objects.count() == 2
    broken["yes"] = False
    assert readers.retry(this, due_only=False) == 2
    assert got[-2:] == ["poison", "c"]
    assert not ParkedEvent.objects.exists()


def test_a_later_event_of_a_parked_person_does_not_overtake():
    got = []

    def take(events):
        if any(event.body["note"] == "poison" for event in events):
            raise ValueError("bad")
        got.extend(events)

    this = readers.reader("test.order", [NoteAdded], take)
    say("poison", "p1")
    outbox.relay()
    readers.step(this)
    say("later", "p1")
    outbox.relay()
    readers.step(this)
    assert got == []
    assert [row.name for row in ParkedEvent.objects.order_by("position")] == ["people.note_added"] * 2


def test_a_follower_never_overtakes():
    leader = readers.reader("test.leader", [NoteAdded], lambda events: None)
    got = []
    follower = readers.reader("test.follower", [NoteAdded], got.extend, after="test.leader")
    say("a")
    outbox.relay()
    assert readers.step(follower) == 0
    readers.step(leader)
    readers.step(follower)
    assert len(got) == 1


def test_a_cursor_of_another_journal_is_refused():
    Cursor.objects.create(reader="test.collect", epoch="another", position=7)
    with pytest.raises(DomainError) as refused:
        readers.step(collect([]))
    assert refused.value.code == "journal_replaced"


def test_a_chain_of_causes_ends():
    cause = None
    with transaction.atomic(), pytest.raises(DomainError) as refused:
        for _ in range(20):
            message = outbox.publish(NoteAdded(note="x", by="1"), at=clock.now(), cause=cause)
            row = OutboxEvent.objects.get(message_id=message)
            cause = outbox._decode(row.payload)
    assert refused.value.code == "loop"


def test_a_personal_field_reaches_the_journal_as_a_hash():
    from handraiser.core.people.actions import people

    people.create(at=clock.now(), how="hand", email="ada@one.example.com")
    payload = OutboxEvent.objects.get().payload
    assert "ada@one" not in payload
    assert outbox.personal_hash("ada@one.example.com") in payload
