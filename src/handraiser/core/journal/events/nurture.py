"""Facts of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class SequencePublished(Fact):
    """A version of a sequence went live."""

    name: ClassVar[str] = "nurture.sequence_published"

    sequence: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Enrolled(Fact):
    """A person entered a sequence, pinned to its version of the day."""

    name: ClassVar[str] = "nurture.enrolled"

    sequence: str
    number: int
    enrolment: str


@dataclass(frozen=True, kw_only=True)
class StepDone(Fact):
    """A step of a sequence was carried out for a person."""

    name: ClassVar[str] = "nurture.step_done"

    sequence: str
    enrolment: str
    step: str
    kind: str
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class EnrolmentEnded(Fact):
    """A person left a sequence: finished, goal, replied, unsubscribed, stopped."""

    name: ClassVar[str] = "nurture.enrolment_ended"

    sequence: str
    enrolment: str
    reason: str
