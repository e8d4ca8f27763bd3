"""What would make a lead an MQL: the fewest things that could happen now, with all caps and limits respected.

Nothing is estimated: a thing is tried by scoring it as if it had happened this moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import msgspec

from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.rule_set import AttributeRule, EventRule, FrequencyRule, Rule, Rules, values
from handraiser.qualify.rules.scoring import Evidence, Score

_MORE = 6  # things of one rule that are tried
_BESIDE = (0, 12, 12, 6)  # rules that are tried alone, by twos, by threes: somebody waits for the answer


class Step(NamedTuple):
    """So many more things that one rule counts; of an attribute rule: that it becomes known.

    `gives` is what they add by all rules that count them, before the limits of groups.
    """

    rule: Rule
    more: int
    gives: int


class Way(NamedTuple):
    """Steps that together take a lead to the threshold; `gives` is what they add after the groups' limits."""

    steps: tuple[Step, ...]
    gives: int

    @property
    def things(self) -> int:
        """How many things must happen."""
        return sum(step.more for step in self.steps)


class Ways(NamedTuple):
    """`missing`: points to the threshold. `best`: the ways with the fewest things, none if nothing is enough.

    `single`: what could still add points by itself, the most for one thing first.
    """

    missing: int
    best: tuple[Way, ...]
    single: tuple[Way, ...]


def ways(
    rules: Rules,
    attributes: Mapping[str, Any],
    events: Iterable[Evidence],
    score: Score,
    *,
    now_ms: int,
    at_most: int = 3,
) -> Ways:
    """The cheapest ways to the threshold from where a lead stands. Who is left out, or there, has none.

    Ways by fewer rules are looked for first, and ways by more only while there are too few.
    """
    missing = max(0, rules.threshold - score.total)
    if score.left_out or not missing:
        return Ways(missing, (), ())
    trial = _Trial(rules, events, score, now_ms)
    options: dict[Any, list[Step]] = {}
    for rule in rules.rules:
        if rule.group == "against":
            continue
        if isinstance(rule, AttributeRule):
            options[rule.field, rule.value, rule.low] = _to_know(rule, attributes)
        else:
            # Two rules about one thing are one way to go.
            options.setdefault((rule.event, rule.where_field, rule.value), trial.to_do(rule))
    tried = sorted(
        (steps for steps in options.values() if steps), key=lambda steps: -steps[0].gives / steps[0].more
    )
    single = [Way((steps[0],), gives) for steps in tried if (gives := trial.gives((steps[0],))) > 0]
    enough: list[Way] = []
    for many in (1, 2, 3):
        if len(_different(enough)) >= at_most:
            break
        for chosen in combinations(tried[: _BESIDE[many]], many):
            for together in product(*chosen):
                way = Way(together, trial.gives(together))
                if way.gives >= missing and not any(
                    trial.gives(together[:skip] + together[skip + 1 :]) >= missing for skip in range(many)
                ):
                    enough.append(way)
    enough.sort(key=lambda way: (way.things, len(way.steps), -way.gives))
    return Ways(missing, _different(enough)[:at_most], tuple(single))


class _Trial:
    """What would be given if things happened now, beside what is given."""

    def __init__(self, rules: Rules, events: Iterable[Evidence], score: Score, now_ms: int) -> None:
        self.now_ms = now_ms
        heard: dict[str, list[Evidence]] = defaultdict(list)
        for event in events:
            heard[event.name].append(event)
        # By sort of event: each rule with the things that it counts already, and what they give.
        self.counting: dict[str, list[tuple[EventRule | FrequencyRule, list[Evidence], int]]] = defaultdict(
            list
        )
        for rule in rules.rules:
            if isinstance(rule, AttributeRule):
                continue
            things = scoring.things(rule, heard[rule.event], now_ms=now_ms)
            if isinstance(rule, EventRule) and rule.counting == "visit":
                rule = msgspec.structs.replace(rule, counting="each")  # as each visit is one event now
            before = scoring.points_of(rule, things, now_ms=now_ms)
            self.counting[rule.event].append((rule, things, before))
        self.room = {
            group: limit - sum(line.points for line in score.lines if line.group == group)
            for group, limit in (("fit", rules.limits.fit), ("engagement", rules.limits.engagement))
        }
        self._gains: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}

    def gives(self, steps: Sequence[Step]) -> int:
        """What these steps add together, after the limits of their groups."""
        gains = {"fit": 0, "engagement": 0, "against": 0}
        for name in {step.rule.event for step in steps if not isinstance(step.rule, AttributeRule)}:
            alike = [step for step in steps if getattr(step.rule, "event", "") == name]
            for group, gain in self._gain(name, [(step.rule, step.more) for step in alike]).items():
                gains[group] += gain
        for step in steps:
            if isinstance(step.rule, AttributeRule):
                gains[step.rule.group] += step.gives
        return gains["against"] + sum(min(left, gains[group]) for group, left in self.room.items())

    def to_do(self, rule: EventRule | FrequencyRule) -> list[Step]:
        """How much more so many more things give, as long as one more adds something."""
        most = rule.times if isinstance(rule, FrequencyRule) else _MORE
        steps: list[Step] = []
        for more in range(1, most + 1):
            gives = sum(self._gain(rule.event, [(rule, more)]).values())
            if gives > (steps[-1].gives if steps else 0):
                steps.append(Step(rule, more, gives))
            elif steps:
                break
        return steps

    def _gain(self, name: str, things: Sequence[tuple[Any, int]]) -> dict[str, int]:
        """What all rules about one sort of event add for things that happen, by group."""
        key = tuple((rule.key, more) for rule, more in things)
        found = self._gains.get(key)
        if found is None:
            made = [
                another(rule, number, self.now_ms) for rule, more in things for number in range(1, more + 1)
            ]
            found = self._gains[key] = {"fit": 0, "engagement": 0, "against": 0}
            for rule, there, before in self.counting[name]:
                found[rule.group] += scoring.points_of(rule, [*there, *made], now_ms=self.now_ms) - before
        return found


def _different(enough: Sequence[Way]) -> tuple[Way, ...]:
    """Of ways by the same rules the cheapest."""
    first: dict[frozenset[str], Way] = {}
    for way in enough:
        first.setdefault(frozenset(step.rule.key for step in way.steps), way)
    return tuple(first.values())


def _to_know(rule: AttributeRule, attributes: Mapping[str, Any]) -> list[Step]:
    """What is known already does not become another thing by itself."""
    if attributes.get(rule.field) not in (None, ""):
        return []
    most = max([rule.points, *(one.points for one in rule.ranges)])
    return [Step(rule, 1, most)] if most > 0 else []


def another(rule: EventRule | FrequencyRule, number: int, now_ms: int) -> Evidence:
    """A thing like those that the rule counts, and like none before it where there can be another."""
    new = f"new {rule.key} {number}"
    body: dict[str, Any] = {rule.distinct: new} if rule.distinct else {}
    if rule.where_field:
        named = values(rule.value) or ("",)
        one = named[(number - 1) % len(named)]
        body[rule.where_field] = f"{one[:-1]}{new}" if one.endswith("*") else one
    return Evidence(new, rule.event, now_ms, new, body)
