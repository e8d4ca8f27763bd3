"""The timeline of a lead: every event of the person, said by the stage that knows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from handraiser.attract import sentences as attract
from handraiser.capture import sentences as capture
from handraiser.capture.models import Submission
from handraiser.convert import sentences as convert
from handraiser.core.consent import sentences as consent
from handraiser.core.delivery import sentences as delivery
from handraiser.core.identity import sentences as identity
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people import sentences as people
from handraiser.core.people.models import Lead, Note, Task
from handraiser.core.people.sentences import Sentence
from handraiser.core.staff.models import User
from handraiser.desk import answers
from handraiser.desk.rules import folding, groups
from handraiser.desk.rules.folding import Day, Entry
from handraiser.nurture import sentences as nurture
from handraiser.qualify import sentences as qualify

_BY_A_PERSON = Q(body__machine="") | Q(body__machine__isnull=True)
GROUPS = {"all": "Everything", "website": "Website", "email": "Email", "sales": "Sales"}
PAGE = 60
READERS_NEED = timedelta(minutes=5)  # at most, when all is well
LOOKED_THROUGH = 600  # at most, for one page of a filter that few events pass


@dataclass(frozen=True)
class Timeline:
    """Days with their lines, and where earlier ones begin: "" when there is nothing earlier."""

    days: list[Day]
    earlier: str


def within(chosen: Iterable[str]) -> Q:
    """The condition on items of these groups."""
    return reduce(or_, (_of_group(group) for group in chosen))


def _of_group(group: str) -> Q:
    by_machine = Q(name__in=groups.BY_MACHINES, body__machine__gt="")
    if group == "system":
        return ~Q(name__in=frozenset().union(*groups.NAMES.values())) | by_machine
    certain = Q(name__in=groups.NAMES[group] - groups.BY_MACHINES)
    shared = groups.NAMES[group] & groups.BY_MACHINES
    return certain | Q(name__in=shared) & _BY_A_PERSON if shared else certain


def of(
    lead: Lead,
    *,
    group: str,
    points: Mapping[str, str],
    zone: ZoneInfo,
    at: datetime,
    before: str = "",
) -> Timeline:
    """The newest events of a lead's person, from `before` on backwards.

    Events that name another lead of the same person stay with that lead. `points` is by message id.
    """
    items, earlier = _items(lead, group, before)
    more = _Lookup([item for item, _ in items])
    entries = [_entry(item, sentence, more, points, zone) for item, sentence in items]
    if not before and group in ("all", "sales"):
        entries = [*_just_written(lead, more, zone, at), *entries]
        entries.sort(key=lambda entry: entry.at, reverse=True)
    return Timeline(days=folding.days(entries, today=at.astimezone(zone).date()), earlier=earlier)


def _just_written(lead: Lead, more: _Lookup, zone: ZoneInfo, at: datetime) -> list[Entry]:
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
        if note.id not in more.notes
    ]


def _note_text(note: Note) -> str:
    return f"{_name(note.author)} wrote a **note**"


def _items(lead: Lead, group: str, before: str) -> tuple[list[tuple[TimelineItem, Sentence]], str]:
    rows = TimelineItem.objects.filter(person_id=lead.person_id, lead_id__in=("", lead.id))
    rows = rows.filter(name__in=SENTENCES).order_by("-occurred_at", "-id")
    if place := _place(before):
        moment, row_id = place
        rows = rows.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=row_id))
    said: dict[tuple[str, str], Sentence | None] = {}
    found: list[tuple[TimelineItem, Sentence]] = []
    looked = list(rows[: LOOKED_THROUGH + 1])
    for number, item in enumerate(looked):
        if len(found) == PAGE or number == LOOKED_THROUGH:
            last = looked[number - 1]
            return found, f"{last.occurred_at.isoformat()}~{last.id}"
        # The same event with the same fields reads the same; a stage may look things up to say it.
        key = (item.name, json.dumps(item.body, sort_keys=True))
        if key not in said:
            said[key] = SENTENCES[item.name](item.body)
        sentence = said[key]
        if sentence is not None and group in ("all", sentence.group):
            found.append((item, sentence))
    return found, ""


def _place(before: str) -> tuple[datetime, int] | None:
    moment, _, row_id = before.partition("~")
    try:
        return datetime.fromisoformat(moment), int(row_id)
    except ValueError:
        return None


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
    )
    return more.enrich(item, entry)


class _Lookup:
    """What stands in records only: notes, answers, titles, names. One query a kind for the whole page."""

    def __init__(self, items: Sequence[TimelineItem]) -> None:
        def ids(key: str) -> set[Any]:
            return {item.body[key] for item in items if item.body.get(key)}

        self.notes = Note.objects.select_related("author").in_bulk(ids("note"))
        self.tasks = Task.objects.in_bulk(ids("task"))
        self.submissions = Submission.objects.select_related("version").in_bulk(ids("submission"))
        staff = ids("owner") | ids("previous") | {int(by) for by in ids("by") if str(by).isdigit()}
        self.staff = User.objects.in_bulk({one for one in staff if isinstance(one, int)})

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
    **consent.SENTENCES,
    **delivery.SENTENCES,
    **attract.SENTENCES,
    **capture.SENTENCES,
    **qualify.SENTENCES,
    **nurture.SENTENCES,
    **convert.SENTENCES,
}
