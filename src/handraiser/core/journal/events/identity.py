"""Facts of who is who."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class VisitorLinked(Fact):
    """A visitor is this person. `how`: form, identify, email_click; the last is only "likely".

    `instead_of` is the person to whom a click in an email had given the visitor, before somebody proved that it is
    theirs: mail is forwarded.
    """

    name: ClassVar[str] = "identity.visitor_linked"

    how: str
    certainty: str = "certain"
    instead_of: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitorUnlinked(Fact):
    """A visitor who was likely this person turned out to be somebody else."""

    name: ClassVar[str] = "identity.visitor_unlinked"

    why: str


@dataclass(frozen=True, kw_only=True)
class PersonsMerged(Fact):
    """The event's person and `gone` are one; `gone` is an alias from now on.

    `leads` says which lead went into which; `fields` names what was taken over from the person who went.
    """

    name: ClassVar[str] = "identity.persons_merged"

    merge: str
    gone: str
    by: str = ""
    leads: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class PersonsUnmerged(Fact):
    """A merge was undone; announced for both people, each naming the `other`."""

    name: ClassVar[str] = "identity.persons_unmerged"

    merge: str
    other: str
    by: str = ""
