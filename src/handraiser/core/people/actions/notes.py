"""Writing notes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import NoteAdded
from handraiser.core.people.models import Lead, Note, Person
from handraiser.core.staff.models import User
from handraiser.kit.errors import DomainError


@transaction.atomic
def add(*, person: Person, lead: Lead | None, author: User | None, text: str, at: datetime) -> Note:
    """Write a note about a person and, usually, one of their leads. Raises DomainError("empty_note")."""
    if not text.strip():
        raise DomainError("empty_note", "A note needs some words.", field="text")
    note = Note.objects.create(person=person, lead=lead, author=author, text=text.strip(), written_at=at)
    outbox.publish(
        NoteAdded(note=note.id, by=str(author.id) if author else ""),
        at=at,
        person=person.id,
        lead=lead.id if lead else None,
    )
    return note
