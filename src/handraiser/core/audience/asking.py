"""Asking the records: who fits, how many, when time changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
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
        lists=settings.ADDRESS_LISTS(),
    )


def asked(at: datetime, known: Catalogue | None = None) -> sql.Asked:
    """What statements about this moment are made for."""
    return sql.Asked(
        dialect="sqlite" if connection.vendor == "sqlite" else "postgresql",
        at=clock.ms(at),
        moment=lambda ms: rows.moment(TimelineItem, ms),
        catalogue=known or catalogue(),
    )


Who = Callable[[str], Text]
"""Some people: given the column of their id, what narrows rows to them."""


def everybody(column: str) -> Text:
    """All people."""
    return "1=1", []


def these(ids: Iterable[str]) -> Who:
    """Those of these ids."""
    some = sorted(ids)
    return lambda column: (f"{column} {{in}}", [some])


def between(after: str, upto: str | None) -> Who:
    """Those with an id above one, up to another (None: to the end). They stand together, on the same pages."""
    if upto is None:
        return lambda column: (f"{column} > %s", [after])
    return lambda column: (f"{column} > %s and {column} <= %s", [after, upto])


def who_fit(node: c.Condition, how: sql.Asked, who: Who = everybody) -> set[str]:
    """Those of `who` of whom the condition is true: one SELECT of their ids."""
    return {row[0] for row in _select([], node, how, who)}


def _select(columns: Sequence[Text], node: c.Condition, how: sql.Asked, who: Who) -> list[tuple[Any, ...]]:
    """The id and these columns of those of `who` of whom the condition is true."""
    text, arguments = sql.condition(node, how)
    narrowed, some = who("p.id")
    told = ", ".join(["p.id", *(column for column, _ in columns)])
    statement = f"select {told} from people_person p where {narrowed} and {_ALIVE} and {text}"
    return rows.ask(Person, statement, _flat(*(more for _, more in columns), some, arguments))


@dataclass(frozen=True)
class Standing:
    """Who fits, and for those whom time alone may change the next moment at which it may, in milliseconds.

    That is never later than the truth changes. Whom time cannot change, whatever leaves a window, has none.
    """

    fit: set[str]
    changes: dict[str, int]


def standing(node: c.Condition, how: sql.Asked, who: Who) -> Standing:
    """How those of `who` stand, in one SELECT.

    It tells of those who can fit what nobody's time changes: of each condition on events the moments that decide
    it, which are those that will leave its window too, and of every other condition whether it is true.
    """
    still, moving = timing.parted(node)
    best, worst = timing.at_best(moving), timing.at_best(moving, hope=False)
    columns: list[Text] = []
    leaves: dict[c.Condition, _Leaf] = {}
    for _, leaf in c.leaves(moving):
        if leaf not in leaves:
            leaves[leaf] = _Leaf(leaf, how, len(columns) + 1)
            columns += leaves[leaf].columns
    found = Standing(set(), {})
    fits, stays = _judge(moving, leaves), _judge(worst, leaves)
    unsure: list[tuple[Any, ...]] = []
    for row in _select(columns, c.AllOf((still, best)), how, who):
        if fits(row):
            found.fit.add(row[0])
            if stays(row):
                continue
        unsure.append(row)
    timed = [leaf for leaf in leaves.values() if leaf.deed]
    for row in unsure:
        moments = [moment for leaf in timed if (moment := leaf.changes(row)) is not None]
        if moments:
            found.changes[row[0]] = min(moments)
    dates = [leaf for leaf in leaves if isinstance(leaf, c.Attribute) and timing.by_time(leaf)]
    if unsure and dates:
        _note_dates(dates, found.changes, how, these(row[0] for row in unsure))
    return found


class _Leaf:
    """A condition in the answer: its columns, from place `at` on, and how they are read.

    `deed` is the condition if it is one on events in a window.
    """

    def __init__(self, node: c.Leaf, how: sql.Asked, at: int) -> None:
        self.at = at
        self.deed: c.Performed | c.LastPerformed | None = None
        if isinstance(node, c.Performed | c.LastPerformed) and (leaving := timing.leaving(node)):
            self.deed = node
            self.columns = sql.newest(node, leaving, how)
            self.window = leaving.days * c.DAY_MS
            self.since = how.moment(how.at - self.window)
        else:
            text, arguments = sql.condition(node, how)
            self.columns = [(f"case when {text} then 1 else 0 end", arguments)]

    def holds(self, row: tuple[Any, ...]) -> bool:
        """Whether it is true."""
        if self.deed is None:
            return bool(row[self.at])
        return timing.happened(self.deed, row[self.at : self.at + len(self.columns)], self.since)

    def changes(self, row: tuple[Any, ...]) -> int | None:
        """When the oldest of its events leaves the window, in milliseconds; None if there is none in it."""
        for stored in row[self.at + len(self.columns) - 1 : self.at - 1 : -1]:
            if stored is not None:
                return _ceiling(stored) + self.window if stored > self.since else None
        return None


def _judge(node: c.Condition, leaves: Mapping[c.Condition, _Leaf]) -> Callable[[tuple[Any, ...]], bool]:
    """Whether a condition is true, by the truth of its leaves."""
    if not isinstance(node, c.GROUPS):
        return leaves[node].holds
    parts = [_judge(one, leaves) for one in node.of]
    if isinstance(node, c.AllOf):
        return lambda row: all(one(row) for one in parts)
    wanted = isinstance(node, c.AnyOf)
    return lambda row: any(one(row) for one in parts) == wanted


def _note_dates(leaves: Iterable[c.Attribute], changes: dict[str, int], how: sql.Asked, who: Who) -> None:
    """Add the days and moments that are known of somebody: each begins, and each leaves its window."""
    for leaf in leaves:
        if leaf.key not in how.catalogue.attributes:
            continue
        text, arguments = sql.attribute_moments(leaf, who("p.id"), how)
        for person, stored in rows.ask(Person, text, arguments):
            begins = _day_or_moment(stored, how.catalogue.attributes[leaf.key])
            for moment in (begins, begins + (leaf.days or 0) * c.DAY_MS):
                if how.at < moment < changes.get(person, moment + 1):
                    changes[person] = moment


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
    who: Text = ("1=1", [])
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
