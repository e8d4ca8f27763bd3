"""Facts of messages. Opens and clicks by machines are marked and move no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class MessageQueued(Fact):
    """A message to a person waits to be sent."""

    name: ClassVar[str] = "delivery.message_queued"

    message: str
    purpose: str
    subject_hash: str = ""
    template: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageSent(Fact):
    """The mail server took the message."""

    name: ClassVar[str] = "delivery.message_sent"

    message: str
    purpose: str
    template: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageFailed(Fact):
    """The message could not be handed over. `outcome` failed, or unknown when we were cut off."""

    name: ClassVar[str] = "delivery.message_failed"

    message: str
    outcome: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageSuppressed(Fact):
    """A message was not sent, for a named reason."""

    name: ClassVar[str] = "delivery.message_suppressed"

    message: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EmailOpened(Fact):
    """A message was shown. `machine` names the proxy or scanner, "" for a person."""

    name: ClassVar[str] = "delivery.email_opened"

    message: str
    template: str = ""
    machine: str = ""


@dataclass(frozen=True, kw_only=True)
class EmailClicked(Fact):
    """A link in a message was followed."""

    name: ClassVar[str] = "delivery.email_clicked"

    message: str
    template: str = ""
    url: str = ""
    machine: str = ""


@dataclass(frozen=True, kw_only=True)
class Unsubscribed(Fact):
    """A person wants no more of this."""

    name: ClassVar[str] = "delivery.unsubscribed"

    message: str = ""
    how: str
