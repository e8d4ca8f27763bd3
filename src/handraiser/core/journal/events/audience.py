"""Facts of segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class SegmentSaved(Fact):
    """The conditions of a segment were saved: from here on this version decides who is in."""

    name: ClassVar[str] = "audience.segment_saved"

    segment: str
    number: int
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class SegmentJoined(Fact):
    """A person is in a segment now. `why`: event (something happened or became known), time (a window moved on),
    segment (another segment decided it) or rebuild (the conditions are new)."""

    name: ClassVar[str] = "audience.segment_joined"

    segment: str
    number: int
    why: str


@dataclass(frozen=True, kw_only=True)
class SegmentLeft(Fact):
    """A person is in a segment no more; `why` as in joining it."""

    name: ClassVar[str] = "audience.segment_left"

    segment: str
    number: int
    why: str
