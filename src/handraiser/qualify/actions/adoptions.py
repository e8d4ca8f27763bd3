"""Taking over scores that were worked out with everybody's: laid in tables of the connection, written by SQL.

A chunk is a few statements, whatever it holds; row by row go only the leads that cross a line.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from handraiser.core.audience.actions import touched
from handraiser.core.journal import outbox, wake
from handraiser.core.journal.events.qualify import ScoreChanged
from handraiser.kit import clock
from handraiser.qualify.actions import crossings
from handraiser.qualify.actions.crossings import Passage
from handraiser.qualify.models import RuleSet

_TABLES = {
    "qualify_worked_out": (
        "place integer primary key, person varchar(40), lead varchar(40), fit bigint, engagement bigint,"
        " grade varchar(2), temperature varchar(4), next_change_at timestamp with time zone, left_out integer,"
        " leads integer"
    ),
    # Whose points time changes at another moment than it did.
    "qualify_moving": "person varchar(40), next_change_at timestamp with time zone",
    # `news`: grade or temperature are others; `other`: anything is; `away`: the person is to be left as they are.
    "qualify_adopted": (
        "person varchar(40), lead varchar(40), fit bigint, engagement bigint, grade varchar(2),"
        " temperature varchar(4), left_out integer, stage varchar(16), points bigint, set_before integer,"
        " news integer, other integer, away integer"
    ),
}
_encode = msgspec.json.Encoder().encode


class Adopted(NamedTuple):
    """What a chunk came to: people done, leads that have other numbers, facts about scores."""

    people: int
    leads: int
    told: int


@contextlib.contextmanager
def table() -> Iterator[None]:
    """The tables that `lay` fills and `adopt` reads: of this connection alone, and outside of what it writes."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("pragma temp.secure_delete = off")  # it is memory
        for name, columns in _TABLES.items():
            cursor.execute(f"create temporary table {name} ({columns})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name in _TABLES:
                cursor.execute(f"drop table {name}")


@contextlib.contextmanager
def _beside() -> Iterator[Any]:
    """A cursor for statements that write our own tables alone: nobody waits for them."""
    if connection.vendor != "sqlite":
        with transaction.atomic(), connection.cursor() as cursor:
            yield cursor
        return
    with connection.cursor() as cursor:
        # Django's transactions take the place of the one who writes the records.
        cursor.execute("savepoint beside")
        try:
            yield cursor
        finally:
            cursor.execute("release beside")


def lay(worked_out: Sequence[Sequence[Any]]) -> None:
    """Lay scores ready; what was laid before is gone. The leads of a person are laid together.

    A row: person, lead, fit, engagement, grade, temperature, when time changes the points (as text, or None), the
    place of the exclusion that leaves the lead out (or None), how many leads the person has.
    """
    with _beside() as cursor:
        for name in _TABLES:
            cursor.execute(f"delete from {name}")
        cursor.executemany(_LAY, [(place, *row) for place, row in enumerate(worked_out)])
        if connection.vendor == "postgresql":
            cursor.execute("analyze qualify_worked_out")


def foresee(*, live: RuleSet, now: datetime) -> bool:
    """Write when time changes the points of those who are laid, of all at once: their index is all over the place.

    Who is never adopted then is scored by the sweep at that moment, or earlier. False, and nothing is written, if
    another set is live by now.
    """
    with _beside() as cursor:
        cursor.execute(_MOVING, [live.number, _moment(now)])
    with transaction.atomic(), connection.cursor() as cursor:
        if not _is_live(live):
            return False
        if connection.features.has_select_for_update:
            cursor.execute(_LOCK, [0, sys.maxsize])
        cursor.execute(_FORESEE, [live.number, _moment(now)])
    return True


@transaction.atomic
def adopt(first: int, end: int, *, live: RuleSet, now: datetime) -> Adopted | None:
    """Take over what was laid from `first` to before `end`: scores by this rule set as of `now`, of people whom an
    older set scored last and whose next change is foreseen.

    Whoever was scored since they were worked out, or has another open lead by now, is left as they are. What is
    announced is what `scores.rescore` would. The counts are made anew when the next event comes. None, and nothing
    is written, if another set is live by now.
    """
    if not _is_live(live):
        return None
    with connection.cursor() as cursor:
        if connection.features.has_select_for_update:
            cursor.execute(_LOCK, [first, end])
        cursor.execute("delete from qualify_adopted")
        cursor.execute(_LOOK_UP, [live.number, _moment(now), first, end])
        cursor.execute("select 1 from qualify_adopted where away = 1 limit 1")
        if cursor.fetchone():
            cursor.execute(_LEAVE)
        cursor.execute(_announcing(live.id, live.number, now))
        told = cursor.rowcount
        cursor.execute(_LEADS)
        leads = cursor.rowcount
        cursor.execute(_STATES, [live.number, _moment(now)])
        people = cursor.rowcount
        near = _near(cursor, live, at=clock.ms(now))
    if told:
        transaction.on_commit(wake.loop)
    if leads:
        touched.points(_others())
    crossings.follow(near, live=live, new_rules=True)
    return Adopted(people, leads, told)


def _is_live(rule_set: RuleSet) -> bool:
    return RuleSet.objects.filter(id=rule_set.id, state=RuleSet.State.LIVE).exists()


_LAY = f"insert into qualify_worked_out values ({', '.join(['%s'] * 10)})"
_LOCK = """
    select id from people_lead where closed_at is null and person_id in (
        select person from qualify_worked_out where place >= %s and place < %s
    ) order by id for update"""
_MOVING = """
    insert into qualify_moving select distinct w.person, w.next_change_at
    from qualify_worked_out w join qualify_score_state s
        on s.person_id = w.person and s.rule_set_number < %s and s.scored_at <= %s
    where s.next_change_at <> w.next_change_at or (s.next_change_at is null) <> (w.next_change_at is null)"""
_FORESEE = """
    update qualify_score_state set next_change_at = m.next_change_at from qualify_moving m
    where m.person = qualify_score_state.person_id and rule_set_number < %s and scored_at <= %s"""
# Nearly everybody has one lead: with their only one, another that is open shows as another row.
_LOOK_UP = """
    insert into qualify_adopted
    select w.person, w.lead, w.fit, w.engagement, w.grade, w.temperature, w.left_out, l.stage, l.points,
        s.rule_set_number,
        case when l.grade = w.grade and l.temperature = w.temperature then 0 else 1 end,
        case when l.points = w.fit + w.engagement and l.fit_points = w.fit
            and l.engagement_points = w.engagement and l.grade = w.grade and l.temperature = w.temperature
            then 0 else 1 end,
        case when l.id is null or s.person_id is null then 1
            when w.leads = 1 then case when l.id = w.lead then 0 else 1 end
            when w.leads = (select count(*) from people_lead o where o.person_id = w.person and o.closed_at is null)
            then 0 else 1 end
    from qualify_worked_out w
    left join people_lead l on l.person_id = w.person and l.closed_at is null
    left join qualify_score_state s
        on s.person_id = w.person and s.rule_set_number < %s and s.scored_at <= %s
    where w.place >= %s and w.place < %s and (l.id is null or w.leads = 1 or l.id = w.lead)"""
_LEAVE = """
    delete from qualify_adopted where person in (select person from qualify_adopted where away = 1)"""
_LEADS = """
    update people_lead set points = a.fit + a.engagement, fit_points = a.fit, engagement_points = a.engagement,
        grade = a.grade, temperature = a.temperature
    from qualify_adopted a where a.lead = people_lead.id and a.other = 1"""
_STATES = """
    update qualify_score_state set rule_set_number = %s, scored_at = %s, kept = ''
    from qualify_adopted a where a.person = qualify_score_state.person_id"""
_NEAR = """
    select lead, stage, points, fit + engagement, left_out, set_before
    from qualify_adopted
    where stage = 'lead' and fit + engagement >= %s or stage = 'mql' and fit + engagement < %s
    order by person, lead"""


def _near(cursor: Any, live: RuleSet, *, at: int) -> list[Passage]:
    """The leads that may have crossed a line."""
    rules = live.rules
    # Who never leaves for fewer points leaves when left out.
    leaves = rules.threshold if rules.leaves_below is None else rules.leaves_below
    cursor.execute(_NEAR, [rules.threshold, leaves])
    return [
        Passage(
            lead, stage, points, [(at, None, total)], None if out is None else rules.exclusions[out], before
        )
        for lead, stage, points, total, out, before in cursor.fetchall()
    ]


def _others() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("select distinct person from qualify_adopted where other = 1")
        for (person,) in cursor.fetchall():
            yield person


# Stand for what each lead has of its own, in an announcement that becomes SQL.
_NUMBERS = {
    8_000_000_000_000_000_001: "fit + engagement",
    8_000_000_000_000_000_002: "fit",
    8_000_000_000_000_000_003: "engagement",
    8_000_000_000_000_000_004: "points",
}
_WORDS = ("lead", "person", "grade", "temperature")


def _announcing(rule_set: str, number: int, now: datetime) -> str:
    """The statement that announces what is news, as `outbox.publish` would write it."""
    total, fit, engagement, previous = _NUMBERS
    fact = ScoreChanged(
        total=total,
        fit=fit,
        engagement=engagement,
        previous=previous,
        grade="<grade>",
        temperature="<temperature>",
        rule_set=rule_set,
    )
    # Told once for each set: a repeat is harmless.
    told_as = f"score:<lead>:{number}"
    event = outbox.prepare(fact, at=now, person="<person>", lead="<lead>", message_id=told_as)
    return (
        f"insert into journal_outbox(message_id, payload) select {_in_sql(told_as)},"
        f" {_in_sql(_encode(event).decode())} from qualify_adopted where news = 1 order by person, lead"
    )


def _in_sql(text: str) -> str:
    text = text.replace("'", "''")
    for stands, column in _NUMBERS.items():
        text = text.replace(str(stands), f"' || ({column}) || '")
    for word in _WORDS:
        text = text.replace(f"<{word}>", f"' || {word} || '")
    return f"'{text}'"


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)
