"""What a merge would do, in words, before anybody does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handraiser.core.consent.models import Grant
from handraiser.core.identity.actions.merges import COMPANY, fields_of
from handraiser.core.identity.models import TimelineItem, VisitorLink
from handraiser.core.identity.rules import survivorship
from handraiser.core.people.models import FieldDefinition, Lead, Note, Person, Task

LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Phone",
    "job_title": "Role",
    "country": "Country",
    "time_zone": "Time zone",
    COMPANY: "Company",
}


@dataclass(frozen=True)
class Line:
    """One field of both, and whose value is proposed."""

    key: str
    label: str
    kept: str
    gone: str
    wins: str
    asks: bool


@dataclass(frozen=True)
class Side:
    """One of the two, with what hangs on them."""

    person: Person
    leads: list[Lead]
    counts: list[tuple[str, int]]


@dataclass(frozen=True)
class Preview:
    """Both sides, the fields, and what follows."""

    kept: Side
    gone: Side
    lines: list[Line]
    follows: list[str]

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both, as the columns stand."""
        return self.kept, self.gone


def of(kept: Person, gone: Person) -> Preview:
    """What making one of these two would do; nothing is written."""
    labels = LABELS | dict(FieldDefinition.objects.filter(entity="person").values_list("key", "label"))
    lines = [
        Line(
            choice.key,
            labels.get(choice.key, choice.key),
            _shown(kept, choice.key, choice.kept),
            _shown(gone, choice.key, choice.gone),
            choice.wins,
            choice.in_doubt,
        )
        for choice in survivorship.choices(fields_of(kept), fields_of(gone))
        if choice.kept not in ("", None) or choice.gone not in ("", None)
    ]
    sides = _side(kept), _side(gone)
    return Preview(*sides, lines=lines, follows=_follows(*sides))


def _shown(person: Person, key: str, value: Any) -> str:
    if key == COMPANY:
        return person.company.name if person.company else ""
    return "" if value is None else str(value)


def _side(person: Person) -> Side:
    counts = [
        ("events", TimelineItem.objects.filter(person=person).count()),
        ("notes", Note.objects.filter(person=person).count()),
        ("tasks", Task.objects.filter(person=person).count()),
        ("browsers", VisitorLink.objects.filter(person=person).count()),
    ]
    leads = Lead.objects.filter(person=person).select_related("offer_line", "owner").order_by("-opened_at")
    told = [(word if count > 1 else word[:-1], count) for word, count in counts if count]
    return Side(person, list(leads[:10]), told)


def _follows(kept: Side, gone: Side) -> list[str]:
    sentences = []
    lines = {lead.offer_line_id: lead for lead in kept.leads if lead.closed_at is None}
    for lead in gone.leads:
        mine = lines.get(lead.offer_line_id)
        if lead.closed_at is None and mine:
            stays, _ = survivorship.stays(_open(mine), _open(lead))
            further = mine if stays == mine.id else lead
            sentences.append(
                f"The two open leads for {lead.offer_line} become one, at stage"
                f" {further.get_stage_display()}."
            )
    withdrawn = _withdrawn(kept.person) | _withdrawn(gone.person)
    standing = _standing(kept.person) | _standing(gone.person)
    for label in sorted(withdrawn & standing):
        sentences.append(f"One of them took back “{label}”. That holds for both.")
    sentences.append("Score and timeline are worked out anew from both histories.")
    sentences.append("Links to the old entry go on working, and the merge can be undone.")
    return sentences


def _open(lead: Lead) -> survivorship.OpenLead:
    return survivorship.OpenLead(lead.id, lead.stage, lead.owner_id is not None, lead.opened_at)


def _standing(person: Person) -> set[str]:
    rows = Grant.objects.filter(person=person, withdrawn_at=None)
    return set(rows.values_list("purpose__label", flat=True))


def _withdrawn(person: Person) -> set[str]:
    return set(Grant.objects.filter(person=person).values_list("purpose__label", flat=True)) - _standing(
        person
    )


def known(person: Person) -> list[tuple[str, str]]:
    """What is known of somebody: label and value."""
    labels = LABELS | dict(FieldDefinition.objects.filter(entity="person").values_list("key", "label"))
    return [
        (labels.get(key, key), shown)
        for key, value in fields_of(person).items()
        if (shown := _shown(person, key, value))
    ]
