"""What can be imported. A later stage adds a kind of its own; `config/wiring.py` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from handraiser.capture.imports.reading import Row
from handraiser.capture.imports.rules.mapping import Mapping, Target
from handraiser.kit.errors import DomainError


class Refusal(StrEnum):
    """Why a row is not taken."""

    UNREADABLE = "unreadable"
    NOBODY = "nobody"
    BAD_EMAIL = "bad_email"
    BAD_PHONE = "bad_phone"
    BAD_DATE = "bad_date"
    BAD_AMOUNT = "bad_amount"
    MISSING = "missing"
    TOO_LONG = "too_long"
    NO_LEAD = "no_lead"
    NOT_WON = "not_won"


# How the import's sentence counts them: "5 without an email, phone or id".
REFUSAL_WORDS = {
    Refusal.UNREADABLE: "that could not be read",
    Refusal.NOBODY: "without an email, phone or id",
    Refusal.BAD_EMAIL: "with an address that cannot be one",
    Refusal.BAD_PHONE: "with a number that cannot be one",
    Refusal.BAD_DATE: "with a date that cannot be read",
    Refusal.BAD_AMOUNT: "with an amount that cannot be read",
    Refusal.MISSING: "without a value that is needed",
    Refusal.TOO_LONG: "with a value that is too long",
    Refusal.NO_LEAD: "of leads that are not here",
    Refusal.NOT_WON: "that cannot be won any more",
}


class Refused(Exception):
    """A row that is not taken, with the reason as a sentence."""

    def __init__(self, refusal: Refusal, sentence: str) -> None:
        super().__init__(sentence)
        self.refusal = refusal
        self.sentence = sentence


@dataclass
class Plan:
    """What is to become of one row: decided by reading alone, then written.

    `outcome`: created, joined or rejected. `values` are the row's values by target, `facts` what the kind
    works out for its own writing, `made` what an undo must find again, `remark` something worth telling.
    """

    row: Row
    outcome: str = "created"
    refusal: str = ""
    reason: str = ""
    values: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    remark: str = ""

    def refuse(self, refusal: Refusal, sentence: str) -> None:
        """Turn this row away."""
        self.outcome, self.refusal, self.reason = "rejected", refusal.value, sentence


@dataclass(frozen=True)
class Setting:
    """What every row of an import shares."""

    import_id: str
    columns: list[str]
    mapping: Mapping
    at: datetime
    country: str
    currency: str


class Memory(dict):
    """What a dry run has decided so far, kept by the kind: rows that are not written must still be found."""


@dataclass(frozen=True)
class Kind:
    """A kind of import.

    `plan` decides about a chunk by reading alone; `write` writes what was planned, inside the chunk's
    transaction, without a query per row; `undo` takes back what rows made and says which row numbers it had
    to leave. `needs`: at least one target of each group must be mapped. `entities`: whose custom fields it
    fills. `remarks`: a remark in words, for one row and for many.
    """

    key: str
    label: str
    noun: str
    known_as: str
    targets: tuple[Target, ...]
    needs: tuple[tuple[str, ...], ...]
    entities: frozenset[str]
    plan: Callable[[Sequence[Plan], Setting, Memory], None]
    write: Callable[[Sequence[Plan], Setting], None]
    undo: Callable[[dict[int, dict[str, Any]], datetime], set[int]]
    remarks: dict[str, tuple[str, str]] = field(default_factory=dict)
    chunk: int = 500  # rows a transaction: it must not hold the write lock for long


def all_kinds() -> dict[str, Kind]:
    """Every kind by its key."""
    listed: list[Kind] = settings.IMPORT_KINDS()
    return {kind.key: kind for kind in listed}


def of(key: str) -> Kind:
    """The kind of this name. Raises DomainError("unknown_kind")."""
    try:
        return all_kinds()[key]
    except KeyError:
        raise DomainError("unknown_kind", f"There is no import of “{key}”.", kind="missing") from None
