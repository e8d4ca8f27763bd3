"""What a merge of two people does to the rows that point to them: the words in which every folder says it.

Each folder lists its models in `merging.py`, `config.wiring.ON_MERGE` gathers the lists, and a test refuses a model
that points to a person or a lead and is on none. `actions.merges` knows no table but through this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import models
from django.db.models import Q


@dataclass(frozen=True)
class Move:
    """The row goes over to whoever is kept.

    `where` with `once`: of the rows that fit `where`, one may stand for each value of `once`; one of the person
    who goes that meets such a row takes the values `otherwise` first, and then goes over too. `within` names the
    person's column by which rows are found when there is no index on a lead's.
    """

    where: Q | None = None
    once: tuple[str, ...] = ()
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    within: str = ""


@dataclass(frozen=True)
class Aside:
    """The row is taken out, and comes back when the merge is undone: `why`."""

    why: str


@dataclass(frozen=True)
class Leave:
    """The column keeps the old id: `why` that is right."""

    why: str


Deed = Move | Aside | Leave


class Merging(Protocol):
    """A merge in the making, as a folder's own rule sees it. Every change is remembered for the way back."""

    kept: str
    gone: str
    at: Any
    by: str

    def change(self, rows: models.QuerySet, values: Mapping[str, Any]) -> None:
        """Set values of these rows."""

    def add(self, row: models.Model) -> None:
        """Make a row that only the merge needs."""

    def take_out(self, rows: models.QuerySet) -> None:
        """Take rows out until the merge is undone."""


@dataclass(frozen=True)
class OnMerge:
    """What happens to one model: for each column that names a person or a lead, a deed.

    `first` is the folder's own rule, and runs before anything moves.
    """

    model: type[models.Model]
    columns: Mapping[str, Deed]
    first: Callable[[Merging], None] | None = None


def on_merge(
    model: type[models.Model], *, first: Callable[[Merging], None] | None = None, **columns: Deed
) -> OnMerge:
    """One line of a folder's list: `on_merge(Note, person=Move(), lead=Move())`."""
    return OnMerge(model=model, columns=columns, first=first)


def names_a_lead(model: type[models.Model], column: str) -> bool:
    """Whether the column holds a lead's id; else it holds a person's."""
    target = model._meta.get_field(column)
    if target.is_relation and target.related_model:
        return target.related_model._meta.label == "people.Lead"
    return "lead" in column
