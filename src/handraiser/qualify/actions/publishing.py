"""Gives everybody the points of a rule set that went live: worked out at once, written in short transactions.

Nothing is kept between two chunks: whoever still has the points of an older set is to be done. Cut off anywhere,
the next run works them out again and goes on; a chunk and what it announces are one transaction.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection

from handraiser.core.journal.models import Cursor
from handraiser.kit import clock, failpoints
from handraiser.qualify.actions import adoptions, rule_sets, scores
from handraiser.qualify.models import RuleSet, ScoreState
from handraiser.qualify.rebuild import runs
from handraiser.qualify.rebuild import scores as rebuild
from handraiser.qualify.rules.points import Prepared

READER = "qualify.scores"
_LEAST, _FIRST, _MOST = 200, 200, 3_000  # leads in a transaction
_LAID = 4_000
_AIM_S = 0.06  # how long one may take: others wait for it
_FORGET, _FORGET_AT_ONCE = 10_000, 1_000
_LOCK = 0x72756C65  # "rule": the advisory lock of who publishes


class Progress(NamedTuple):
    """How many people have the points of the live set, of all who have any."""

    done: int
    of: int


def progress(live: RuleSet) -> Progress | None:
    """How far it has come; None when everybody has the points of the live set."""
    left = ScoreState.objects.filter(rule_set_number__lt=live.number).count()
    if not left:
        return None
    everybody = ScoreState.objects.count()
    return Progress(everybody - left, everybody)


def go_on(now: Callable[[], datetime]) -> int:
    """Work out and write who is still to be done; returns how many people were. The rest is left to the sweep:
    who was scored meanwhile is done, who changed meanwhile is few. Ends early if another set goes live, and at once
    if somebody is at it already.
    """
    with _place() as got:
        return _go_on(now()) if got else 0


def is_at_work() -> bool:
    """Whether somebody gives everybody the points of the live set just now."""
    with _place() as got:
        return not got


@contextlib.contextmanager
def _place() -> Iterator[bool]:
    """Hold the place of who publishes; False if another process does. Killed, it is free again."""
    if connection.vendor == "postgresql":
        with _locked_on_server() as got:
            yield got
        return
    file = Path(settings.HOME) / "run" / "publishing.lock"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked_on_server() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
        got = bool(cursor.fetchone()[0])
    try:
        yield got
    finally:
        if got:
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                # If the connection broke, the lock went with it.
                cursor.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def _go_on(at: datetime) -> int:
    live = rule_sets.live(at=at)
    if not scores.are_many(live):
        return 0
    prepared, moment = Prepared(live.rules), clock.ms(at)
    # Whoever is still to be done was followed up to here and no further: what is followed later marks them done.
    cursor = Cursor.objects.filter(reader=READER).first()
    done = 0
    with runs.laid_out(prepared, since_ms=moment, upto=cursor.position if cursor else 0) as db:
        rebuild.score(db, prepared, now_ms=moment)
        done = _write(db.execute(_WORKED_OUT), live=live, now=at)
    _let_go(live)
    return done


_NEXT_CHANGE = (
    "strftime(make_timestamp_ms(w.next_change_at), '%Y-%m-%d %H:%M:%S') || case when w.next_change_at % 1000 = 0"
    " then '' else '.' || lpad((w.next_change_at % 1000)::varchar, 3, '0') || '000' end"
)
# In the order of the keys: neighbours of a chunk lie on the same pages of the records.
_WORKED_OUT = (
    f"select b.person_id, w.lead, w.fit, w.engagement, w.grade, w.temperature, {_NEXT_CHANGE}, w.out,"
    " count(*) over (partition by b.person_id)"
    " from worth w join brought b on b.id = w.lead order by b.person_id, w.lead"
)


class _Pace:
    """How many leads go into the next transaction, by how long the last one took; as long, others have the turn."""

    def __init__(self) -> None:
        self.size = _FIRST

    def took(self, seconds: float) -> None:
        wanted = self.size * min(2.0, _AIM_S / max(seconds, 0.001))
        self.size = max(_LEAST, min(_MOST, int(wanted)))
        time.sleep(min(seconds, _AIM_S))


def _write(found: Any, *, live: RuleSet, now: datetime) -> int:
    done, pace = 0, _Pace()
    with adoptions.table():
        for laid in _together(found):
            adoptions.lay(laid)
            begun = time.monotonic()
            if not adoptions.foresee(live=live, now=now):
                return done
            time.sleep(min(time.monotonic() - begun, _AIM_S))
            first = 0
            while first < len(laid):
                begun, end = time.monotonic(), _end(laid, first + pace.size)
                adopted = adoptions.adopt(first, end, live=live, now=now)
                if adopted is None:
                    return done
                pace.took(time.monotonic() - begun)
                done, first = done + adopted.people, end
                failpoints.reach("qualify.chunk_published")
    return done


Row = Sequence[Any]


def _together(found: Any) -> Iterator[list[Row]]:
    """What was found, some at a time; the leads of one person together."""
    waiting: list[Row] = []
    while some := found.fetchmany(_LAID):
        waiting += some
        whole = len(waiting)
        while whole and waiting[whole - 1][0] == waiting[-1][0]:
            whole -= 1
        if whole:
            yield waiting[:whole]
        waiting = waiting[whole:]
    if waiting:
        yield waiting


def _end(laid: Sequence[Row], wanted: int) -> int:
    """Where a chunk ends that is to end here, with the last lead of a person."""
    while wanted < len(laid) and laid[wanted][0] == laid[wanted - 1][0]:
        wanted += 1
    return min(wanted, len(laid))


def _let_go(live: RuleSet) -> None:
    """Forget what is kept of people without an open lead."""
    gone = ScoreState.objects.filter(rule_set_number__lt=live.number).exclude(person__leads__closed_at=None)
    # Without an order: the index of sets tells them, and whoever is done is in it no more.
    while people := sorted(gone.order_by().values_list("person_id", flat=True)[:_FORGET]):
        for begin in range(0, len(people), _FORGET_AT_ONCE):
            some = people[begin : begin + _FORGET_AT_ONCE]
            ScoreState.objects.filter(person__in=some, rule_set_number__lt=live.number).delete()
