"""The one condition tree: everything that asks "is this person such".

Every condition is either true or false of a person at a moment, never in between. Of what is unknown nothing is
true but that it is unknown: an empty country neither is Germany nor is not Germany. `NoneOf` turns truth round, so
"none of: country is Germany" does hold of somebody whose country is unknown.

**Time.** Moments are milliseconds since 1970, days are 86,400,000 ms. An event lies in the last N days at the
moment m while `occurred_at > m - N days`: to the millisecond N days later it does not any more.

**Text** is compared without regard to the case of A to Z; other letters as written, all lower or all upper. Several
values mean "any of these".

**Leads.** What is asked of a lead is true if it is true of any open lead of the person; two conditions may be
met by two leads. `Stage` says of itself which closed leads count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from handraiser.kit.errors import DomainError

DAY_MS = 86_400_000

Test = Literal[
    "is", "is_not", "contains", "starts_with", "between", "known", "unknown", "within", "more_than_ago"
]
Amount = Literal["at_least", "exactly", "at_most"]
Measure = Literal["points", "fit", "engagement", "grade", "temperature"]
Bound = int | float | str | None


class AllOf(msgspec.Struct, frozen=True, tag="all", tag_field="kind"):
    """True when each of `of` is; without any it is true of everybody."""

    of: tuple[Condition, ...] = ()


class AnyOf(msgspec.Struct, frozen=True, tag="any", tag_field="kind"):
    """True when one of `of` is; without any it is true of nobody."""

    of: tuple[Condition, ...] = ()


class NoneOf(msgspec.Struct, frozen=True, tag="none", tag_field="kind"):
    """True when none of `of` is; without any it is true of everybody."""

    of: tuple[Condition, ...] = ()


class Attribute(msgspec.Struct, frozen=True, tag="attribute", tag_field="kind"):
    """What is known of the person, their company or their open leads; `key` is one of the catalogue.

    `is`, `is_not`, `contains`, `starts_with` compare text with `values` (a yes-no attribute `is` "yes" or "no").
    `between` takes numbers, or days as 2026-11-19, from `low` to `high`, both included; None is open. `within` is
    true of a day or moment in the last `days` days and not in the future, `more_than_ago` of one before those.
    A day begins at midnight UTC.
    """

    key: str
    test: Test = "is"
    values: tuple[str, ...] = ()
    low: Bound = None
    high: Bound = None
    days: int | None = None


class Consent(msgspec.Struct, frozen=True, tag="consent", tag_field="kind"):
    """A permission. `granted`: one is in force; `withdrawn`: one was, and none is; `never`: there was none."""

    purpose: str
    state: Literal["granted", "withdrawn", "never"] = "granted"


class Stage(msgspec.Struct, frozen=True, tag="stage", tag_field="kind"):
    """A lead stands in one of these stages.

    Open leads count. A customer stays one, so closed leads count there; recycled and disqualified leads count as
    long as the person has no open lead.
    """

    stages: tuple[str, ...]


class Score(msgspec.Struct, frozen=True, tag="score", tag_field="kind"):
    """The score of an open lead: points from `low` to `high`, both included (fractions of a point count), or a
    grade or temperature that is one of `values`. A lead that was not scored yet has no grade."""

    measure: Measure
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


class InSegment(msgspec.Struct, frozen=True, tag="segment", tag_field="kind"):
    """The person is in another segment, or with `inside` False is not."""

    segment: str
    inside: bool = True


class Listed(msgspec.Struct, frozen=True, tag="listed", tag_field="kind"):
    """The person's email address stands on a list that a later layer keeps, for one of `reasons` (none: for any).

    With `on` False it does not, which is true of somebody without an address too.
    """

    list: str
    on: bool = True
    reasons: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True):
    """Narrows an event by one of its properties; tests are those of `Attribute` without the two of time."""

    field: str
    test: Test = "is"
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


class Performed(msgspec.Struct, frozen=True, tag="performed", tag_field="kind"):
    """The person did it so many times in the last `days` days (None: ever). Never done is `at_most` 0 times.

    Only events of the timeline count, without those of machines.
    """

    event: str
    amount: Amount = "at_least"
    times: int = 1
    days: int | None = None
    where: tuple[Where, ...] = ()


class LastPerformed(msgspec.Struct, frozen=True, tag="last_performed", tag_field="kind"):
    """The last time was `less` or `more` than `days` days ago. Of somebody who never did it neither is true."""

    event: str
    ago: Literal["less", "more"]
    days: int
    where: tuple[Where, ...] = ()


class Bucket(msgspec.Struct, frozen=True, tag="bucket", tag_field="kind"):
    """Chance that stays: of 100 equal parts of all people those from `low` to `high`, both included.

    The part of a person follows from their id and `draw`; another draw mixes anew. It is the first 24 bits of
    md5(draw + ":" + id), modulo 100.
    """

    low: int
    high: int
    draw: str = "a"


Group = AllOf | AnyOf | NoneOf
Leaf = Attribute | Consent | Stage | Score | InSegment | Listed | Performed | LastPerformed | Bucket
Condition = (
    AllOf
    | AnyOf
    | NoneOf
    | Attribute
    | Consent
    | Stage
    | Score
    | InSegment
    | Listed
    | Performed
    | LastPerformed
    | Bucket
)
GROUPS = (AllOf, AnyOf, NoneOf)
Path = tuple[int, ...]
"""Where a condition stands: (1, 0) is the first of the second of the root."""


class Definition(msgspec.Struct, frozen=True):
    """A segment: who is in, except who is in one of the segments `without`."""

    match: AllOf | AnyOf | NoneOf = AllOf()
    without: tuple[str, ...] = ()

    @property
    def condition(self) -> Condition:
        """Both as one tree. The groups of `match` keep their paths, one deeper, under 0."""
        if not self.without:
            return AllOf((self.match,))
        return AllOf((self.match, NoneOf(tuple(InSegment(one) for one in self.without))))


def from_data(data: Any) -> Definition:
    """Read a stored definition. Raises DomainError("conditions_unreadable") for anything else."""
    try:
        return msgspec.convert(data, Definition)
    except msgspec.ValidationError as error:
        raise DomainError("conditions_unreadable", f"These conditions cannot be read: {error}.") from error


def to_data(definition: Definition) -> dict[str, Any]:
    """The definition as plain data for storing, as it will be read back."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(definition))
    return data


def walk(node: Condition, path: Path = ()) -> Iterator[tuple[Path, Condition]]:
    """Every condition with its path, from the root down."""
    yield path, node
    if isinstance(node, GROUPS):
        for place, child in enumerate(node.of):
            yield from walk(child, (*path, place))


def leaves(node: Condition) -> Iterator[tuple[Path, Leaf]]:
    """Every condition that is no group, with its path."""
    for path, one in walk(node):
        if not isinstance(one, GROUPS):
            yield path, one


def named_segments(node: Condition) -> set[str]:
    """The segments that a condition asks about, by id."""
    return {leaf.segment for _, leaf in leaves(node) if isinstance(leaf, InSegment)}


def folded(text: str) -> str:
    """Text as it is compared: A to Z as a to z, all else as it is."""
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def spellings(text: str) -> tuple[str, ...]:
    """How a value may be written where it is compared: as it is, all lower, all upper; folded, each once."""
    text = text.strip()
    return tuple(dict.fromkeys(folded(one) for one in (text, text.lower(), text.upper())))
