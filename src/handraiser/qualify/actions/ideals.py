"""Changing the ideal customer: each change is a new version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction

from handraiser.core.audience import asking
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import wording
from handraiser.core.staff.models import User
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError
from handraiser.qualify import ideal as reads
from handraiser.qualify.models import IdealCustomer
from handraiser.qualify.rules import ideal as rules
from handraiser.qualify.rules.ideal import Criterion, Ideal, Need


@dataclass(frozen=True)
class Decides:
    """How much a criterion decides, as somebody chose it."""

    need: str
    weight: int


@transaction.atomic
def add(
    *,
    about: str,
    condition: c.Attribute | c.Performed,
    decides: Decides,
    at: datetime,
    by: User | None = None,
) -> IdealCustomer:
    """Add a criterion. Raises DomainError of `rules.ideal.refuse`, and unknown_need."""
    now = reads.current()
    criterion = Criterion(
        key=ids.new("criterion", at_ms=clock.ms(at)),
        about=about,
        condition=condition,
        need=_need(decides.need),
        weight=decides.weight,
    )
    catalogue = asking.catalogue()
    words = wording.words(condition, catalogue)
    return _store(Ideal((*now.criteria, criterion)), f"Added: {words}", at=at, by=by)


@transaction.atomic
def change(*, key: str, decides: Decides, at: datetime, by: User | None = None) -> IdealCustomer | None:
    """Change how much a criterion decides; None when it does so already. Raises DomainError("no_criterion")."""
    now, before = reads.current(), _criterion(key)
    after = msgspec.structs.replace(before, need=_need(decides.need), weight=decides.weight)
    if after == before:
        return None
    words = wording.words(before.condition, asking.catalogue())
    criteria = tuple(after if one.key == key else one for one in now.criteria)
    return _store(Ideal(criteria), f"{rules.NEEDS[after.need]}, weight {after.weight}: {words}", at=at, by=by)


@transaction.atomic
def remove(*, key: str, at: datetime, by: User | None = None) -> IdealCustomer:
    """Take a criterion out. Raises DomainError("no_criterion")."""
    gone = _criterion(key)
    criteria = tuple(one for one in reads.current().criteria if one.key != key)
    return _store(
        Ideal(criteria), f"Removed: {wording.words(gone.condition, asking.catalogue())}", at=at, by=by
    )


@transaction.atomic
def go_back(*, number: int, at: datetime, by: User | None = None) -> IdealCustomer:
    """Make the version before `number` the newest again. Raises DomainError("no_version")."""
    before = IdealCustomer.objects.filter(number__lt=number).order_by("-number").first()
    if before is None and not IdealCustomer.objects.filter(number=number).exists():
        raise DomainError("no_version", "There is no such change to take back.", kind="missing")
    ideal = rules.from_data(before.content) if before else Ideal()
    return _store(ideal, f"Took back change {number}", at=at, by=by)


def _store(ideal: Ideal, words: str, *, at: datetime, by: User | None) -> IdealCustomer:
    rules.refuse(ideal, asking.catalogue())
    newest = IdealCustomer.objects.select_for_update().order_by("-number").first()
    return IdealCustomer.objects.create(
        number=newest.number + 1 if newest else 1,
        content=rules.to_data(ideal),
        change=words[:300],
        at=at,
        by=by,
    )


def _criterion(key: str) -> Criterion:
    found = next((one for one in reads.current().criteria if one.key == key), None)
    if found is None:
        raise DomainError("no_criterion", "This criterion was removed meanwhile.", kind="missing")
    return found


def _need(text: str) -> Need:
    if text not in list(Need):
        raise DomainError("unknown_need", "Choose must, should or must not.", field="need")
    return Need(text)
