"""Asking the records: who fits, how many, when time changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from handraiser.core.audience.models import Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import sql, timing
from handraiser.core.audience.rules.vocabulary import ATTRIBUTES, Catalogue, Known
from handraiser.core.consent.actions.grants import PURPOSES
from handraiser.core.consent.models import Purpose
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import FieldDefinition, Person
from handraiser.kit import clock, rows

Text = sql.Text
_KINDS = {"text": "text", "choice": "text", "number": "number", "date": "date", "boolean": "yes"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALIVE = "p.erased_at is null"
EVERYBODY: Text = ("1=1", [])

EXACT_UP_TO = 20_000  # people who are counted one by one while somebody edits
_SAMPLE = 30_000  # about so many are looked at instead of more


def catalogue() -> Catalogue:
    """What conditions may name here, custom fields included."""
    attributes = dict(ATTRIBUTES)
    for row in FieldDefinition.objects.exclude(entity="deal").order_by("label"):
        attributes[f"{row.entity}.custom.{row.key}"] = Known(
            label=row.label,
            source=row.entity,  # type: ignore[arg-type]
            kind=_KINDS.get(row.kind, "text"),  # type: ignore[arg-type]
            custom=row.key,
            choices=tuple((one, one) for one in row.choices),
        )
    segments = Segment.objects.filter(archived_at=None).exclude(definition=None).order_by("name")
    return Catalogue(
        attributes=attributes,
        segments=dict(segments.values_list("id", "name")),
        # One that nobody granted yet can be asked about all the same.
        purposes={key: label for key, (label, _) in PURPOSES.items()}
        | dict(Purpose.objects.order_by("label").values_list("key", "label")),
    )


def asked(at: datetime, known: Catalogue | None = None) -> sql.Asked:
    """What statements about this moment are made for."""
    return sql.Asked(
        dialect="sqlite" if connection.vendor == "sqlite" else "postgresql",
        at=clock.ms(at),
        moment=lambda ms: rows.moment(TimelineItem, ms),
        catalogue=known or catalogue(),
    )


def these(column: str, ids: Iterable[str]) -> Text:
    """A narrowing to some people, by the column of their id."""
    return f"{column} {{in}}", [sorted(ids)]


def who_fit(node: c.Condition, how: sql.Asked, who: Text = EVERYBODY) -> set[str]:
    """Those of `who` (by `p`) of whom the condition is true: one SELECT of their ids."""
    text, arguments = sql.condition(node, how)
    statement = f"select p.id from people_person p where {who[0]} and {_ALIVE} and {text}"
    return {row[0] for row in rows.ask(Person, statement, _flat(who[1], arguments))}


def next_changes(node: c.Condition, how: sql.Asked, ids: Iterable[str]) -> dict[str, int]:
    """For those of these people whom time alone may change, the next moment at which it may, in milliseconds.

    It is never later than the truth changes. Whom time cannot change, whatever leaves a window, is not named.
    """
    timed = {leaf for _, leaf in c.leaves(node) if timing.by_time(leaf)}
    if not timed:
        return {}
    best, worst = timing.at_best(node), timing.at_best(node, hope=False)
    unsure = who_fit(c.AllOf((best, c.NoneOf((worst,)))), how, these("p.id", ids))
    found: dict[str, int] = {}
    if not unsure:
        return found

    def note(person: str, moment: int) -> None:
        if moment > how.at and moment < found.get(person, moment + 1):
            found[person] = moment

    for leaf in timed:
        if isinstance(leaf, c.Attribute):
            if leaf.key not in how.catalogue.attributes:
                continue
            text, arguments = sql.attribute_moments(leaf, these("p.id", unsure), how)
            for person, stored in rows.ask(Person, text, arguments):
                begins = _day_or_moment(stored, how.catalogue.attributes[leaf.key])
                note(person, begins)
                note(person, begins + (leaf.days or 0) * c.DAY_MS)
        elif isinstance(leaf, c.Performed | c.LastPerformed) and (leaving := timing.leaving(leaf)):
            text, arguments = sql.moments(leaf, leaving, these("t.person_id", unsure), how)
            for person, stored in rows.ask(TimelineItem, text, arguments):
                note(person, _ceiling(stored) + leaving.days * c.DAY_MS)
    return found


def _day_or_moment(stored: Any, known: Known) -> int:
    return sql.midnight(stored) if known.kind == "date" else _ceiling(stored)


def _ceiling(stored: Any) -> int:
    """The first whole millisecond at or after a stored moment."""
    return -((_EPOCH - rows.when(stored)) // timedelta(milliseconds=1))


def _flat(*lists: Sequence[Any]) -> list[Any]:
    return [one for each in lists for one in each]


# --------------------------------------------------------------------------------- counting while editing


@dataclass(frozen=True)
class Counted:
    """How many people fit each of some conditions; `exact` or told from a sample, of `people` in all."""

    counts: tuple[int, ...]
    people: int
    exact: bool


def people() -> int:
    """How many there are, the erased ones too: an index tells it, not the table."""
    return int(rows.ask(Person, "select count(*) from people_person", [])[0][0])


def count(nodes: Sequence[c.Condition], how: sql.Asked, *, exact: bool = False) -> Counted:
    """Count who fits each condition, in one statement. Of many people a sample tells, unless `exact`.

    The sample is everybody whose id ends alike: chance made that end.
    """
    total = people()
    share = 1
    who = EVERYBODY
    if not exact and total > EXACT_UP_TO:
        letters = 1
        while total / 32 ** (letters + 1) > _SAMPLE / 8:
            letters += 1
        share = 32**letters
        who = (f"substr(p.id, -{letters}) = %s", ["0" * letters])
        if connection.vendor != "sqlite":
            who = (f"right(p.id, {letters}) = %s", ["0" * letters])
    sums, arguments = [], []
    for node in nodes:
        text, more = sql.condition(node, how)
        sums.append(f"coalesce(sum(case when {text} then 1 else 0 end), 0)")
        arguments += more
    statement = f"select {', '.join(sums)} from people_person p where {who[0]} and {_ALIVE}"
    found = rows.ask(Person, statement, [*arguments, *who[1]])[0]
    return Counted(tuple(int(one) * share for one in found), total, share == 1)


def sample(node: c.Condition, how: sql.Asked, *, limit: int) -> list[str]:
    """Some who fit, the newest people first."""
    text, arguments = sql.condition(node, how)
    statement = f"select p.id from people_person p where {_ALIVE} and {text} order by p.id desc limit {limit}"
    return [row[0] for row in rows.ask(Person, statement, arguments)]


# ------------------------------------------------------------------------------------------- one person


@dataclass(frozen=True)
class Verdict:
    """One condition about one person: whether it is true, and of events how often and when last."""

    path: c.Path
    node: c.Condition
    holds: bool
    times: int | None = None
    last_at: datetime | None = None


def verdicts(node: c.Condition, how: sql.Asked, person: str) -> list[Verdict]:
    """Every condition of a tree about one person, from the root down."""
    found: Mapping[c.Path, c.Condition] = dict(c.walk(node))
    parts, arguments = [], []
    for one in found.values():
        text, more = sql.condition(one, how)
        parts.append(f"case when {text} then 1 else 0 end")
        arguments += more
    statement = f"select {', '.join(parts)} from people_person p where p.id = %s"
    answer = rows.ask(Person, statement, [*arguments, person])
    if not answer:
        return []
    return [
        Verdict(path, one, bool(holds), *_seen(one, how, person))
        for (path, one), holds in zip(found.items(), answer[0], strict=True)
    ]


def _seen(node: c.Condition, how: sql.Asked, person: str) -> tuple[int | None, datetime | None]:
    """How often somebody did what a condition counts, in its window, and when last at all."""
    if not isinstance(node, c.Performed | c.LastPerformed):
        return None, None
    text, arguments = sql.events(node.event, node.where, how)
    days = node.days
    inside, since = (
        ("1=1", []) if days is None else ("t.occurred_at > %s", [how.moment(how.at - days * c.DAY_MS)])
    )
    statement = (
        f"select sum(case when {inside} then 1 else 0 end), max(t.occurred_at)"
        f" from identity_timeline t where t.person_id = %s and {text}"
    )
    times, last = rows.ask(TimelineItem, statement, [*since, person, *arguments])[0]
    return int(times or 0), rows.when(last) if last is not None else None
