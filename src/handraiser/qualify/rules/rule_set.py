"""What a rule set is made of. Points are integer micro-points; times are milliseconds, windows are days.

Rules fall into three groups with a limit each: fit (who they are), engagement (what they do) and against
(what makes it less likely, of either sort). An `against` rule has negative points, the others positive ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import msgspec

from handraiser.kit.errors import DomainError

POINT = 1_000_000
MAX_RULES = 200
DAY_MS = 86_400_000

# A rule that fades, or counts only so many a day or in thirty days, looks at the newest so many things.
LOOKED_AT = 1_000
# Fading: what is left of an event is counted in parts of this, and after so many half-lives (a 64th) it ends.
PARTS = 1 << 20
HALF_LIVES = 6

GroupName = Literal["fit", "engagement", "against"]
Test = Literal["contains", "is", "between", "is_true", "ranges"]
Counting = Literal["each", "visit", "distinct", "once"]


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The points of a number from `low` to `high`, both included; None is open."""

    points: int
    low: int | None = None
    high: int | None = None


class AttributeRule(msgspec.Struct, frozen=True, kw_only=True, tag="attribute"):
    """Points for what somebody is. `value` may name several values, parted by commas: any of them will do.

    `between` uses `low` and `high` (inclusive; None is open) on a number; `is_true` uses neither. `ranges` gives a
    number the points of the first of its `ranges` that it lies in, and `points`, which may be 0, in none of them.
    """

    key: str
    group: GroupName
    points: int
    field: str
    test: Test
    value: str = ""
    low: int | None = None
    high: int | None = None
    ranges: tuple[Range, ...] = ()


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Who is left out: of whom this is known has no points at all, however much they did, and never becomes MQL.

    `reason` says why in a word or two ("competitor"); the rest is as in `AttributeRule`. The first exclusion that
    fits is the one that is told. An MQL that stood by its points leaves; whom somebody moved stays. When it is no
    longer so, all points are there again.
    """

    key: str
    reason: str
    field: str
    test: Test
    value: str = ""
    low: int | None = None
    high: int | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A product event that makes a lead a PQL: `attract.event_tracked` of this name, `times` times in all.

    Capitals, `_` and `-` make no difference. PQL stands beside the stages: a lead becomes one once, and stays one.
    What happened before a signal was published counts with the next event of that name, or lead, of the person.
    """

    key: str
    event: str
    times: int = 1


class EventRule(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """Points for what somebody does, by the time.

    `where_field` and `value` narrow the fact (values parted by commas; a trailing `*` stands for any ending).

    `counting` says what a thing is: each event; each visit (page views of one visitor less than 30 minutes apart);
    each distinct value of `distinct`; or all of them once. A thing is as old as its newest event.

    Then the caps, newest first, so that nothing which has grown old decides about what is new. A thing counts
    unless `at_most` newer ones count already, or `at_most_a_day` newer ones of its day (UTC), or `at_most_30_days`
    of those newer by less than 30 days: at no moment do more of any thirty days count. None is no cap.

    A thing gives its points for `days` (None: always), or it fades: every whole day of its age (24 hours, from its
    newest event) leaves `points * 2^(-age / half_life_days)`, in whole parts of `PARTS` (see `weights`), nothing
    after `HALF_LIVES` half-lives. The parts of all things are added up, times the points, and what is less than a
    micro-point is left off, once.
    """

    key: str
    group: GroupName
    points: int
    event: str
    where_field: str = ""
    value: str = ""
    counting: Counting = "each"
    distinct: str = ""
    at_most: int | None = None
    days: int | None = None
    half_life_days: int | None = None
    at_most_a_day: int | None = None
    at_most_30_days: int | None = None

    @property
    def lasting_days(self) -> int | None:
        """After how many days an event gives nothing any more; None: never."""
        return self.days if self.half_life_days is None else self.half_life_days * HALF_LIVES

    @property
    def is_plain(self) -> bool:
        """Neither fades nor counts only so many a day or in thirty days."""
        return self.half_life_days is None and self.at_most_a_day is None and self.at_most_30_days is None


class FrequencyRule(msgspec.Struct, frozen=True, kw_only=True, tag="frequency"):
    """Points, once, while `times` distinct values of `distinct` were seen in the last `within_days`."""

    key: str
    group: GroupName
    points: int
    event: str
    distinct: str
    times: int
    within_days: int
    where_field: str = ""
    value: str = ""


Rule = AttributeRule | EventRule | FrequencyRule


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far each group can go: fit and engagement at most, against down to (negative)."""

    fit: int
    engagement: int
    against: int


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """Where letters, digits and temperatures begin: A and B of fit, 1 and 2 of engagement, hot and warm."""

    fit_a: int
    fit_b: int
    engagement_1: int
    engagement_2: int
    hot: int
    warm: int


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one version of a rule set.

    A lead becomes MQL at `threshold` points, and a lead again when it falls below `leave` (None: never; above the
    threshold it means the threshold). Between the two it stays, so that a lead at the edge does not go to and fro.
    """

    threshold: int
    limits: Limits
    bands: Bands
    rules: tuple[Rule, ...] = ()
    leave: int | None = None
    exclusions: tuple[Exclusion, ...] = ()
    signals: tuple[Signal, ...] = ()

    @property
    def leaves_below(self) -> int | None:
        """The points below which an MQL leaves; None: it never does."""
        return None if self.leave is None else min(self.leave, self.threshold)

    def rule(self, key: str) -> Rule | None:
        """The rule with this key, if there is one."""
        return next((rule for rule in self.rules if rule.key == key), None)

    def of_group(self, group: str) -> tuple[Rule, ...]:
        """The rules of a group in their order; the order decides who is cut when the limit is reached."""
        return tuple(rule for rule in self.rules if rule.group == group)


def from_data(data: dict[str, Any]) -> Rules:
    """Read a stored rule set. Raises DomainError("rule_set_unreadable") for anything else."""
    try:
        return msgspec.convert(data, Rules)
    except msgspec.ValidationError as error:
        raise DomainError("rule_set_unreadable", f"This rule set cannot be read: {error}.") from error


def to_data(rules: Rules) -> dict[str, Any]:
    """The rule set as plain data for storing, as it will be read back."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rules))
    return data


def look_back_days(rule: Rule) -> int | None:
    """How far into the past a rule looks; None: all of it."""
    if isinstance(rule, FrequencyRule):
        return rule.within_days
    return rule.lasting_days if isinstance(rule, EventRule) else 0


@lru_cache(maxsize=64)
def weights(half_life_days: int) -> tuple[int, ...]:
    """What is left of an event, in `PARTS`, by its age in whole days: exactly floor(PARTS * 2^(-age / half-life)).

    By whole numbers alone, so that every machine and every database has the same table.
    """
    first = []
    for age in range(half_life_days):
        # The largest part with part^h <= PARTS^h / 2^age.
        bound = PARTS**half_life_days >> age
        low, high = PARTS >> 1, PARTS
        while low < high:
            middle = (low + high + 1) >> 1
            low, high = (middle, high) if middle**half_life_days <= bound else (low, middle - 1)
        first.append(low)
    return tuple(part >> halvings for halvings in range(HALF_LIVES) for part in first)


@lru_cache(maxsize=1024)
def values(text: str) -> tuple[str, ...]:
    """The values of a comma-parted list, trimmed and folded for comparing."""
    return tuple(part for raw in text.split(",") if (part := folded(raw)))


def folded(value: object) -> str:
    """A value as it is compared: lower case, single spaces."""
    return " ".join(str(value).split()).casefold()
