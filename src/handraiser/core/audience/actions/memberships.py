"""Who is in which segment, kept true: after what happens, when a window moves on, and when conditions change.

Only people who may have changed are looked at, all of a batch at once: one statement a segment says who fits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least

from handraiser.core.audience import asking
from handraiser.core.audience.models import DueLook, Exit, Membership, Segment, Touched
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import sql, timing
from handraiser.core.journal import outbox
from handraiser.core.journal.events.audience import SegmentJoined, SegmentLeft
from handraiser.core.people.models import Person
from handraiser.kit import rows
from handraiser.kit.envelope import Event

AT_ONCE = 1_000  # people who are looked at by one statement
PIECE = 4_000  # people of a rebuild who are written down by one transaction
_DUE = 500


@dataclass(frozen=True)
class Live:
    """A segment that is kept, made ready. `told_by`: facts that may change it; `uses`: segments it asks about."""

    id: str
    version: int
    condition: c.Condition
    told_by: frozenset[str]
    uses: frozenset[str]
    reads_points: bool
    reads_lists: bool


def live(*, deciding: bool = True) -> list[Live]:
    """All segments that are kept, each behind those it asks about.

    `deciding` who is in: on PostgreSQL they stay as they are until the transaction ends, and nobody else decides.
    """
    statement = (
        "select id, version, {json}definition from audience_segment where archived_at is null and version > 0"
    )
    if deciding and connection.in_atomic_block and connection.features.has_select_for_update:
        statement += " order by id for update"
    return _in_order([_ready(*row) for row in rows.ask(Segment, statement, [])])


@lru_cache(maxsize=1024)
def _ready(segment: str, version: int, definition: str) -> Live:
    tree = msgspec.json.decode(definition, type=c.Definition).condition
    return Live(
        id=segment,
        version=version,
        condition=tree,
        told_by=timing.told_by(tree),
        uses=frozenset(c.named_segments(tree)),
        reads_points=timing.reads(tree, c.Score),
        reads_lists=timing.reads(tree, c.Listed),
    )


def _in_order(segments: Sequence[Live]) -> list[Live]:
    by_id = {one.id: one for one in segments}
    ordered: dict[str, Live] = {}

    def add(one: Live) -> None:
        if one.id not in ordered:
            for used in sorted(one.uses & by_id.keys()):
                add(by_id[used])
            ordered[one.id] = one

    for one in segments:
        add(one)
    return list(ordered.values())


def follow(
    segments: Sequence[Live],
    touched: Mapping[str, Collection[str]],
    *,
    at: datetime,
    why: str,
    causes: Mapping[str, Event] | None = None,
) -> None:
    """Look at people again, inside the caller's transaction: `touched` names them by segment.

    `segments` are all in order, so whoever asks about a segment hears of those who join and leave it at once.
    """
    waiting = {segment: set(people) for segment, people in touched.items()}
    how = None
    for one in segments:
        people = sorted(waiting.get(one.id, ()))
        if not people:
            continue
        how = how or asking.asked(at)
        moved: set[str] = set()
        for begin in range(0, len(people), AT_ONCE):
            found = _look(one, asking.these(people[begin : begin + AT_ONCE]), how)
            told = why if one.id in touched else "segment"
            moved |= _write(one, found, at=at, why=told, causes=causes or {})
        for other in segments:
            if moved and one.id in other.uses:
                waiting.setdefault(other.id, set()).update(moved)


@dataclass(frozen=True)
class _Found:
    """What was seen of some people: how they stand, and what is written down of them so far."""

    standing: asking.Standing
    since: dict[str, datetime]
    due: dict[str, int]


def _look(one: Live, who: asking.Who, how: sql.Asked) -> _Found:
    """Read how some people stand to one segment."""
    standing = asking.standing(one.condition, how, who)
    narrowed, arguments = who("person_id")
    # By their people: by the segment alone SQLite would look through all who are in.
    of_these = f"where {narrowed} and coalesce(segment_id, '') = %s"
    inside = rows.ask(
        Membership, f"select person_id, since from audience_membership {of_these}", [*arguments, one.id]
    )
    noted = rows.ask(
        DueLook, f"select person_id, due_at from audience_due_look {of_these}", [*arguments, one.id]
    )
    return _Found(
        standing,
        since={person: rows.when(since) for person, since in inside},
        due={person: rows.milliseconds(due) for person, due in noted},
    )


def _write(one: Live, found: _Found, *, at: datetime, why: str, causes: Mapping[str, Event]) -> set[str]:
    """Bring one segment up to date with what was seen; returns who joined or left."""
    fit, since = found.standing.fit, found.since
    joined, left = sorted(fit - since.keys()), sorted(since.keys() - fit)
    if joined:
        columns = ["segment_id", "person_id", "since"]
        rows.put(Membership, columns, [(one.id, person, at) for person in joined])
    if left:
        rows.put(
            Exit,
            ["segment_id", "person_id", "since", "left_at"],
            [(one.id, person, since[person], at) for person in left],
        )
        _remove(Membership, one.id, left)
    changes = found.standing.changes
    rows.put(
        DueLook,
        ["segment_id", "person_id", "due_at"],
        [(one.id, person, due) for person, due in sorted(changes.items()) if found.due.get(person) != due],
        key=["person_id", "segment_id"],
        changes=["due_at"],
    )
    _remove(DueLook, one.id, found.due.keys() - changes.keys())
    facts = [(SegmentJoined, person) for person in joined] + [(SegmentLeft, person) for person in left]
    outbox.publish_all(
        [
            outbox.prepare(
                kind(segment=one.id, number=one.version, why=why),
                at=at,
                person=person,
                cause=causes.get(person),
            )
            for kind, person in facts
        ]
    )
    return {*joined, *left}


def _remove(model: type[Membership] | type[DueLook], segment: str, people: Iterable[str]) -> None:
    gone = sorted(people)
    if gone:
        model._default_manager.filter(segment=segment, person__in=gone).delete()


# ------------------------------------------------------------------------------------- by time alone


@transaction.atomic
def look_at_due(now: datetime) -> int:
    """Look again at those whose time has come; returns how many."""
    due = rows.ask(
        DueLook,
        f"select id, segment_id, person_id from audience_due_look where due_at <= %s order by due_at limit {_DUE}",
        [rows.moment(DueLook, now)],
    )
    if not due:
        return 0
    segments = live()
    kept = {one.id for one in segments}
    touched: dict[str, set[str]] = {}
    for _, segment, person in due:
        touched.setdefault(segment, set()).add(person)
    for segment in touched.keys() - kept:
        _remove(DueLook, segment, touched.pop(segment))
    follow(segments, touched, at=now, why="time")
    return len(due)


@transaction.atomic
def look_at_touched(now: datetime) -> int:
    """Look again at those of whom something changed that no fact tells; returns how many."""
    noted = rows.ask(Touched, f"select id, person_id from audience_touched order by id limit {AT_ONCE}", [])
    if not noted:
        return 0
    Touched.objects.filter(id__in=[row for row, _ in noted]).delete()
    segments = live()
    people = {person for _, person in noted}
    untold = {one.id: people for one in segments if one.reads_points or one.reads_lists}
    follow(segments, untold, at=now, why="event")
    return len(noted)


# ------------------------------------------------------------------------------------- everybody


def begin_rebuild(segment: Segment, *, at: datetime) -> None:
    """Have everybody looked at, from the first person on; the caller saves nothing else of the row."""
    segment.rebuild_upto, segment.rebuild_done, segment.rebuild_at = "", 0, at
    segment.rebuild_total = asking.people()
    segment.save(update_fields=["rebuild_upto", "rebuild_done", "rebuild_at", "rebuild_total"])


def rebuild(segment_id: str, *, clock: Callable[[], datetime], pieces: int | None = None) -> bool:
    """Look at everybody, a piece a transaction; True when all are done, False after so many pieces.

    Cut off, it goes on where it stopped. Doing it twice changes nothing.
    """
    done = 0
    while pieces is None or done < pieces:
        if not _rebuild_piece(segment_id, at=clock()):
            return True
        done += 1
    return not Segment.objects.filter(id=segment_id, rebuild_upto__isnull=False).exists()


@dataclass(frozen=True)
class _Piece:
    """So many people of a rebuild who stand together, up to `upto` (None: to the end), and how they stand."""

    one: Live
    people: int
    upto: str | None
    found: _Found


def _rebuild_piece(segment_id: str, *, at: datetime) -> bool:
    """Look at the next people of a rebuild; False when there are none.

    On SQLite whoever writes waits for a transaction: what comes from the disk is read before it begins, and once
    more inside, from memory then, if somebody else wrote meanwhile.
    """
    before = _writes_of_others()
    ahead = None if before is None else _read_piece(segment_id, live(deciding=False), at=at)
    with transaction.atomic():
        segments = live()
        stands = ahead is not None and _writes_of_others() == before
        piece = ahead if stands else _read_piece(segment_id, segments, at=at)
        if piece is None:
            return False
        moved = _write(piece.one, piece.found, at=at, why="rebuild", causes={})
        asking_about_it = {other.id: moved for other in segments if segment_id in other.uses}
        follow(segments, asking_about_it, at=at, why="segment")
        Segment.objects.filter(id=segment_id).update(
            rebuild_upto=piece.upto,
            rebuild_done=F("rebuild_total")
            if piece.upto is None
            else Least(F("rebuild_done") + piece.people, F("rebuild_total")),
            rebuild_at=at,
        )
        return piece.upto is not None


def _writes_of_others() -> int | None:
    """On SQLite a number that is another one when somebody else has written; None elsewhere."""
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        return int(cursor.execute("pragma data_version").fetchone()[0])


def _read_piece(segment_id: str, segments: Sequence[Live], *, at: datetime) -> _Piece | None:
    """How the next people of a rebuild stand; None if it is over."""
    begun = rows.values(Segment, ["rebuild_upto"], {"id": segment_id})
    one = next((one for one in segments if one.id == segment_id), None)
    if one is None or not begun or begun[0][0] is None:
        return None
    after = begun[0][0]
    # Those who ask about it follow in the same transaction: they are looked at inside.
    people = AT_ONCE if any(segment_id in other.uses for other in segments) else PIECE
    ends = rows.ask(
        Person,
        "select id from people_person where id > %s order by id limit 1 offset %s",
        [after, people - 1],
    )
    upto = ends[0][0] if ends else None
    return _Piece(one, people, upto, _look(one, asking.between(after, upto), asking.asked(at)))


def batch(segments: Sequence[Live], told: Mapping[str, Mapping[str, Event]], *, at: datetime) -> None:
    """Follow facts: `told` has for each name of a fact the people it is about, with the newest such event."""
    touched: dict[str, set[str]] = {}
    causes: dict[str, Event] = {}
    for name, people in told.items():
        for one in segments:
            if name in one.told_by:
                touched.setdefault(one.id, set()).update(people)
        for person, event in people.items():
            if person not in causes or causes[person].position <= event.position:
                causes[person] = event
    follow(segments, touched, at=at, why="event", causes=causes)
