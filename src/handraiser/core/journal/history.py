"""The whole journal, sealed or not, for those who must not care where an event lies by now.

An event of a stranger has lost its message id in the lake; it is called `lake:<position>` then, and `earlier_of`
leaves out what the caller has under its first name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from threading import local
from typing import Any

from django.conf import settings

from handraiser.core.journal.lake import engine, questions
from handraiser.core.journal.live import journal
from handraiser.core.journal.store.rows import COLUMNS
from handraiser.core.journal.store.rows import event as event_of
from handraiser.kit.envelope import Event

_FROM_LAKE = COLUMNS.replace("message_id", "coalesce(message_id, 'lake:' || position) as message_id")
_AHEAD = (
    20_000  # events fetched at once for a reader that starts over: a look into the lake is not for one batch
)
_local = local()


def folder() -> Path:
    """Where the lake's files of this instance lie."""
    return Path(settings.LAKE_ROOT)


def read(*, after: int, limit: int, names: Iterable[str] | None = None) -> list[Event]:
    """The next events after a position, in order, from the lake and then from the journal.

    With fewer than `limit` there are no more of these names up to the head.
    """
    store = journal()
    wanted = tuple(sorted(names)) if names is not None else None
    found: list[Event] = []
    while len(found) < limit:
        if after >= store.sealed_through():
            return found + store.read(after=after, limit=limit - len(found), names=wanted)
        held: _Ahead | None = getattr(_local, "ahead", None)
        # Whoever is forgotten, or rewritten, in any process makes what was fetched worthless.
        state = (store.epoch(), *store.forgotten(), *store.manifest())
        if held is None or not held.holds(state, wanted, after):
            held = _local.ahead = _fetch(state, wanted, after)
        begin = bisect_right(held.events, after, key=lambda event: event.position)
        found += held.events[begin : begin + limit - len(found)]
        after = held.end
    return found


def batch(*, after: int, upto: int, limit: int, names: Iterable[str] | None) -> tuple[list[Event], int]:
    """What a reader takes next, and the position up to which nothing was left out.

    A batch of all names (None) is remembered, and serves the readers that come behind it in the same thread: an
    event is decoded once, not once for each. They get no more than what is left of it.
    """
    store = journal()
    state = (store.epoch(), *store.forgotten())
    page: _Ahead | None = getattr(_local, "page", None)
    if names is not None and page is not None and page.holds(state, None, after):
        wanted = frozenset(names)
        begin = bisect_right(page.events, after, key=attrgetter("position"))
        found = [event for event in islice(page.events, begin, None) if event.name in wanted][:limit]
        if page.end < upto:
            # Further on was not looked at.
            upto = found[-1].position if found else page.end
    else:
        found = read(after=after, limit=limit, names=names)
    found = [event for event in found if event.position <= upto]
    # With fewer than asked for, everything up to there was looked at.
    to = found[-1].position if len(found) == limit else upto
    if names is None:
        _local.page = _Ahead(state, None, after, to, found)
    return found, to


@dataclass(frozen=True)
class _Ahead:
    """Events that were fetched for a reader: all with these names in (start, end]."""

    state: tuple[object, ...]
    names: tuple[str, ...] | None
    start: int
    end: int
    events: list[Event]

    def holds(self, state: tuple[object, ...], names: tuple[str, ...] | None, after: int) -> bool:
        return (self.state, self.names) == (state, names) and self.start <= after < self.end


def _fetch(state: tuple[object, ...], names: tuple[str, ...] | None, after: int) -> _Ahead:
    narrowed = "" if names is None else "and list_contains($names, name)"
    values: dict[str, Any] = {"after": after, "ahead": _AHEAD}
    if names is not None:
        values["names"] = list(names)
    sql = f"select {_FROM_LAKE} from events where position > $after {narrowed} order by position limit $ahead"
    store = journal()
    # Taken before the look: what comes later lies behind this head.
    head = store.head()
    rows = questions.ask(store, folder(), sql, values, after=after, names=names, limit=_AHEAD)
    end = rows[-1][0] if len(rows) == _AHEAD else max(head, after)
    return _Ahead(state, names, after, end, [event_of(row) for row in rows if row[0] <= end])


def of_visitors(visitors: Iterable[str], *, limit: int) -> list[Event]:
    """The events of these visitors, at most so many of each, oldest first."""
    wanted = sorted(set(visitors))
    if not wanted:
        return []
    store = journal()
    if not store.sealed_through():
        return store.of_visitors(wanted, limit=limit)
    sql = (
        f"select {_FROM_LAKE} from events where visitor in (select unnest($visitors))"
        " qualify row_number() over (partition by visitor order by occurred_at, position) <= $most"
        " order by visitor, occurred_at, position"
    )
    rows = questions.ask(store, folder(), sql, {"visitors": wanted, "most": limit}, visitors=wanted)
    return [event_of(row) for row in rows]


def not_yet_known(events: Sequence[Event], known: Iterable[tuple[str, str, int, str]]) -> list[Event]:
    """Those of these events that are not among the known (message id, visitor, occurred_at, name).

    What came from the lake without its id is known when as many of the same visitor, moment and name are.
    """
    known = list(known)
    ids = {one[0] for one in known}
    fresh = [event for event in events if event.message_id not in ids]
    taken = {event.message_id for event in events} & ids
    alike = Counter(one[1:] for one in known if one[0] not in taken)
    left = []
    for event in fresh:
        key = (event.visitor or "", event.occurred_at, event.name)
        if event.message_id.startswith("lake:") and alike[key] > 0:
            alike[key] -= 1
        else:
            left.append(event)
    return left


@dataclass(frozen=True)
class Extent:
    """How large journal and lake are; `through` is the last day of which no event is live."""

    live: int
    journal_bytes: int
    days: int
    sealed: int
    files: int
    lake_bytes: int
    through: int
    waiting: int


def extent() -> Extent:
    """Ask the stores; `waiting` counts those who are hidden but not yet out of the files."""
    store = journal()
    manifest, live = store.manifest(), store.live_days()
    files = {one.file for one in manifest if one.file}
    return Extent(
        live=sum(count for count, _, _ in live.values()),
        journal_bytes=store.bytes(),
        days=len(manifest),
        sealed=sum(one.rows for one in manifest),
        files=len(files),
        lake_bytes=sum(path.stat().st_size for file in files if (path := folder() / file).exists()),
        through=max((one.day for one in manifest if one.day not in live), default=0),
        waiting=len(store.forgotten()),
    )


def missing() -> list[str]:
    """Files of the manifest that are not there: sealed days that cannot be read."""
    return sorted(
        {one.file for one in journal().manifest() if one.file and not (folder() / one.file).exists()}
    )


def damaged() -> list[str]:
    """Files of the manifest that cannot be read to their end, or hold another number of events than it says."""
    wanted: Counter[str] = Counter()
    for one in journal().manifest():
        wanted[one.file] += one.rows
    held = engine.rows_of([folder() / file for file in wanted if file and (folder() / file).exists()])
    return sorted(path.name for path, rows in held.items() if rows != wanted[path.name])


def count(name: str | None = None) -> dict[str, Any]:
    """How many events are stored, how many of them distinct, and how many were dropped, by reason.

    `name` is that of a fact, or the free name that a site gave to a tracked event. A stranger's
    sealed event was distinct by the ids of its time, and is counted by position.
    """
    store = journal()
    narrowed = ""
    if name is not None:
        narrowed = (
            "where name = $name"
            " or (name = 'attract.event_tracked' and json_extract_string(body, '$.event') = $name)"
        )
    sql = f"select count(*), count(distinct coalesce(message_id, 'lake:' || position)) from events {narrowed}"
    values = {} if name is None else {"name": name}
    stored, distinct = questions.ask(
        store, folder(), sql, values, fields=("position", "message_id", "name", "body")
    )[0]
    return {"stored": stored, "distinct": distinct, "dropped": store.drops(name)}


def forget(subjects: Iterable[str]) -> None:
    """Hide everything of these visitors and persons at once; their rows in the files go with the next sealing.

    Takes visitor ids and person ids alike. Hold no records transaction: live rows go in small chunks.
    """
    journal().forget(subjects)
    _local.ahead = _local.page = None
