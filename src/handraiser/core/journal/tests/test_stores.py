"""Both homes of the journal keep the same promises; each test runs on the one that this run is about."""

from __future__ import annotations

import shutil

import pytest
from django.db import connection

from handraiser.core.journal import history, live
from handraiser.core.journal.lake import sealing
from handraiser.core.journal.live import journal
from handraiser.core.journal.store import open_store
from handraiser.core.journal.store.rows import DAY_MS
from handraiser.kit.envelope import Event

pytestmark = pytest.mark.django_db
FIRST = 20_500


def event(number: int, day: int = 0, visitor: str = "v_1") -> Event:
    at = (FIRST + day) * DAY_MS + number
    return Event(
        message_id=f"m{number}", name="attract.page_viewed", occurred_at=at, received_at=at, visitor=visitor
    )


def seal(day: int) -> sealing.Done:
    store = journal()
    at_ms = (FIRST + day) * DAY_MS + 2 * sealing.GRACE_MS
    return sealing.run(store, history.folder(), slowest=store.head(), at_ms=at_ms)


def test_seal_late_resend_forget():
    store = journal()
    start = store.head()
    assert store.append([event(n, day=n % 60, visitor=f"v_{n % 4}") for n in range(240)]) == 240
    assert [one.position for one in history.read(after=start, limit=500)] == list(
        range(start + 1, start + 241)
    )
    assert seal(30).trimmed == 120
    assert store.append([event(500, day=3), event(7, day=7)]) == 1
    assert len(history.read(after=start, limit=500)) == 241
    store.forget(["v_2"])
    assert {one.visitor for one in history.read(after=start, limit=500)} == {"v_0", "v_1", "v_3"}
    seal(70)
    assert store.forgotten() == [] and store.live_days() == {}
    assert len(history.read(after=start, limit=500)) == 181
    assert store.head() == start + 241  # also when the journal itself is empty
    store.append([event(600, day=71)])
    assert store.head() == start + 242


def test_the_head_stays_where_it_was_when_the_newest_are_forgotten():
    store = journal()
    start = store.head()
    store.append([event(1, visitor="v_1"), event(2, visitor="v_2"), event(3, visitor="v_2")])
    store.forget(["v_2"])
    assert store.head() == start + 3  # a reader that stands there is not ahead of the journal
    store.forget(["v_1"])
    assert store.head() == start + 3
    store.append([event(4)])
    assert [one.position for one in history.read(after=start, limit=9)] == [start + 4] == [store.head()]


def test_ids_of_old_days_are_pruned_and_words_kept():
    store = journal()
    store.append([event(n, day=n) for n in range(20)])
    assert store.prune_seen(before_day=FIRST + 5) == 5
    assert store.append([event(4, day=4), event(5, day=5)]) == 1
    store.set_meta("word", "a")
    store.set_meta("word", "b")
    assert store.meta("word") == "b" and store.meta("nothing") is None
    assert store.bytes() > 0


def test_drops_add_up():
    store = journal()
    store.note_drops({(1, "a", "too_large"): 2})
    store.note_drops({(1, "a", "too_large"): 3, (1, "b", "no_name"): 1})
    assert store.drops("a") == {"too_large": 5}
    assert store.drops() == {"no_name": 1, "too_large": 5}


def months() -> list[str]:
    """The partitions of the journal on PostgreSQL."""
    sql = "select inhrelid::regclass::text from pg_inherits where inhparent = 'journal.event'::regclass order by 1"
    return [row[0] for row in journal()._all(sql)]


def test_months_that_were_emptied_are_dropped():
    store = journal()
    store.append([event(n, day=n) for n in range(60)])  # from 16 February to 16 April 2026
    if connection.vendor != "postgresql":
        assert store.drop_emptied(before_day=FIRST + 99) == 0  # one table holds all
        return
    february, march, april = (f"journal.event_2026_0{n}" for n in (2, 3, 4))
    door = open_store(conninfo=live.target()[1])  # as another process has it, with what it remembers
    assert door.append([event(70, day=3)]) == 1
    seal(43)  # on the last day of March, which holds its own
    assert february not in months() and march in months()
    assert door.append([event(71, day=3)]) == 1
    assert store.drop_emptied(before_day=FIRST + 99) == 0  # what holds an event stays
    assert len(history.read(after=0, limit=100)) == 62
    with door._looking():
        door.totals()
        seal(46)  # waits for no question
        assert february in months()
    seal(46)
    assert [month for month in months() if month in (february, march, april)] == [april]
    assert len(history.read(after=0, limit=100)) == 62
    door.close()


def places() -> list[int]:
    """The positions that the SQLite journal keeps by visitor."""
    db = journal()._db
    return [row[0] for row in db.execute("select position from of_visitor order by position")]


def test_a_visitor_is_found_whether_entered_or_not():
    store = journal()
    store.append([event(n, visitor=f"v_{n % 7}") for n in range(1_500)])
    store.enter_visitors()
    store.append([event(n, visitor=f"v_{n % 7}") for n in range(1_500, 1_600)])
    found = store.of_visitors(["v_5", "v_1"], limit=150)
    numbers = [n for who in (1, 5) for n in [n for n in range(1_600) if n % 7 == who][:150]]
    assert [one.message_id for one in found] == [f"m{n}" for n in numbers]
    tail = store.snapshot(visitors=["v_5"], columns=["occurred_at", "message_id"]).tail
    assert [line.split("\x01")[1] for line in tail] == [f"m{n}" for n in range(1_600) if n % 7 == 5]


def test_many_events_are_entered_bit_by_bit_and_go_with_their_rows():
    store = journal()
    store.append([event(n, day=n % 3, visitor=f"v_{n % 7}") for n in range(4_500)])
    if connection.vendor == "postgresql":
        assert store.enter_visitors() == 0  # its own index finds them
        return
    entered = []
    while count := store.enter_visitors():
        entered.append(count)
    held = places()
    assert sum(entered) == len(held) == 3_500 and len(entered) == 2
    seal(1)
    assert len(places()) == sum(1 for n in range(3_500) if n % 3)
    store.forget(["v_2"])
    assert len(places()) == sum(1 for n in range(3_500) if n % 3 and n % 7 != 2)
    assert {one.visitor for one in store.of_visitors(["v_2", "v_3"], limit=9)} == {"v_3"}
    store.clear()
    assert places() == [] and store.enter_visitors() == 0


def test_what_was_logged_is_moved_into_the_file(tmp_path):
    store = open_store(path=tmp_path / "j.sqlite3")
    store.prepare()
    store.append([event(n) for n in range(300)])
    store.move_log()
    shutil.copy(tmp_path / "j.sqlite3", tmp_path / "alone.sqlite3")
    store.close()
    moved = open_store(path=tmp_path / "alone.sqlite3")
    assert moved.head() == 300
    moved.close()
