"""Only the numbers of a score, kept up event by event: what `scoring.evaluate` says, without its reasons.

Of everything that somebody did, only counts are kept: for each rule the newest moments that can still matter, and
for visits the spans in which pages were seen. They do not depend on the order in which events arrive, and a repeat
changes nothing; so counts that were kept up agree with counts made anew, to the last unit. A test holds both equal
to `evaluate` on arbitrary histories.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.rule_set import (
    DAY_MS,
    HALF_LIVES,
    LOOKED_AT,
    MAX_RULES,
    PARTS,
    AttributeRule,
    EventRule,
    Exclusion,
    FrequencyRule,
    Rules,
    folded,
    weights,
)
from handraiser.qualify.rules.scoring import VISIT_GAP_MS
from handraiser.qualify.rules.vocabulary import FACTS

NEVER = 1 << 62
# How late a page view may come and still find the spans that it may lengthen or join.
_LATEST_MS = 2 * DAY_MS
_REMEMBERED = 20_000  # different things that events were about
_PAGE_VIEWED = "attract.page_viewed"
_GROUPS = ("fit", "engagement", "against")
_FIELDS = sorted({field for fact in FACTS.values() for field in (*fact.fields, fact.apart)})
# The other fields of a body are passed over.
_Looked = msgspec.defstruct("_Looked", [(name, Any, "") for name in (*_FIELDS, "bot", "machine")])
_look: Callable[[str | bytes], Any] = msgspec.json.Decoder(_Looked).decode
_order = attrgetter("order")
_LEFT_OUT = (0, 0, 0, -NEVER)  # no points of events reach a threshold from here


class Seen(NamedTuple):
    """An event as the numbers need it. `order` counts what was heard of; `body` is JSON as text."""

    order: int
    id: str
    name: str
    at: int
    visitor: str
    body: str | bytes


class Numbers(NamedTuple):
    """The worth of a lead; fields as in `scoring.Score`."""

    fit: int
    engagement: int
    total: int
    grade: str
    temperature: str


class Counts(msgspec.Struct, array_like=True):
    """What is kept of one person's events under one rule set.

    `units`: by the rule's place among those that count events, the newest moment of each thing that may count.
    `spans`: by visitor, [first, last] view of each visit of late. `newest` is the last view of all; views from
    before `horizon` may have lost the spans they belong to.
    """

    units: dict[int, dict[str, int]] = {}
    spans: dict[str, list[list[int]]] = {}
    newest: int = 0
    horizon: int = 0


class TooLate(Exception):
    """A page view from so long ago that its visit is no longer known: the counts must be made anew."""


class Prepared:
    """A rule set made ready for many people."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.limits = (rules.limits.fit, rules.limits.engagement, rules.limits.against)
        self.attributes = [
            (index, rule) for index, rule in enumerate(rules.rules) if isinstance(rule, AttributeRule)
        ]
        self.attribute_of = dict(self.attributes)
        self.counting: list[EventRule | FrequencyRule] = [
            rule for rule in rules.rules if not isinstance(rule, AttributeRule)
        ]
        self.of_group = [
            [index for index, rule in enumerate(self.counting) if rule.group == group] for group in _GROUPS
        ]
        self.windows = [_window(rule) for rule in self.counting]
        limits = [self.limits[_GROUPS.index(rule.group)] for rule in self.counting]
        # How many things can give points; more than fill the group's limit cannot matter.
        self.most = [_most(rule, limit) for rule, limit in zip(self.counting, limits, strict=True)]
        # How many of them are kept.
        self.keep = [_keep(rule, limit) for rule, limit in zip(self.counting, limits, strict=True)]
        self.special = {
            index: rule
            for index, rule in enumerate(self.counting)
            if isinstance(rule, EventRule) and not rule.is_plain
        }
        # Where an event can take points: of two that fell on different days one may move to the day of the other.
        self.taking = frozenset(
            index
            for index, rule in enumerate(self.counting)
            if rule.points < 0 or (index in self.special and _is_capped_by_days(self.special[index]))
        )
        self.needed = [isinstance(rule, FrequencyRule) for rule in self.counting]
        self.visiting = frozenset(
            index
            for index, rule in enumerate(self.counting)
            if isinstance(rule, EventRule) and rule.counting == "visit" and rule.event == _PAGE_VIEWED
        )
        self._fields: dict[str, tuple[str, ...]] = {}
        for name in {rule.event for rule in self.counting}:
            asked = [rule for rule in self.counting if rule.event == name]
            fields = {rule.where_field for rule in asked} | {rule.distinct for rule in asked}
            self._fields[name] = tuple(sorted(fields - {""}))
        self.names = frozenset(self._fields)
        self._means: dict[str, dict[tuple[str, ...], list[tuple[int, str | None]]]] = {
            name: {} for name in self.names
        }
        self._nothing = Numbers(
            0,
            0,
            0,
            scoring.grade(rules.bands, fit=0, engagement=0),
            scoring.temperature(rules.bands, total=0),
        )
        self._sums = lru_cache(maxsize=4096)(self._sums_of)

    def fitting(self, attributes: Mapping[str, Any]) -> tuple[int, ...]:
        """What of the rules fits what is known, each as one number.

        It is the place of an attribute rule, plus `MAX_RULES` for each of its ranges up to the one that fits. For
        who is left out, one number below zero is all.
        """
        if self.rules.exclusions:
            excluded = scoring.left_out(self.rules, attributes)
            if excluded is not None:
                return (-1 - self.rules.exclusions.index(excluded),)
        return tuple(
            index if rule.test != "ranges" else index + MAX_RULES * _range(rule, value)
            for index, rule in self.attributes
            if (value := attributes.get(rule.field)) is not None
            and value != ""
            and scoring.attribute_fits(rule, value)
        )

    def left_out(self, fitting: Collection[int]) -> Exclusion | None:
        """Why somebody is left out of whom this fits; None: they are not."""
        first = next(iter(fitting), 0)
        return self.rules.exclusions[-1 - first] if first < 0 else None

    def told(self, name: str, body: Mapping[str, Any]) -> list[tuple[int, str | None]]:
        """The rules that count an event of `names`, with what tells two apart; None: its visit, or itself."""
        told = tuple([str(body.get(field, "")) for field in self._fields[name]])
        return self._means[name].get(told) or self._meaning(name, told)

    def read(self, name: str, body: str | bytes) -> list[tuple[int, str | None]] | None:
        """The same of a body that is still text; None for what no rule looks at, and for machines."""
        fields = self._fields.get(name)
        if fields is None:
            return None
        looked = _look(body)
        if looked.bot or looked.machine:
            return None
        return self._meaning(name, tuple([str(getattr(looked, field)) for field in fields]))

    def is_view(self, name: str) -> bool:
        """Whether an event of this name belongs to a visit that a rule counts."""
        return name == _PAGE_VIEWED and bool(self.visiting)

    def worth(self, fitting: Collection[int], points: Sequence[int]) -> Numbers:
        """The worth of a lead whom these attribute rules fit and whose person's events give these points."""
        known = self._sums(tuple(fitting))
        if known is _LEFT_OUT:
            return self._nothing
        fit = engagement = 0
        for group, limit in enumerate(self.limits):
            attributes, events = known[group], sum(map(points.__getitem__, self.of_group[group]))
            if abs(attributes + events) > abs(limit):
                attributes, events = self._cut(group, fitting, points)
            fit += attributes
            engagement += events
        bands = self.rules.bands
        return Numbers(
            fit,
            engagement,
            fit + engagement,
            scoring.grade(bands, fit=fit, engagement=engagement),
            scoring.temperature(bands, total=fit + engagement),
        )

    def worth_of(self, index: int, units: int) -> int:
        """The points of a rule that counts so many; the most, of one that fades or is capped by days."""
        most = self.most[index]
        if self.needed[index]:
            return self.counting[index].points if units >= most else 0
        return self.counting[index].points * (units if units < most else most)

    def best(self, fitting: Collection[int]) -> int:
        """The points of the attribute rules that give some; for who is left out, no events make up for it."""
        return self._sums(tuple(fitting))[-1]

    def _sums_of(self, fitting: tuple[int, ...]) -> tuple[int, ...]:
        """The points of the attribute rules that fit, by group, and of those that give some."""
        if fitting and fitting[0] < 0:
            return _LEFT_OUT
        rules = [(self.rules.rules[code % MAX_RULES].group, self._known(code)) for code in fitting]
        groups = [sum(worth for its, worth in rules if its == group) for group in _GROUPS]
        return (*groups, sum(max(0, worth) for _, worth in rules))

    def _known(self, code: int) -> int:
        """The points of an attribute rule that fits."""
        number, index = divmod(code, MAX_RULES)
        rule = self.attribute_of[index]
        return rule.ranges[number - 1].points if number else rule.points

    def _cut(self, group: int, fitting: Collection[int], points: Sequence[int]) -> tuple[int, int]:
        """What a limit leaves of a group, in the order of its rules."""
        left = self.limits[group]
        kept = [0, 0]
        earned = iter(points)
        known = {code % MAX_RULES: self._known(code) for code in fitting}
        for index, rule in enumerate(self.rules.rules):
            counts = not isinstance(rule, AttributeRule)
            worth = next(earned) if counts else known.get(index, 0)
            if rule.group != _GROUPS[group] or not worth:
                continue
            cut = min(worth, left) if left >= 0 and worth > 0 else max(worth, left)
            left -= cut
            kept[counts] += cut
        return kept[0], kept[1]

    def _meaning(self, name: str, told: tuple[str, ...]) -> list[tuple[int, str | None]]:
        means = self._means[name]
        found = means.get(told)
        if found is None:
            if len(means) > _REMEMBERED:
                means.clear()
            body = dict(zip(self._fields[name], told, strict=True))
            event = scoring.Evidence("", name, 0, "", body)
            found = means[told] = [
                (index, _unit(rule, body))
                for index, rule in enumerate(self.counting)
                if rule.event == name and scoring.fits(rule, event)
            ]
        return found


class Tally:
    """One person's counts and what they give. Moments go forward only: what has left its window is forgotten.

    `may_fall`: something was counted that can have taken points.
    """

    def __init__(self, rules: Prepared, counts: Counts) -> None:
        self.rules, self.counts = rules, counts
        many = len(rules.counting)
        self.points = [0] * many
        self.until = [NEVER] * many
        self._stale = set(counts.units)
        self._cut = {index for index, units in counts.units.items() if len(units) >= rules.keep[index]}
        self.next_change_at = NEVER
        self.may_fall = False

    def add(
        self, id: str, at: int, visitor: str, means: Sequence[tuple[int, str | None]], view: bool
    ) -> None:
        """Count an event. `means` is what `told` or `read` says of it, `view` what `is_view` says.

        Raises TooLate; then the counts are of no more use.
        """
        visit = self._visit(visitor, at) if view else ""
        counted, stale, visiting = self.counts.units, self._stale, self.rules.visiting
        taking = self.rules.taking
        for index, unit in means:
            if unit is None:
                unit = visit if view and index in visiting else _short(id)
            units = counted.setdefault(index, {})
            before = units.get(unit)
            if before is None or before < at:
                units[unit] = at
                stale.add(index)
                if index in taking:
                    self.may_fall = True

    def at(self, now: int) -> None:
        """Work out the points as of a moment, in milliseconds."""
        due = self._stale
        if self.next_change_at <= now:
            due = due | {index for index, until in enumerate(self.until) if until <= now}
        if not due:
            return
        for index in due:
            self._line(index, now)
        self._stale = set()
        self.next_change_at = min(self.until)

    def most(self) -> int:
        """No moment since the counts were kept can have given more; ask before `at` forgets."""
        rules = self.rules
        return sum(
            rules.worth_of(index, len(units))
            for index, units in self.counts.units.items()
            if rules.counting[index].points > 0
        )

    def kept(self) -> Counts:
        """The counts for storing: what cannot matter any more, or only for a very late view, is left out."""
        counts = self.counts
        for index, units in counts.units.items():
            keep = self.rules.keep[index]
            if len(units) > keep:
                # Of two as old the same one goes, whichever came first.
                newest = sorted(units.items(), key=lambda unit: (unit[1], unit[0]))[-keep:]
                counts.units[index] = dict(newest)
        horizon = counts.newest - _LATEST_MS
        if horizon > counts.horizon:
            counts.horizon = horizon
            spans = {
                visitor: recent
                for visitor, theirs in counts.spans.items()
                if (recent := [span for span in theirs if span[1] >= horizon])
            }
            counts.spans = spans
        return counts

    def _visit(self, visitor: str, at: int) -> str:
        """The visit that a view belongs to. It may lengthen one, or join two that become one."""
        counts = self.counts
        if at - VISIT_GAP_MS < counts.horizon:
            raise TooLate
        counts.newest = max(counts.newest, at)
        spans = counts.spans.setdefault(visitor, [])
        if not spans or at - spans[-1][1] >= VISIT_GAP_MS:
            spans.append([at, at])
            return _named(visitor, at)
        last = spans[-1]
        if at >= last[0]:
            last[1] = max(last[1], at)
            return _named(visitor, last[0])
        near = [span for span in spans if span[0] - VISIT_GAP_MS < at < span[1] + VISIT_GAP_MS]
        joined = [min([at, *(span[0] for span in near)]), max([at, *(span[1] for span in near)])]
        counts.spans[visitor] = sorted([joined, *(span for span in spans if span not in near)])
        name = _named(visitor, joined[0])
        self._rename({_named(visitor, span[0]) for span in near} - {name}, name)
        return name

    def _rename(self, old: set[str], new: str) -> None:
        for index in self.rules.visiting:
            units = self.counts.units.get(index, {})
            moments = [units.pop(one) for one in old if one in units]
            if not moments:
                continue
            if index in self._cut and (len(moments) > 1 or new in units):
                raise TooLate  # of two that become one, a third that was left out may take the place
            units[new] = max([units.get(new, 0), *moments])
            self._stale.add(index)
            self.may_fall = True

    def _line(self, index: int, now: int) -> None:
        """The points of one rule now, and when time alone will change them."""
        rules, counted = self.rules, self.counts.units
        units = counted.get(index)
        window = rules.windows[index]
        oldest = min(units.values()) if units else 0
        if units and window is not None and oldest <= now - window:
            units = {unit: at for unit, at in units.items() if at > now - window}
            oldest = min(units.values(), default=0)
            if units:
                counted[index] = units
            else:
                del counted[index]
        if units and index in rules.special:
            self.points[index], self.until[index] = worth_of_things(rules.special[index], units.values(), now)
            return
        given = self.points[index] = rules.worth_of(index, len(units)) if units else 0
        if not given or not units or window is None:
            self.until[index] = NEVER
            return
        # While more are alive than count, losing the oldest changes nothing.
        most = rules.most[index]
        self.until[index] = window + (oldest if len(units) <= most else sorted(units.values())[-most])


class Step(NamedTuple):
    """A moment on somebody's way with the events that were heard of by then; `cause` is handed through."""

    at: int
    cause: Any
    events: Sequence[tuple[str, int, str, Sequence[tuple[int, str | None]], bool]]


class Standing(NamedTuple):
    """The points of a person's events at a moment on the way, and the cause of that moment."""

    at: int
    cause: Any
    points: Sequence[int]


def walk(tally: Tally, steps: Iterable[Step], *, since: int, upto: int) -> Iterator[Standing]:
    """What the events give after each step, and wherever time alone changes it in between, until `upto`.

    Moments never go back: a late event counts from the moment at which it was heard of. Raises TooLate.
    """
    now = since
    tally.at(now)
    for step in (*steps, Step(upto, None, ())):
        now = max(now, step.at)
        while tally.next_change_at <= now:
            moment = tally.next_change_at
            tally.at(moment)
            yield Standing(moment, None, tuple(tally.points))
        for event in step.events:
            tally.add(*event)
        tally.at(now)
        yield Standing(now, step.cause, tuple(tally.points))


def by_order(events: Iterable[Seen]) -> list[Seen]:
    """Events in the order in which they were heard of."""
    return sorted(events, key=_order)


def _named(visitor: str, at: int) -> str:
    return f"{visitor[-6:]}{at}"  # visitors are random: two of one person that end alike, and begin together


def _short(text: str) -> str:
    """What stands for a longer text: the same for the same, and never the same for two of one person's things.

    Forty-eight bits: among a thousand things the chance that two are taken for one is 1 in 500 million.
    """
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _unit(rule: EventRule | FrequencyRule, body: Mapping[str, str]) -> str | None:
    if isinstance(rule, EventRule) and rule.counting == "once":
        return ""
    if isinstance(rule, EventRule) and rule.counting != "distinct":
        return None
    return _short(folded(body.get(rule.distinct, "")))


def worth_of_things(rule: EventRule, moments: Iterable[int], now: int) -> tuple[int, int]:
    """The points of a rule that fades or is capped by days, and when time alone will change them."""
    most = 1 if rule.counting == "once" else rule.at_most or LOOKED_AT
    a_day, in_30_days = rule.at_most_a_day or LOOKED_AT, rule.at_most_30_days or LOOKED_AT
    counted: list[int] = []
    for at in sorted(moments, reverse=True)[:LOOKED_AT]:
        many = len(counted)
        if many >= a_day and counted[-a_day] // DAY_MS == at // DAY_MS:
            continue
        if many >= in_30_days and counted[-in_30_days] - at < 30 * DAY_MS:
            continue
        counted.append(at)
        if many + 1 == most:
            break
    if rule.half_life_days is None:
        days = rule.days
        return rule.points * len(counted), NEVER if days is None else counted[-1] + days * DAY_MS
    table = weights(rule.half_life_days)
    worth = abs(rule.points) * sum([table[(now - at) // DAY_MS] for at in counted]) // PARTS
    until = now + DAY_MS - max([(now - at) % DAY_MS for at in counted])
    return (worth if rule.points > 0 else -worth), until


def _range(rule: AttributeRule, value: Any) -> int:
    place = scoring.range_of(rule, value)
    return 0 if place is None else place + 1


def _window(rule: EventRule | FrequencyRule) -> int | None:
    days = rule.within_days if isinstance(rule, FrequencyRule) else rule.lasting_days
    return None if days is None else days * DAY_MS


def _most(rule: EventRule | FrequencyRule, limit: int) -> int:
    """How many things can give points."""
    if isinstance(rule, FrequencyRule):
        return rule.times
    if rule.counting == "once":
        return 1
    filling = _filling(rule, limit) if rule.is_plain else LOOKED_AT
    return filling if rule.at_most is None else min(filling, rule.at_most)


def _keep(rule: EventRule | FrequencyRule, limit: int) -> int:
    """How many things can come to give points."""
    most = _most(rule, limit)
    if isinstance(rule, FrequencyRule) or rule.is_plain:
        return most
    if rule.at_most_a_day or rule.at_most_30_days:
        return (
            LOOKED_AT if rule.counting != "once" else 1
        )  # one that does not count may when a newer one comes
    return min(most, _filling(rule, limit) << HALF_LIVES)


def _is_capped_by_days(rule: EventRule) -> bool:
    return rule.at_most_a_day is not None or rule.at_most_30_days is not None


def _filling(rule: EventRule, limit: int) -> int:
    """So many fill the limit of the rule's group."""
    return max(1, -(-abs(limit) // abs(rule.points)))
