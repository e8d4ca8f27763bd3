"""Reads of segments: the list, who is in, why somebody is or is not, and what a change would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.timezone import localtime

from handraiser.core.audience import asking
from handraiser.core.audience.models import Exit, Membership, Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import wording
from handraiser.core.audience.rules.vocabulary import EVENTS, Catalogue
from handraiser.core.people.models import Person

WEEK = timedelta(days=7)
SHOWN = 5  # people of a sample


@dataclass(frozen=True)
class Standing:
    """A segment with its numbers; entered and left count the last seven days, whoever came and went in both."""

    segment: Segment
    people: int
    entered: int
    left: int
    used_by: tuple[Segment, ...] = ()


def listing(*, at: datetime, search: str = "", archived: bool = False) -> list[Standing]:
    """Segments by name."""
    found = Segment.objects.filter(archived_at__isnull=not archived).order_by("name")
    if search:
        found = found.filter(name__icontains=search)
    return standings(list(found), at=at)


def standings(segments: Sequence[Segment], *, at: datetime) -> list[Standing]:
    """The numbers of these segments, in their order."""
    of_these, since = Q(segment__in=[one.id for one in segments]), at - WEEK

    def counted(rows: QuerySet[Any]) -> dict[str, int]:
        return dict(rows.filter(of_these).order_by().values_list("segment_id").annotate(n=Count("id")))

    people = counted(Membership.objects.all())
    entered = counted(Membership.objects.filter(since__gt=since))
    passed = counted(Exit.objects.filter(left_at__gt=since, since__gt=since))
    left = counted(Exit.objects.filter(left_at__gt=since))
    users: dict[str, list[Segment]] = {}
    for other in Segment.objects.filter(archived_at=None).exclude(definition=None).order_by("name"):
        for used in c.named_segments(c.from_data(other.definition).condition):
            users.setdefault(used, []).append(other)
    return [
        Standing(
            segment=one,
            people=people.get(one.id, 0),
            entered=entered.get(one.id, 0) + passed.get(one.id, 0),
            left=left.get(one.id, 0),
            used_by=tuple(users.get(one.id, ())),
        )
        for one in segments
    ]


def members(segment: Segment, *, search: str = "") -> QuerySet[Membership]:
    """Who is in, whoever came last first."""
    found = Membership.objects.filter(segment=segment).select_related("person", "person__company")
    if search:
        named = Q(person__email__icontains=search) | Q(person__last_name__icontains=search)
        found = found.filter(named | Q(person__first_name__icontains=search))
    return found.order_by("-since", "-id")


# ------------------------------------------------------------------------------------------- one person


@dataclass(frozen=True)
class Line:
    """A condition about one person: its words, whether it holds, and what was seen ("1 time, last 12 Nov")."""

    path: c.Path
    words: str
    holds: bool
    seen: str
    depth: int
    group: bool


@dataclass(frozen=True)
class Why:
    """Whether somebody is in, in a sentence, with every condition below it."""

    inside: bool
    sentence: str
    lines: tuple[Line, ...]


def why(definition: c.Definition, person: str, *, at: datetime) -> Why:
    """Whether the conditions hold of a person now, and which of them decide it."""
    known = asking.catalogue()
    found = asking.verdicts(definition.condition, asking.asked(at, known), person)
    inside = bool(found) and found[0].holds
    # The definition's own groups stand one deeper in its tree.
    mine = [one for one in found if len(one.path) > 1]
    lines = tuple(
        Line(
            path=one.path[1:] if one.path[0] == 0 else one.path,
            words=_words(one, known),
            holds=one.holds if one.path[0] == 0 else not one.holds,
            seen=_seen(one, at),
            depth=len(one.path) - 2,
            group=isinstance(one.node, c.GROUPS),
        )
        for one in mine
    )
    return Why(inside, _sentence(inside, found, known, at), lines)


def _words(one: asking.Verdict, known: Catalogue) -> str:
    if one.path[0] == 1 and isinstance(one.node, c.InSegment):
        return f"Except: {wording.words(one.node, known)}"
    if isinstance(one.node, c.GROUPS):
        return wording.GROUPS[type(one.node)]
    return wording.words(one.node, known)


def _sentence(inside: bool, found: Sequence[asking.Verdict], known: Catalogue, at: datetime) -> str:
    if inside:
        return "In: everything holds"
    for one in found:
        if one.path[:1] == (1,) and len(one.path) == 2 and one.holds:
            return f"Out: {_first_small(wording.words(one.node, known))}"
    if (decisive := _decisive(found)) is None:
        return "Out: no condition holds"
    told = _deed(decisive)
    seen = _seen(decisive, at)
    words = told + seen if told and seen else _against(decisive, known)
    return f"Out: {words}"


def _decisive(found: Sequence[asking.Verdict]) -> asking.Verdict | None:
    """The first condition under "all of" or "none of" that keeps somebody out."""
    by_path = {one.path: one for one in found}

    def look(path: c.Path, wanted: bool) -> asking.Verdict | None:
        one = by_path.get(path)
        if one is None or one.holds == wanted:
            return None
        if not isinstance(one.node, c.GROUPS):
            return one
        child = not wanted if isinstance(one.node, c.NoneOf) else wanted
        for place in range(len(one.node.of)):
            if deeper := look((*path, place), child):
                return deeper
        return None

    return look((0,), True)


def _against(one: asking.Verdict, known: Catalogue) -> str:
    told = _first_small(wording.words(one.node, known))
    if one.holds:
        return told
    return told.removeprefix("not ") if told.startswith("not ") else f"not {told}"


def _deed(one: asking.Verdict) -> str:
    if isinstance(one.node, c.Performed | c.LastPerformed):
        return _first_small(EVENTS[one.node.event].did) + " "
    return ""


def _seen(one: asking.Verdict, at: datetime) -> str:
    if one.times is None:
        return ""
    if one.last_at is None:
        return "never"
    last = localtime(one.last_at)
    year = "" if last.year == localtime(at).year else f" {last.year}"
    return f"{one.times:,} time{'' if one.times == 1 else 's'}, last {last.day} {last:%b}{year}"


def _first_small(words: str) -> str:
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


# ------------------------------------------------------------------------------------------- a change


@dataclass(frozen=True)
class Preview:
    """Whom a change of a live segment would move, with some of them."""

    entering: int
    leaving: int
    exact: bool
    enter: tuple[Person, ...]
    leave: tuple[Person, ...]


def preview(segment: Segment, definition: c.Definition, *, at: datetime) -> Preview:
    """Who would enter and who would leave if this were saved."""
    how = asking.asked(at)
    inside = c.InSegment(segment.id)
    entering = c.AllOf((definition.condition, c.NoneOf((inside,))))
    leaving = c.AllOf((inside, c.NoneOf((definition.condition,))))
    counted = asking.count([entering, leaving], how)
    enter, leave = (tuple(some(node, at=at)) for node in (entering, leaving))
    enters, leaves = counted.counts
    return Preview(enters, leaves, exact=counted.exact, enter=enter, leave=leave)


def some(node: c.Condition, *, at: datetime, limit: int = SHOWN) -> list[Person]:
    """Some who fit, the newest people first."""
    found = asking.sample(node, asking.asked(at), limit=limit)
    people = Person.objects.select_related("company").in_bulk(found)
    return [people[one] for one in found if one in people]
