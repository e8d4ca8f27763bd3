"""Both homes of the journal keep the same promises; each test runs on the one that this run is about."""

from __future__ import annotations

import pytest

from handraiser.core.journal import history
from handraiser.core.journal.lake import sealing
from handraiser.core.journal.live import journal
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
