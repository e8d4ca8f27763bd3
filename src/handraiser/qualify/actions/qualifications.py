"""Noting what is known of a lead, taking it back, and choosing how to ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import ElementNoted, ElementUndone
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError
from handraiser.qualify.models import Asking, Noted
from handraiser.qualify.rules.frameworks import FRAMEWORKS, PLACES, USES, Element

LONGEST = 2_000


@transaction.atomic
def note(
    *,
    lead: Lead,
    framework: str,
    element: str,
    value: int | None,
    came_from: str,
    at: datetime,
    text: str = "",
    said_by: str = "",
    submission: str = "",
    by: User | None = None,
) -> Noted:
    """Note what is known of one element; without a value: asked, and still unknown.

    Raises DomainError: unknown_element, unknown_value, unknown_place, evidence_missing (a value without words),
    evidence_long.
    """
    asked = element_of(framework, element)
    if value is not None and value not in dict(asked.choices):
        raise DomainError("unknown_value", "Choose one of the answers.", field="value")
    if came_from not in PLACES:
        raise DomainError("unknown_place", "Say where you know it from.", field="came_from")
    evidence = text.strip()
    if value is not None and not evidence:
        raise DomainError("evidence_missing", "Write what they said. Their own words are best.", field="text")
    if len(evidence) > LONGEST:
        raise DomainError("evidence_long", f"Keep it under {LONGEST:,} characters.", field="text")
    row = Noted.objects.create(
        id=ids.new("noted", at_ms=clock.ms(at)),
        lead=lead,
        framework=framework,
        element=element,
        value=value,
        text=evidence,
        came_from=came_from,
        submission=submission[:40],
        said_by=said_by.strip()[:120],
        noted_by=by,
        noted_at=at,
    )
    outbox.publish(
        ElementNoted(
            framework=framework,
            element=element,
            value=value,
            came_from=came_from,
            by=str(by.id) if by else "",
        ),
        at=at,
        person=lead.person_id,
        lead=lead.id,
    )
    return row


@transaction.atomic
def undo(*, row: Noted, at: datetime, by: User | None = None) -> None:
    """Take a note back: what was known before holds again. The row stays. Twice is once."""
    if not Noted.objects.filter(id=row.id, undone_at=None).update(undone_at=at, undone_by=by):
        return
    outbox.publish(
        ElementUndone(framework=row.framework, element=row.element, by=str(by.id) if by else ""),
        at=at,
        person=row.lead.person_id,
        lead=row.lead_id,
    )


def element_of(framework: str, element: str) -> Element:
    """An element by its keys. Raises DomainError("unknown_element")."""
    known = FRAMEWORKS.get(framework)
    found = known.element(element) if known else None
    if found is None:
        raise DomainError("unknown_element", "There is nothing like that to ask about.", kind="missing")
    return found


def choose(*, uses: str, questions: Mapping[str, str], fields: Mapping[str, str], at: datetime) -> Asking:
    """Say which frameworks are used, and how each element is asked; what is empty or ours is the default.

    `questions` and `fields` are by `<framework>.<element>`; fields are names parted by commas.
    Raises DomainError("unknown_framework").
    """
    if uses not in USES:
        raise DomainError("unknown_framework", "Choose BANT, MEDDIC or both.", field="uses")
    row = Asking.get()
    row.uses = uses
    row.questions, row.fields = {}, {}
    for framework in FRAMEWORKS.values():
        for element in framework.elements:
            place = f"{framework.key}.{element.key}"
            own = " ".join(questions.get(place, "").split())[:300]
            if own and own != element.question:
                row.questions[place] = own
            names = [name.strip().lower() for name in fields.get(place, "").split(",") if name.strip()]
            if place in fields and tuple(names) != element.names:
                row.fields[place] = names[:20]
    row.changed_at = at
    row.save()
    return row
