"""The ideal customer: criteria, how somebody fits them, and which criteria the customers themselves suggest.

A criterion is a condition of the one condition tree (`core.audience`). Of a person or company it is true, false,
or unknown, and unknown is never no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from handraiser.core.audience.rules import checking
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import Catalogue
from handraiser.kit.errors import DomainError
from handraiser.kit.statistics import Rate, rate

MOST = 30  # criteria
WEIGHTS = (1, 2, 3, 4, 5)
ENOUGH = 50  # percent of the known weight of "should" that has to be met

ABOUT = {
    "industry": "Industry",
    "size": "Size",
    "place": "Place",
    "role": "Role",
    "pain": "Pain point",
    "trigger": "Buying trigger",
    "other": "Other",
}


class Need(StrEnum):
    """How much a criterion decides."""

    MUST = "must"
    SHOULD = "should"
    MUST_NOT = "must_not"


YES, NO, UNKNOWN = "yes", "no", "unknown"  # verdicts as an address or a file has them
WORDS = {YES: "Fits", NO: "Does not fit", UNKNOWN: "Unknown"}
NEEDS = {Need.MUST: "Must", Need.SHOULD: "Should", Need.MUST_NOT: "Must not"}


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion. `weight` counts for "should" alone; "must" and "must not" decide by themselves."""

    key: str
    about: str
    condition: c.Attribute | c.Performed
    need: Need = Need.SHOULD
    weight: int = 3


class Ideal(msgspec.Struct, frozen=True):
    """The criteria, in the order in which people read them."""

    criteria: tuple[Criterion, ...] = ()


def from_data(data: Any) -> Ideal:
    """Read a stored profile. Raises DomainError("ideal_unreadable") for anything else."""
    try:
        return msgspec.convert(data, Ideal)
    except msgspec.ValidationError as error:
        raise DomainError("ideal_unreadable", f"These criteria cannot be read: {error}.") from error


def to_data(ideal: Ideal) -> dict[str, Any]:
    """The profile as plain data for storing."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(ideal))
    return data


def refuse(ideal: Ideal, catalogue: Catalogue) -> None:
    """Raise what is wrong: too_many_criteria, criterion_weight, criterion_twice, or of a condition."""
    if len(ideal.criteria) > MOST:
        raise DomainError("too_many_criteria", f"At most {MOST} criteria: an ideal has few edges.")
    conditions = [criterion.condition for criterion in ideal.criteria]
    if any(one in conditions[:place] for place, one in enumerate(conditions)):
        raise DomainError("criterion_twice", "This criterion is there already.")
    for criterion in ideal.criteria:
        if criterion.weight not in WEIGHTS or criterion.about not in ABOUT:
            raise DomainError("criterion_weight", "A weight is between 1 and 5.", field="weight")
        checking.refuse(criterion.condition, catalogue)


def unknown(condition: c.Attribute | c.Performed) -> c.Condition:
    """True of those of whom the criterion cannot be told: nothing is known there, or nobody saw them do it.

    What was not seen here may have happened elsewhere, so a trigger speaks for somebody, and never against.
    """
    if isinstance(condition, c.Performed):
        return c.NoneOf((condition,))
    if condition.test not in ("known", "unknown"):
        return c.Attribute(key=condition.key, test="unknown")
    return c.AnyOf()


@dataclass(frozen=True)
class Line:
    """One criterion of somebody: met, not met, or unknown (None)."""

    criterion: Criterion
    met: bool | None

    @property
    def good(self) -> bool | None:
        """Whether it speaks for them; None: it cannot be told."""
        return self.met if self.met is None or self.criterion.need is not Need.MUST_NOT else not self.met


@dataclass(frozen=True)
class Fit:
    """How somebody fits: `fits` True, False, or None when it cannot be told yet.

    `share`: percent of the known weight of "should" that is met; None when nothing of it is known. `why` is the
    sentence that decided.
    """

    fits: bool | None
    share: int | None
    known: int
    lines: tuple[Line, ...]
    why: str

    @property
    def word(self) -> str:
        """Fits, Does not fit, or Unknown."""
        return WORDS[{True: YES, False: NO, None: UNKNOWN}[self.fits]]


def fit(ideal: Ideal, truths: Mapping[str, bool | None]) -> Fit:
    """Judge somebody by what is true of them; `truths` by criterion, what is unknown None or left out.

    - A "must not" that is met, or a "must" that is not, decides: does not fit.
    - Less than half of the known weight of "should" that is met decides: does not fit.
    - Otherwise a "must" that is unknown leaves the whole unknown.
    - Otherwise it fits, if anything that decides is known: some "should", or every "must".

    So learning something good of somebody never makes the verdict worse.
    """
    lines = tuple(Line(criterion, truths.get(criterion.key)) for criterion in ideal.criteria)
    known = sum(line.met is not None for line in lines)
    wishes = [line for line in lines if line.criterion.need is Need.SHOULD]
    told = [line for line in wishes if line.met is not None]
    weight = sum(line.criterion.weight for line in told)
    met = sum(line.criterion.weight for line in told if line.met)
    share = 100 * met // weight if weight else None

    def judged(fits: bool | None, why: str) -> Fit:
        return Fit(fits, share, known, lines, why)

    if not lines:
        return judged(None, "No criteria yet.")
    musts = [line for line in lines if line.criterion.need is not Need.SHOULD]
    if any(line.good is False for line in musts):
        broken = next(line for line in musts if line.good is False)
        how = "is what it must not be" if broken.criterion.need is Need.MUST_NOT else "is not what it must be"
        return judged(False, f"{ABOUT[broken.criterion.about]} {how}.")
    told_share = f"{share} % of what is known and wished for is met."
    if share is not None and share < ENOUGH:
        return judged(False, told_share)
    if any(line.met is None for line in musts if line.criterion.need is Need.MUST):
        missing = next(line for line in musts if line.met is None and line.criterion.need is Need.MUST)
        return judged(None, f"{ABOUT[missing.criterion.about]} is a must and unknown.")
    if share is not None:
        return judged(True, told_share)
    if any(line.criterion.need is Need.MUST for line in lines):
        return judged(True, "Every must is met." if not wishes else "Every must is met; the rest is unknown.")
    return judged(None, "Nothing of what decides is known.")


def together(truths: Iterable[Mapping[str, bool | None]]) -> dict[str, bool | None]:
    """What is true of a company by its people: met if it is of one, unknown if it may be of one."""
    found: dict[str, bool | None] = {}
    for one in truths:
        for key, met in one.items():
            before = found.get(key, False)
            found[key] = True if met or before else None if met is None or before is None else False
    return found


@dataclass(frozen=True)
class Suggestion:
    """A criterion that customers have in common, and others less: shares of those of whom it is known."""

    about: str
    condition: c.Attribute
    customers: Rate
    others: Rate


def suggest(values: Mapping[str, tuple[Sequence[str], Sequence[str]]], *, most: int = 6) -> list[Suggestion]:
    """What customers have in common: `values` by attribute, those of customers and those of everybody else.

    A value is suggested when three customers or more have it, at least 30 % of those whose value is known, and the
    lower end of that share's 95 % range (Wilson) lies above the share among the others: with few customers little
    is suggested, rather than chance.
    """
    found = []
    for attribute, (ours, others) in values.items():
        for value in sorted(set(ours)):
            hits, elsewhere = ours.count(value), others.count(value)
            share, beside = rate(hits, len(ours)), rate(elsewhere, len(others))
            if hits < 3 or share.value is None or share.value < 0.3 or share.low is None:
                continue
            if share.low <= (beside.value or 0.0):
                continue
            found.append(Suggestion(_about(attribute), _condition(attribute, value), share, beside))
    return sorted(found, key=lambda one: -(one.customers.low or 0) + (one.others.value or 0))[:most]


_BANDS = {"1 to 9": (1, 9), "10 to 49": (10, 49), "50 to 249": (50, 249), "250 to 999": (250, 999)}


def size_band(employees: int) -> str:
    """The size band of a number of people: "50 to 249"."""
    return next((name for name, (low, high) in _BANDS.items() if low <= employees <= high), "1,000 and more")


def _about(attribute: str) -> str:
    return {
        "company.industry": "industry",
        "company.employees": "size",
        "company.country": "place",
        "person.country": "place",
        "person.job_title": "role",
    }.get(attribute, "other")


def _condition(attribute: str, value: str) -> c.Attribute:
    if attribute == "company.employees":
        low, high = _BANDS.get(value, (1_000, None))
        return c.Attribute(key=attribute, test="between", low=low, high=high)
    test: c.Test = "contains" if attribute == "person.job_title" else "is"
    return c.Attribute(key=attribute, test=test, values=(value,))
