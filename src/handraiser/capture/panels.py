"""Pieces of this stage for the desk's pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from handraiser.capture.models import Submission
from handraiser.capture.rendering import answers_in_words
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.schema import Type

_MOST = 20


@dataclass(frozen=True)
class Sent:
    """One form that a person sent: which version of it, from where, and every answer."""

    id: str
    form: str
    version: int
    page: str
    sent_at: datetime
    answers: list[tuple[str, str]]


def sent_by(person_id: str) -> list[Sent]:
    """The forms that a person sent, newest first. Needs `templates/capture/panel_sent.html` to be shown."""
    rows = Submission.objects.filter(person_id=person_id, state=Submission.State.ACCEPTED)
    return [
        Sent(
            id=row.id,
            form=row.form.name,
            version=row.version.number,
            page=row.page_path,
            sent_at=row.submitted_at,
            answers=answers_in_words(row.version, row.answers),
        )
        for row in rows.select_related("form", "version").order_by("-submitted_at")[:_MOST]
    ]


def quotes(submission_ids: Iterable[str]) -> dict[str, str]:
    """The free text of each submission, if any: read from records, as events hold no such thing."""
    rows = Submission.objects.filter(id__in=set(submission_ids)).select_related("version")
    found = {}
    for row in rows:
        asked = [
            field.key for field in schemas.parse(row.version.schema).fields if field.type is Type.TEXTAREA
        ]
        text = "\n".join(str(row.answers[key]) for key in asked if row.answers.get(key))
        if text:
            found[row.id] = text
    return found
