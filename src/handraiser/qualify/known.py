"""What is known of a lead by BANT and MEDDIC, what is open with its question, and what may be proposed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from handraiser.capture.models import Submission
from handraiser.capture.rendering import answers_in_words
from handraiser.capture.rules.schema import Type
from handraiser.core.people.models import Lead
from handraiser.qualify.models import Asking, Noted
from handraiser.qualify.rules import titles
from handraiser.qualify.rules.frameworks import (
    FRAMEWORKS,
    PLACES,
    USES,
    Element,
    Framework,
    Standing,
    standing,
)
from handraiser.qualify.rules.titles import Role

_FORMS = 5  # the newest forms of a lead are looked through for proposals
# How much say a title lets expect; nobody decides alone by their title.
_AS_VALUE = {Role.BUYER: 2, Role.CHAMPION: 1, Role.TECHNICAL: 1}


@dataclass(frozen=True)
class Proposal:
    """What something that is already there tells of an element; nothing counts until somebody confirms it."""

    text: str
    came_from: str
    source: str
    at: datetime | None = None
    submission: str = ""
    value: int | None = None


@dataclass(frozen=True)
class Line:
    """One element: what is known (`noted` with a value), what is proposed, else the question to ask.

    `history` is every note on it, newest first, those taken back included.
    """

    element: Element
    question: str
    noted: Noted | None
    proposal: Proposal | None
    history: tuple[Noted, ...]

    @property
    def known(self) -> bool:
        """Somebody noted a value."""
        return self.noted is not None and self.noted.value is not None

    @property
    def words(self) -> str:
        """What the noted value means."""
        return self.element.words(self.noted.value) if self.noted else ""

    @property
    def place(self) -> str:
        """Where it was learnt: "Form"."""
        return PLACES.get(self.noted.came_from, "") if self.noted else ""


@dataclass(frozen=True)
class Sheet:
    """One framework of one lead."""

    framework: Framework
    lines: tuple[Line, ...]
    standing: Standing

    @property
    def gaps(self) -> list[Line]:
        """What is still unknown, in the order in which it is asked."""
        return [line for line in self.lines if not line.known]


def of(lead: Lead) -> list[Sheet]:
    """What is known of a lead, a sheet for each framework that the organisation uses."""
    asking = Asking.get()
    histories: dict[tuple[str, str], list[Noted]] = defaultdict(list)
    rows = Noted.objects.filter(lead=lead).select_related("noted_by", "undone_by")
    for row in rows.order_by("-noted_at", "-id"):
        histories[row.framework, row.element].append(row)
    forms = _Forms(lead)
    return [_sheet(FRAMEWORKS[key], lead, asking, histories, forms) for key in USES[asking.uses]]


def _sheet(
    framework: Framework,
    lead: Lead,
    asking: Asking,
    histories: dict[tuple[str, str], list[Noted]],
    forms: _Forms,
) -> Sheet:
    lines = []
    for element in framework.elements:
        place = f"{framework.key}.{element.key}"
        history = histories.get((framework.key, element.key), [])
        noted = next((row for row in history if row.undone_at is None), None)
        names = asking.fields.get(place, element.names)
        lines.append(
            Line(
                element=element,
                question=asking.questions.get(place, element.question),
                noted=noted,
                proposal=None if noted else _proposal(framework, element, names, lead, forms),
                history=tuple(history),
            )
        )
    values = {line.element.key: line.noted.value for line in lines if line.noted}
    known = {key: value for key, value in values.items() if value is not None}
    return Sheet(framework, tuple(lines), standing(framework, known))


def gaps(lead: Lead) -> list[Line]:
    """What is unknown and not even proposed, by the first framework that is used."""
    return [line for sheet in of(lead)[:1] for line in sheet.gaps if line.proposal is None]


@dataclass(frozen=True)
class _Answer:
    names: frozenset[str]
    text: str
    form: str
    submission: str
    at: datetime


class _Forms:
    """The answers of a lead's newest forms; read when something is first asked of them."""

    def __init__(self, lead: Lead) -> None:
        self._lead = lead
        self._read: list[_Answer] | None = None

    def __iter__(self) -> Iterator[_Answer]:
        if self._read is None:
            self._read = list(self._answers())
        return iter(self._read)

    def _answers(self) -> Iterator[_Answer]:
        rows = Submission.objects.filter(lead=self._lead, state=Submission.State.ACCEPTED)
        for row in rows.select_related("form", "version").order_by("-submitted_at")[:_FORMS]:
            for field in row.version.schema.get("fields", []):
                if row.answers.get(field["key"]) in (None, "", []) or field["type"] == Type.CONSENT:
                    continue
                said = answers_in_words(row.version, {field["key"]: row.answers[field["key"]]})
                if said:
                    names = {field["key"].lower(), str(field.get("maps_to") or "").rpartition(":")[2].lower()}
                    yield _Answer(frozenset(names), said[0][1], row.form.name, row.id, row.submitted_at)


def _proposal(
    framework: Framework, element: Element, names: Iterable[str], lead: Lead, forms: _Forms
) -> Proposal | None:
    wanted = set(names)
    for answer in forms:
        if wanted & answer.names:
            return Proposal(answer.text, "form", answer.form, answer.at, answer.submission)
    for attributes in (lead.attributes, lead.person.attributes):
        for key, value in attributes.items():
            if key.lower() in wanted and value not in (None, ""):
                return Proposal(str(value), "research", "a field")
    return _of_title(framework, element, lead)


def _of_title(framework: Framework, element: Element, lead: Lead) -> Proposal | None:
    title = lead.person.job_title
    role = titles.role_of(title)
    if role is Role.UNKNOWN:
        return None
    if (framework.key, element.key) == ("bant", "authority"):
        return Proposal(title, "research", "their job title", value=_AS_VALUE.get(role))
    if (element.key, role) in (("economic_buyer", Role.BUYER), ("champion", Role.CHAMPION)):
        return Proposal(f"{lead.person.name}, {title}", "research", "their job title", value=1)
    return None
