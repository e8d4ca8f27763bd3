"""Only the numbers of a score, for many people at once: what `scoring.evaluate` says, without its reasons.

A rule set is prepared once. What an event means to its rules is looked up by the few fields that they look at, so
an event costs what it gives and not a look for each rule. A test holds both equal on arbitrary histories.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.rule_set import AttributeRule, EventRule, FrequencyRule, Rules, folded
from handraiser.qualify.rules.scoring import DAY_MS, VISIT_GAP_MS
from handraiser.qualify.rules.vocabulary import FACTS

_REMEMBERED = 20_000  # different things that events were about
_PAGE_VIEWED = "attract.page_viewed"
_FIELDS = sorted({field for fact in FACTS.values() for field in (*fact.fields, fact.apart)})
# The other fields of a body are passed over.
_Looked = msgspec.defstruct("_Looked", [(name, Any, "") for name in (*_FIELDS, "bot", "machine")])
_look: Callable[[str | bytes], Any] = msgspec.json.Decoder(_Looked).decode
_moment = attrgetter("at")


class Seen(NamedTuple):
    """An event as the numbers need it. `order` counts what was heard of; `body` is JSON as text."""

    order: int
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
    next_change_at: int | None


class Done(NamedTuple):
    """What somebody's events give: points and the moment of their change for each rule that counts events.

    None: the rule gives nothing. `most`: no moment since the one asked about can have given more than that.
    """

    lines: list[tuple[int, int | None] | None]
    most: int


class Prepared:
    """A rule set made ready for many people."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._attributes = [rule for rule in rules.rules if isinstance(rule, AttributeRule)]
        self._counting: list[EventRule | FrequencyRule] = [
            rule for rule in rules.rules if not isinstance(rule, AttributeRule)
        ]
        self._fields: dict[str, tuple[str, ...]] = {}
        for name in {rule.event for rule in self._counting}:
            asked = [rule for rule in self._counting if rule.event == name]
            fields = {rule.where_field for rule in asked} | {rule.distinct for rule in asked}
            self._fields[name] = tuple(sorted(fields - {""}))
        self._means: dict[tuple[str, ...], list[tuple[int, Any]]] = {}
        self._fits: dict[tuple[int, type, Any], bool] = {}

    def done(self, events: Iterable[Seen], *, now_ms: int, since_ms: int | None = None) -> Done:
        """What one person's events, in any order, give as of `now_ms`; `since_ms` is for `most`."""
        since_ms = now_ms if since_ms is None else since_ms
        moments: list[list[int]] = [[] for _ in self._counting]
        units: list[list[Any]] = [[] for _ in self._counting]
        visits: dict[str, tuple[int, int]] = {}  # by visitor: the last view, and the number of its visit
        number = 0
        for event in sorted(events, key=_moment):
            if event.name not in self._fields or event.at > now_ms:
                continue
            looked = _look(event.body)
            if looked.bot or looked.machine:
                continue
            if event.name == _PAGE_VIEWED:
                before = visits.get(event.visitor)
                if before is not None and event.at - before[0] < VISIT_GAP_MS:
                    visit = before[1]
                else:
                    visit = number = number + 1
                visits[event.visitor] = event.at, visit
            else:
                visit = -event.order
            for index, unit in self._meaning(event.name, looked):
                moments[index].append(event.at)
                units[index].append(visit if unit is None else unit)
        lines: list[tuple[int, int | None] | None] = []
        most = 0
        for rule, at, unit in zip(self._counting, moments, units, strict=True):
            if not at:
                lines.append(None)
                continue
            count = _frequency if isinstance(rule, FrequencyRule) else _counted
            line, at_best = count(rule, at, unit, now_ms, since_ms)  # type: ignore[arg-type]
            lines.append(line)
            most += max(0, at_best)
        return Done(lines, most)

    def numbers(self, attributes: Mapping[str, Any], done: Done) -> Numbers:
        """The worth of a lead of whom this is known and whose person did this."""
        limits = self.rules.limits
        left = {"fit": limits.fit, "engagement": limits.engagement, "against": limits.against}
        fit = engagement = 0
        changes = []
        events = iter(done.lines)
        for index, rule in enumerate(self.rules.rules):
            if isinstance(rule, AttributeRule):
                if not self._fitting(index, rule, attributes.get(rule.field)):
                    continue
                earned = rule.points
            else:
                line = next(events)
                if line is None:
                    continue
                earned, until = line
                if until is not None:
                    changes.append(until)
            room = left[rule.group]
            points = min(earned, room) if room >= 0 and earned > 0 else max(earned, room)
            left[rule.group] -= points
            if isinstance(rule, AttributeRule):
                fit += points
            else:
                engagement += points
        bands = self.rules.bands
        return Numbers(
            fit,
            engagement,
            fit + engagement,
            scoring.grade(bands, fit=fit, engagement=engagement),
            scoring.temperature(bands, total=fit + engagement),
            min(changes, default=None),
        )

    def out_of_reach(self, attributes: Mapping[str, Any], done: Done) -> bool:
        """True if this lead cannot have reached the threshold at any moment since `done`'s `since_ms`."""
        most = done.most
        for index, rule in enumerate(self.rules.rules):
            if isinstance(rule, AttributeRule) and self._fitting(index, rule, attributes.get(rule.field)):
                most += max(0, rule.points)
        return most < self.rules.threshold

    def _fitting(self, index: int, rule: AttributeRule, value: Any) -> bool:
        if value is None or value == "":
            return False
        try:
            key = index, type(value), value
            found = self._fits.get(key)
        except TypeError:
            return scoring.attribute_fits(rule, value)
        if found is None:
            if len(self._fits) > _REMEMBERED:
                self._fits.clear()
            found = self._fits[key] = scoring.attribute_fits(rule, value)
        return found

    def _meaning(self, name: str, looked: Any) -> list[tuple[int, Any]]:
        """The rules that count such an event, with what tells two apart; None: its visit, or itself."""
        key = (name, *[str(getattr(looked, field)) for field in self._fields[name]])
        found = self._means.get(key)
        if found is None:
            if len(self._means) > _REMEMBERED:
                self._means.clear()
            body = dict(zip(self._fields[name], key[1:], strict=True))
            event = scoring.Evidence("", name, 0, "", body)
            found = self._means[key] = [
                (index, _unit(rule, body))
                for index, rule in enumerate(self._counting)
                if rule.event == name and scoring.fits(rule, event)
            ]
        return found


def _unit(rule: EventRule | FrequencyRule, body: Mapping[str, str]) -> str | None:
    if isinstance(rule, EventRule) and rule.counting != "distinct":
        return None
    return folded(body.get(rule.distinct, ""))


def _counted(
    rule: EventRule, at: Sequence[int], units: Sequence[Any], now_ms: int, since_ms: int
) -> tuple[tuple[int, int | None] | None, int]:
    """The line of an event rule, and the most it can have given since; `at` is in order."""
    span = None if rule.days is None else rule.days * DAY_MS
    limit = 1 if rule.counting == "once" else rule.at_most
    begin = 0 if span is None else bisect_right(at, now_ms - span)
    early = 0 if span is None else bisect_right(at, since_ms - span)
    best = len(set(units[early:])) if rule.counting == "distinct" else len(at) - early
    most = rule.points * (best if limit is None else min(best, limit))
    if begin == len(at):
        return None, most
    # The newest event of a unit keeps it alive longest.
    if rule.counting in ("each", "once"):
        newest: Sequence[int] = at[begin:]
    else:
        newest = sorted(dict(zip(units[begin:], at[begin:], strict=True)).values())
    counted = len(newest) if limit is None else min(len(newest), limit)
    return (rule.points * counted, None if span is None else newest[-counted] + span), most


def _frequency(
    rule: FrequencyRule, at: Sequence[int], units: Sequence[Any], now_ms: int, since_ms: int
) -> tuple[tuple[int, int | None] | None, int]:
    keep = rule.keep_days * DAY_MS
    if len(set(units)) < rule.times:
        return None, 0
    for last in range(len(at) - 1, -1, -1):
        if since_ms - at[last] >= keep:
            break
        start = bisect_left(at, at[last] - rule.within_days * DAY_MS)
        if len(set(units[start : last + 1])) >= rule.times:
            alive = now_ms - at[last] < keep
            return (rule.points, at[last] + keep) if alive else None, rule.points
    return None, 0
