"""Facts of who is who."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class VisitorLinked(Fact):
    """A visitor is this person. `how`: form, identify, email_click; the last is only "likely"."""

    name: ClassVar[str] = "identity.visitor_linked"

    how: str
    certainty: str = "certain"
