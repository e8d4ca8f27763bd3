"""Facts of permission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class ConsentGranted(Fact):
    """A person allowed a purpose; the proof is in records."""

    name: ClassVar[str] = "consent.consent_granted"

    purpose: str
    grant: str
    wording_hash: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Fact):
    """A person took a permission back."""

    name: ClassVar[str] = "consent.consent_withdrawn"

    purpose: str
    grant: str = ""
    how: str
