"""Events for programs: the timeline of a person, and events that a server tells of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from handraiser.core.identity import aliases
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import idempotency, outbox
from handraiser.core.journal.events.attract import EventTracked
from handraiser.core.people.models import Person
from handraiser.core.staff.api_auth import PROBLEMS, Id, KeyAuth, Text
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

router = Router(tags=["events"])


class EventIn(Schema):
    """Something that a person did elsewhere, freely named."""

    person: Id
    event: Text = Field(min_length=1, max_length=120)
    properties: dict[Text, Text | int | float | bool | None] = Field(default_factory=dict, max_length=50)
    message_id: Text = Field("", max_length=60, description="Makes a repeat harmless.")


class EventStored(Schema):
    """The id under which it lies in the journal."""

    message_id: str


class EventOut(Schema):
    """An event of a person."""

    message_id: str
    name: str
    occurred_at: datetime
    body: dict[str, Any]


class EventPage(Schema):
    """Newest first; pass `next` as `before` for older ones."""

    events: list[EventOut]
    next: int | None


@router.get("/people/{person_id}/events", response={200: EventPage, **PROBLEMS}, auth=KeyAuth("events:read"))
def list_events(
    request: HttpRequest,
    person_id: Id,
    before: int = Query(0, ge=0, le=2**53),
    limit: int = Query(50, ge=1, le=200),
):
    """What a person did, newest first."""
    person_id = aliases.current(person_id)
    if not Person.objects.filter(id=person_id).exists():
        raise DomainError("no_person", "There is no person with this id.", kind="missing")
    rows = TimelineItem.objects.filter(person_id=person_id).order_by("-id")
    if before:
        rows = rows.filter(id__lt=before)
    page = list(rows[: limit + 1])
    return {
        "events": [
            {"message_id": r.message_id, "name": r.name, "occurred_at": r.occurred_at, "body": r.body}
            for r in page[:limit]
        ],
        "next": page[limit - 1].id if len(page) > limit else None,
    }


@router.post("/events", response={201: EventStored, **PROBLEMS}, auth=KeyAuth("collect"))
def add_event(request: HttpRequest, payload: EventIn):
    """Tell of an event of a known person. High volumes belong to `/v1/batch`."""
    person = aliases.current(payload.person)
    if not Person.objects.filter(id=person).exists():
        raise DomainError("no_person", "There is no person with this id.", kind="missing", field="person")

    def work() -> tuple[int, dict[str, Any]]:
        message = outbox.publish(
            EventTracked(event=payload.event, properties=payload.properties),
            at=clock.now(),
            person=person,
        )
        return 201, {"message_id": message}

    _, answer = idempotency.once(
        scope=f"{request.auth.id} events",  # type: ignore[attr-defined]
        key=payload.message_id,
        request=payload.model_dump(),
        at=clock.now(),
        work=work,
    )
    return Status(201, answer)
