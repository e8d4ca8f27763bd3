"""Which value wins when two people become one, and which of their leads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT, GONE = "kept", "gone"

# How far an open lead has come; the further one stays.
_OPEN_STAGES = ("lead", "mql", "accepted", "sql", "opportunity")


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of two people: both values, and whose wins."""

    key: str
    kept: Any
    gone: Any
    wins: str

    @property
    def value(self) -> Any:
        return self.kept if self.wins == KEPT else self.gone

    @property
    def in_doubt(self) -> bool:
        """Both say something, and not the same."""
        return not _empty(self.kept) and not _empty(self.gone) and self.kept != self.gone


def _empty(value: Any) -> bool:
    return value in ("", None)


def choices(
    kept: Mapping[str, Any], gone: Mapping[str, Any], chosen: Mapping[str, str] | None = None
) -> list[Choice]:
    """For each field whose value wins: as `chosen` (kept or gone), else the kept one's, else the other's.

    A choice never empties a field: an empty value says that something is unknown, not that there is nothing.
    """
    chosen = chosen or {}
    decided = []
    for key in [*kept, *(key for key in gone if key not in kept)]:
        mine, theirs = kept.get(key, ""), gone.get(key, "")
        wins = chosen.get(key, KEPT)
        if _empty(theirs):
            wins = KEPT
        elif _empty(mine):
            wins = GONE
        decided.append(Choice(key, mine, theirs, wins))
    return decided


@dataclass(frozen=True, slots=True)
class OpenLead:
    """What decides which of two open leads on one line stays."""

    id: str
    stage: str
    owned: bool
    opened_at: datetime


def stays(one: OpenLead, other: OpenLead) -> tuple[str, str]:
    """(the id that stays, the id that goes into it): the one that came further, has an owner, is older.

    Of two that are equal in this, the first.
    """

    def worth(lead: OpenLead) -> tuple[int, bool]:
        place = _OPEN_STAGES.index(lead.stage) if lead.stage in _OPEN_STAGES else -1
        return place, lead.owned

    first, second = sorted((one, other), key=lambda lead: lead.opened_at)
    return (second.id, first.id) if worth(second) > worth(first) else (first.id, second.id)
