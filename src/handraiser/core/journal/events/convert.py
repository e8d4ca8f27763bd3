"""Facts of sales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class HandOffOffered(Fact):
    """A qualified lead was offered to a rep; to everybody when `owner` is None. `answer_by`: milliseconds."""

    name: ClassVar[str] = "convert.hand_off_offered"

    hand_off: str
    owner: int | None
    why: str
    answer_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class HandOffAccepted(Fact):
    """The rep took the lead."""

    name: ClassVar[str] = "convert.hand_off_accepted"

    hand_off: str
    owner: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class HandOffRejected(Fact):
    """The rep gave the lead back, with a reason."""

    name: ClassVar[str] = "convert.hand_off_rejected"

    hand_off: str
    owner: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DealOpened(Fact):
    """A deal was opened for a lead. Minor units; None: not known yet."""

    name: ClassVar[str] = "convert.deal_opened"

    deal: str
    pipeline: str
    amount: int | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class DealMoved(Fact):
    """A deal moved to another stage of its pipeline."""

    name: ClassVar[str] = "convert.deal_moved"

    deal: str
    stage: str
    previous: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class DealWon(Fact):
    """A deal was won: the lead is a customer. Minor units; None: unknown."""

    name: ClassVar[str] = "convert.deal_won"

    deal: str
    amount: int | None
    currency: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class DealLost(Fact):
    """A deal was lost, with a reason."""

    name: ClassVar[str] = "convert.deal_lost"

    deal: str
    reason: str
    by: str = ""
