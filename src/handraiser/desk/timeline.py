"""The timeline of a lead: every event of the person, said by the stage that knows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, reduce
from itertools import chain, groupby
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from handraiser.attract import sentences as attract
from handraiser.capture import sentences as capture
from handraiser.capture.models import Submission
from handraiser.convert import sentences as convert
from handraiser.core.audience import sentences as audience
from handraiser.core.consent import sentences as consent
from handraiser.core.delivery import sentences as delivery
from handraiser.core.delivery.models import Message
from handraiser.core.identity import sentences as identity
from handraiser.core.identity import timelines
from handraiser.core.identity.models import TimelineItem
from handraiser.core.identity.timelines import Month, Place
from handraiser.core.people import sentences as people
from handraiser.core.people.models import Lead, Note, Task
from handraiser.core.people.sentences import Sentence
from handraiser.core.staff.models import User
from handraiser.desk import answers
from handraiser.desk.rules import folding, groups
from handraiser.desk.rules.folding import Day, Entry
from handraiser.nurture import models as sequences
from handraiser.nurture import sentences as nurture
from handraiser.qualify import sentences as qualify

# Who did it stands in the body, outside the index: it is read of those events only that a machine may do too.
_BY_PEOPLE_ONLY = ~Q(name__in=groups.BY_MACHINES)
_DONE_BY = {
    "email": _BY_PEOPLE_ONLY | Q(body__machine="") | Q(body__machine__isnull=True),
    "system": _BY_PEOPLE_ONLY | Q(body__machine__gt=""),
}
GROUPS = {
    "all": "Everything",
    "website": "Website",
    "email": "Email",
    "sales": "Sales",
    "system": "System",
}
PAGE = 60
LONGEST = 300  # a page goes on to the end of a folded run, but no further than this
LOOKED_THROUGH = 1_000  # events at most, for one page of a search
READERS_NEED = timedelta(minutes=5)  # at most, when all is well


@dataclass(frozen=True)
class Asked:
    """What of a timeline somebody wants to see: a group, words, from the end of a month, from a place backwards."""

    group: str = "all"
    words: str = ""
    upto: date | None = None
    before: Place | None = None

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Asked:
        """From an address. What makes no sense is left out."""
        group = params.get("show", "")
        return cls(
            group=group if group in GROUPS else "all",
            words=" ".join(params.get("find", "").split())[:100],
            upto=_month(params.get("upto", "")),
            before=Place.read(params.get("before", "")),
        )

    @property
    def newest(self) -> bool:
        """True if it begins with what happened last."""
        return self.before is None and self.upto is None

    def pairs(self) -> dict[str, str]:
        """What stands in the address, without the place."""
        pairs = {"show": self.group} if self.group != "all" else {}
        if self.words:
            pairs["find"] = self.words
        if self.upto:
            pairs["upto"] = f"{self.upto:%Y-%m}"
        return pairs


@dataclass(frozen=True)
class Timeline:
    """Days with their lines, and where earlier ones begin: None when there is nothing earlier.

    `looked_to` is the moment up to which a search looked, if it ended early.
    """

    days: list[Day]
    earlier: Place | None
    looked_to: datetime | None = None


@dataclass(frozen=True)
class Year:
    """A year that has events, and its months: the first day of each and how many."""

    year: int
    events: int
    months: tuple[Month, ...]


def within(chosen: Iterable[str]) -> Q:
    """The condition on items of these groups."""
    return reduce(or_, (_of_group(group) for group in chosen))


def _of_group(group: str) -> Q:
    if group == "system":
        named = ~Q(name__in=frozenset().union(*groups.NAMES.values()) - groups.BY_MACHINES)
    else:
        named = Q(name__in=groups.NAMES[group])
    return named & _DONE_BY.get(group, Q())


def rows_of(lead: Lead, group: str = "all") -> QuerySet[TimelineItem]:
    """The items that a lead's page shows: all of the person's but those that name another lead."""
    rows = timelines.of(lead.person_id).filter(lead_id__in=("", lead.id), name__in=_said(group))
    return rows.filter(_DONE_BY.get(group, Q()))


@cache
def _said(group: str) -> list[str]:
    """The events that have a sentence and may be of this group."""
    shared = groups.BY_MACHINES if group == "system" else ()
    return sorted(
        name for name in SENTENCES if group == "all" or groups.of(name, {}) == group or name in shared
    )


def years(lead: Lead, group: str, zone: ZoneInfo) -> list[Year]:
    """The years and months in which something of this group happened, newest first."""
    found = []
    for year, some in groupby(
        timelines.months(rows_of(lead, group), zone), key=lambda month: month.first.year
    ):
        months = tuple(some)
        found.append(Year(year, sum(month.events for month in months), months))
    return found


def of(lead: Lead, asked: Asked, *, points: Mapping[str, str], zone: ZoneInfo, at: datetime) -> Timeline:
    """A page of the events of a lead's person. `points` is by message id."""
    found: list[Entry] = []
    shown: set[str] = set()
    earlier, looked_to, last = None, None, None
    for looked, (item, entry) in enumerate(told(lead, asked, points=points, zone=zone)):
        if last is not None and (looked == LOOKED_THROUGH or _full(found, entry)):
            earlier = Place.of(last)
            looked_to = last.occurred_at if looked == LOOKED_THROUGH and asked.words else None
            break
        last = item
        shown.add(str(item.body.get("note", "")))
        if entry is not None:
            found.append(entry)
    if asked.newest and not asked.words and asked.group in ("all", "sales"):
        found = [*_just_written(lead, shown, zone, at), *found]
        found.sort(key=lambda entry: entry.at, reverse=True)
    return Timeline(folding.days(found, today=at.astimezone(zone).date()), earlier, looked_to)


def told(
    lead: Lead, asked: Asked, *, points: Mapping[str, str], zone: ZoneInfo
) -> Iterator[tuple[TimelineItem, Entry | None]]:
    """Each item from the place that was asked for, with its line; None if it has none, or not the words."""
    rows = rows_of(lead, asked.group)
    place = asked.before or (timelines.end_of(asked.upto, zone) if asked.upto else None)
    words = asked.words.casefold().split()
    said: dict[tuple[str, str], Sentence | None] = {}
    size = PAGE + 1
    while True:
        items, place = timelines.page(rows, before=place, size=size)
        more = _Lookup(items)
        for item in items:
            # The same event with the same fields reads the same; a stage may look things up to say it.
            key = (item.name, json.dumps(item.body, sort_keys=True))
            if key not in said:
                said[key] = SENTENCES[item.name](more.named(item.body))
            sentence = said[key]
            entry = _entry(item, sentence, more, points, zone) if sentence is not None else None
            yield item, entry if entry is not None and _says(entry, words) else None
        if place is None:
            return
        size = LONGEST


def _full(found: Sequence[Entry], entry: Entry | None) -> bool:
    if len(found) < PAGE:
        return False
    return entry is None or len(found) >= LONGEST or not folding.goes_on(found[-1], entry)


def _says(entry: Entry, words: Sequence[str]) -> bool:
    if not words:
        return True
    parts = [entry.text, entry.detail, entry.quote, *chain.from_iterable(entry.answers)]
    text = _plain(" ".join(parts)).casefold()
    return all(word in text for word in words)


def _month(text: str) -> date | None:
    """ "2024-05" is that month, "2024" its December."""
    year, _, month = text.partition("-")
    if not (year.isdigit() and len(year) == 4 and (month or "12").isdigit()):
        return None
    try:
        found = date(int(year), int(month or "12"), 1)
    except ValueError:
        return None
    return found if 1970 <= found.year < 9999 else None


def _just_written(lead: Lead, shown: Container[str], zone: ZoneInfo, at: datetime) -> list[Entry]:
    """Notes whose event the reader has not brought yet: who writes one wants to see it at once."""
    notes = Note.objects.filter(lead=lead, written_at__gt=at - READERS_NEED).select_related("author")
    return [
        Entry(
            at=note.written_at.astimezone(zone),
            name="people.note_added",
            icon="note",
            text=_note_text(note),
            group="sales",
            quote=note.text,
        )
        for note in notes.order_by("-written_at")
        if note.id not in shown
    ]


def _note_text(note: Note) -> str:
    return f"{_name(note.author)} wrote a **note**"


def _entry(
    item: TimelineItem, sentence: Sentence, more: _Lookup, points: Mapping[str, str], zone: ZoneInfo
) -> Entry:
    entry = Entry(
        at=item.occurred_at.astimezone(zone),
        name=item.name,
        icon=sentence.icon,
        text=sentence.text,
        group=sentence.group,
        id=item.message_id,
        points=points.get(item.message_id, ""),
        kind=folding.kind_of(item.name, item.body),
    )
    return more.enrich(item, entry)


class _Lookup:
    """What stands in records only: notes, answers, titles, names. One query a kind for the whole page."""

    def __init__(self, items: Sequence[TimelineItem]) -> None:
        def ids(key: str) -> set[Any]:
            return {item.body[key] for item in items if item.body.get(key)}

        self.notes = Note.objects.select_related("author").in_bulk(ids("note"))
        self.tasks = Task.objects.in_bulk(ids("task"))
        self.subjects = dict(Message.objects.filter(id__in=ids("message")).values_list("id", "subject"))
        self.sequences = dict(
            sequences.Sequence.objects.filter(id__in=ids("sequence")).values_list("id", "name")
        )
        self.submissions = Submission.objects.select_related("version").in_bulk(ids("submission"))
        staff = ids("owner") | ids("previous") | {int(by) for by in ids("by") if str(by).isdigit()}
        self.staff = User.objects.in_bulk({one for one in staff if isinstance(one, int)})

    def named(self, body: dict[str, Any]) -> dict[str, Any]:
        """What names a message or a sequence without asking for each; empty for one that is gone."""
        names = {}
        if message := body.get("message"):
            names["subject"] = self.subjects.get(message, "")
        if sequence := body.get("sequence"):
            names["sequence_name"] = self.sequences.get(sequence, "")
        return {**body, **names} if names else body

    def enrich(self, item: TimelineItem, entry: Entry) -> Entry:
        body = item.body
        if note := self.notes.get(body.get("note", "")):
            return replace(entry, quote=note.text, text=_note_text(note))
        if task := self.tasks.get(body.get("task", "")):
            verb = "done" if item.name.endswith("task_done") else "added"
            return replace(entry, text=f"Task {verb}: **{_plain(task.title)}**", detail=self._by(body))
        if submission := self.submissions.get(body.get("submission", "")):
            return replace(entry, **_answered(submission))
        if item.name == "people.lead_assigned":
            owner = self.staff.get(body.get("owner") or 0)
            text = f"Given to **{_plain(owner.name)}**" if owner else "Set free: **nobody** owns it"
            return replace(entry, text=text, detail=(body.get("why") or "").capitalize())
        if item.name.startswith(("qualify.stage", "convert.")):
            return replace(entry, detail=entry.detail or self._by(body))
        return entry

    def _by(self, body: Mapping[str, Any]) -> str:
        by = str(body.get("by") or "")
        user = self.staff.get(int(by)) if by.isdigit() else None
        return f"By {user.name}" if user else ""


def _name(user: User | None) -> str:
    return _plain(user.name) if user else "Somebody"


def _plain(text: str) -> str:
    return text.replace("**", "")


def _answered(submission: Submission) -> dict[str, Any]:
    """The answers of a form: the longest text as a quote, what is stored nowhere else below each other."""
    said = answers.of(submission)
    quote = next((one.text for one in said if one.long), "")
    others = tuple((one.label, one.text) for one in said if not one.long and not one.stored)
    return {"quote": quote, "answers": others}


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence | None]] = {
    **people.SENTENCES,
    **identity.SENTENCES,
    **audience.SENTENCES,
    **consent.SENTENCES,
    **delivery.SENTENCES,
    **attract.SENTENCES,
    **capture.SENTENCES,
    **qualify.SENTENCES,
    **nurture.SENTENCES,
    **convert.SENTENCES,
}
