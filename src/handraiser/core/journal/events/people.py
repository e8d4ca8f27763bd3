"""Facts of people, companies and leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from handraiser.core.journal.events.base import Fact, personal


@dataclass(frozen=True, kw_only=True)
class PersonCreated(Fact):
    """A stranger gave their details, or was imported or added by hand."""

    name: ClassVar[str] = "people.person_created"

    how: str
    email: str = personal()
    phone: str = personal()


@dataclass(frozen=True, kw_only=True)
class PersonChanged(Fact):
    """A field of a person changed. Personal fields carry a hash; others their value."""

    name: ClassVar[str] = "people.person_changed"

    field_name: str
    value: Any = None
    value_hash: str | None = None
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class CompanyChanged(Fact):
    """Something else became known of a company, and so of all its people. `fields` names what."""

    name: ClassVar[str] = "people.company_changed"

    company: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class LeadChanged(Fact):
    """Custom fields of a lead were changed by hand. `fields` names them."""

    name: ClassVar[str] = "people.lead_changed"

    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class LeadOpened(Fact):
    """A person raised a hand for an offer line."""

    name: ClassVar[str] = "people.lead_opened"

    offer_line: str
    how: str
    channel: str = ""
    source: str = ""
    campaign: str = ""
    recycled_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeadRemoved(Fact):
    """A lead was taken out of the records: it should never have been there, e.g. an import was undone."""

    name: ClassVar[str] = "people.lead_removed"

    why: str


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(Fact):
    """A lead got another owner, by routing or by hand."""

    name: ClassVar[str] = "people.lead_assigned"

    owner: int | None
    previous: int | None = None
    why: str = ""
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class NoteAdded(Fact):
    """Somebody wrote a note."""

    name: ClassVar[str] = "people.note_added"

    note: str
    by: str


@dataclass(frozen=True, kw_only=True)
class TaskAdded(Fact):
    """Something is to be done by somebody."""

    name: ClassVar[str] = "people.task_added"

    task: str
    kind: str
    due_at: int | None = None
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskDone(Fact):
    """A task was done."""

    name: ClassVar[str] = "people.task_done"

    task: str
    by: str
