"""May we write or call? Permission and reach of a person, beside their contact data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handraiser.core.consent.models import Grant
from handraiser.core.people.models import Person


@dataclass(frozen=True)
class Channel:
    """A way to reach somebody: open, or closed with the reason."""

    label: str
    icon: str
    url: str
    closed: str = ""


@dataclass(frozen=True)
class Contact:
    """How to reach a person. `grants`: purpose, allowed or not, since when, the words they agreed to."""

    call: Channel
    email: Channel
    news: Channel
    grants: list[tuple[str, bool, datetime, str]]

    @property
    def ways(self) -> list[Channel]:
        """The buttons."""
        return [self.call, self.email]

    @property
    def all(self) -> list[Channel]:
        """The answers to "may we"."""
        return [self.email, self.call, self.news]


def of(person: Person) -> Contact:
    """What this person allows now. Calling and writing about a request need the purpose `sales`."""
    rows = list(
        Grant.objects.filter(person=person).select_related("purpose", "wording").order_by("-granted_at")
    )
    newest: dict[str, Grant] = {}
    for row in rows:
        kept = newest.get(row.purpose_id)
        # A grant in force speaks for its purpose, whatever was withdrawn before.
        if kept is None or (kept.withdrawn_at and not row.withdrawn_at):
            newest[row.purpose_id] = row

    def closed(purpose: str, verb: str) -> str:
        grant = newest.get(purpose)
        if grant is None:
            return f"They did not allow us to {verb}."
        if grant.withdrawn_at:
            day = f"{grant.withdrawn_at.day} {grant.withdrawn_at:%b %Y}"
            return f"They took the permission to {verb} back on {day}."
        return ""

    return Contact(
        call=Channel(
            "Call",
            "phone",
            f"tel:{person.phone}",
            closed("sales", "call") if person.phone else "No phone number is known.",
        ),
        email=Channel(
            "Email",
            "mail",
            f"mailto:{person.email}",
            closed("sales", "write about their request") if person.email else "No email address is known.",
        ),
        news=Channel("News", "nurture", "", closed("marketing", "send news")),
        grants=[
            (
                row.purpose.label,
                row.withdrawn_at is None,
                row.withdrawn_at or row.granted_at,
                row.wording.text,
            )
            for row in newest.values()
        ],
    )
