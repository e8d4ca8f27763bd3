"""Facts of the visit: what strangers do before we know them, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class PageViewed(Fact):
    """A page was looked at. From the tracker or the server; bots are marked, not counted.

    `bot`: why a machine is thought to have done it, reasons with commas between them; empty for people.
    `term`: what was searched for, where an engine still says so.
    """

    name: ClassVar[str] = "attract.page_viewed"

    url: str
    path: str
    title: str = ""
    referrer: str = ""
    consent: bool = False
    bot: str = ""
    utm: dict[str, str] = field(default_factory=dict)
    click_ids: dict[str, str] = field(default_factory=dict)
    term: str = ""


@dataclass(frozen=True, kw_only=True)
class EventTracked(Fact):
    """A freely named event of a site or server."""

    name: ClassVar[str] = "attract.event_tracked"

    event: str
    properties: dict[str, Any] = field(default_factory=dict)
    consent: bool = False
    bot: str = ""


@dataclass(frozen=True, kw_only=True)
class VisitStarted(Fact):
    """A touch: a visit began, with its source."""

    name: ClassVar[str] = "attract.visit_started"

    visit: str
    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    landing_path: str = ""
    referrer_host: str = ""
    rule_version: int = 1


@dataclass(frozen=True, kw_only=True)
class SpendEntered(Fact):
    """Money spent on a channel in a period was entered or imported. Minor units."""

    name: ClassVar[str] = "attract.spend_entered"

    spend: str
    channel: str
    campaign: str = ""
    from_date: str
    to_date: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class SpendRemoved(Fact):
    """A spend was taken out again: it was entered by mistake, or its import was undone."""

    name: ClassVar[str] = "attract.spend_removed"

    spend: str
