"""The timeline of a person for programs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from handraiser.core.identity import timelines
from handraiser.core.identity.queries import person_named
from handraiser.core.identity.timelines import Place
from handraiser.core.staff.api_auth import PROBLEMS, KeyAuth, Text
from handraiser.desk import timeline as screen
from handraiser.desk.rules import groups
from handraiser.kit.errors import DomainError

router = Router(tags=["events"])

Group = Literal["website", "email", "sales", "system"]
Name = Annotated[Text, Field(max_length=80)]
_GROUPS = Query([], description="Of these groups only.", max_length=4)
_NAMES = Query([], description="Events of these names only.", max_length=50)
_FROM = Query("", alias="from", description="From this day (UTC) or moment on, ISO 8601.")
_TO = Query("", alias="to", description="Up to the end of this day (UTC), or before this moment.")
_BEFORE = Query("", description="`next` of the page before this one.")


class TimelineEvent(Schema):
    """Something that happened to or was done by a person. `id` is the message id of the event in the journal."""

    id: str
    name: str = Field(description="Name of the event, such as attract.page_viewed; `docs/events.md` has all.")
    group: Group
    occurred_at: datetime
    lead: str | None = Field(description="Id of the lead it was about; null when it is about the person.")
    visitor: str | None = Field(description="Id of the browser; null when it was not done in one.")
    body: dict[str, Any] = Field(description="What the event says, by field. Personal values are not in it.")


class TimelinePage(Schema):
    """Events of a person, newest first. Pass `next` as `before` to go on; null: there are no older ones."""

    person: str = Field(description="The id that the person has now.")
    events: list[TimelineEvent]
    next: str | None


@router.get(
    "/people/{person_id}/timeline", response={200: TimelinePage, **PROBLEMS}, auth=KeyAuth("events:read")
)
def person_timeline(
    request: HttpRequest,
    person_id: Text,
    group: list[Group] = _GROUPS,
    name: list[Name] = _NAMES,
    since: Text = _FROM,
    until: Text = _TO,
    before: Text = _BEFORE,
    limit: int = Query(50, ge=1, le=200),
):
    """Everything that is known of a person, newest first, over all years and all their browsers.

    The person may be named by any id that ever was theirs: their own, one that went in a merge, or that of one of
    their leads or browsers. Pages hold together while events are added: each event that was there at the first page
    comes once, and newer ones do not move it.
    """
    person = person_named(person_id)
    if person is None:
        raise DomainError("no_person", "There is no person with this id.", kind="missing")
    place = Place.read(before) if before else None
    if before and place is None:
        raise DomainError("bad_place", "`before` takes what `next` gave.", field="before")
    rows = timelines.of(person)
    if group:
        rows = rows.filter(screen.within(group))
    if name:
        rows = rows.filter(name__in=name)
    if since:
        rows = rows.filter(occurred_at__gte=_moment(since, "from"))
    if until:
        rows = rows.filter(occurred_at__lt=_moment(until, "to", whole_day=True))
    found, following = timelines.page(rows, before=place, size=limit)
    return {
        "person": person,
        "events": [
            {
                "id": item.message_id,
                "name": item.name,
                "group": groups.of(item.name, item.body),
                "occurred_at": item.occurred_at,
                "lead": item.lead_id or None,
                "visitor": item.visitor or None,
                "body": item.body,
            }
            for item in found
        ],
        "next": str(following) if following else None,
    }


def _moment(text: str, field: str, *, whole_day: bool = False) -> datetime:
    """A day or a moment; without a zone it is meant in UTC. With `whole_day` a day means its end."""
    try:
        if len(text) == len("2026-11-19"):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day + timedelta(days=1) if whole_day else day
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DomainError(
            "bad_time", "Not a day or moment. Example: 2026-11-19 or 2026-11-19T09:00:00Z", field=field
        ) from None
