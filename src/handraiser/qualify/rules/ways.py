"""What would make a lead an MQL: the fewest things that could happen now, with all caps and limits respected.

Nothing is estimated: a thing is tried by scoring it as if it had happened this moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

from handraiser.qualify.rules import scoring
from handraiser.qualify.rules.rule_set import AttributeRule, FrequencyRule, Rule, Rules, values
from handraiser.qualify.rules.scoring import Evidence, Score

_TRIED = 12  # things of one rule, and rules, that are tried
_TOGETHER = 3


class Step(NamedTuple):
    """So many more things that one rule counts; of an attribute rule: that it becomes known."""

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

    `steps`: all that could still add points, the best for one thing first; `room`: what the limits of fit and
    engagement leave.
    """

    missing: int
    best: tuple[Way, ...]
    steps: tuple[Step, ...]
    room: Mapping[str, int]


def ways(
    rules: Rules,
    attributes: Mapping[str, Any],
    events: Iterable[Evidence],
    score: Score,
    *,
    now_ms: int,
    at_most: int = 3,
) -> Ways:
    """The cheapest ways to the threshold from where a lead stands."""
    missing = rules.threshold - score.total
    given = {
        group: sum(line.points for line in score.lines if line.group == group)
        for group in ("fit", "engagement")
    }
    room = {
        "fit": rules.limits.fit - given["fit"],
        "engagement": rules.limits.engagement - given["engagement"],
    }
    heard = list(events)
    options = []
    for rule in rules.rules:
        if rule.group in room and room[rule.group] > 0:
            steps = (
                _to_know(rule, attributes)
                if isinstance(rule, AttributeRule)
                else _to_do(rule, heard, now_ms=now_ms)
            )
            if steps:
                options.append(steps)
    options.sort(key=lambda steps: -steps[0].gives / steps[0].more)
    first = tuple(steps[0] for steps in options)
    if missing <= 0 or score.left_out:
        return Ways(max(missing, 0), (), first, room)
    enough: list[Way] = []
    for many in range(1, _TOGETHER + 1):
        for chosen in combinations(options[:_TRIED], many):
            for together in product(*chosen):
                way = Way(together, _sum(together, room))
                if way.gives >= missing and not any(
                    _sum(together[:skip] + together[skip + 1 :], room) >= missing for skip in range(many)
                ):
                    enough.append(way)
    enough.sort(key=lambda way: (way.things, len(way.steps), -way.gives))
    return Ways(missing, _different(enough)[:at_most], first, room)


def _different(enough: Sequence[Way]) -> tuple[Way, ...]:
    """Of ways by the same rules the cheapest."""
    first: dict[frozenset[str], Way] = {}
    for way in enough:
        first.setdefault(frozenset(step.rule.key for step in way.steps), way)
    return tuple(first.values())


def _sum(steps: Sequence[Step], room: Mapping[str, int]) -> int:
    return sum(
        min(left, sum(step.gives for step in steps if step.rule.group == group))
        for group, left in room.items()
    )


def _to_know(rule: AttributeRule, attributes: Mapping[str, Any]) -> list[Step]:
    """What is known already does not become another thing by itself."""
    if attributes.get(rule.field) not in (None, ""):
        return []
    most = max([rule.points, *(one.points for one in rule.ranges)])
    return [Step(rule, 1, most)] if most > 0 else []


def _to_do(rule: Any, heard: Sequence[Evidence], *, now_ms: int) -> list[Step]:
    """How much more so many more things give, as long as one more adds something."""
    alone = [event for event in heard if event.name == rule.event]
    before = scoring.points_of(rule, alone, now_ms=now_ms)
    most = rule.times if isinstance(rule, FrequencyRule) else _TRIED
    steps: list[Step] = []
    made: list[Evidence] = []
    best = 0
    for more in range(1, most + 1):
        made.append(_another(rule, more, now_ms))
        gives = scoring.points_of(rule, [*alone, *made], now_ms=now_ms) - before
        if gives > best:
            steps.append(Step(rule, more, gives))
            best = gives
        elif steps:
            break
    return steps


def _another(rule: Any, number: int, now_ms: int) -> Evidence:
    """A thing like those that the rule counts, and like none before it where there can be another."""
    body: dict[str, Any] = {rule.distinct: f"new {number}"} if rule.distinct else {}
    if rule.where_field:
        named = values(rule.value) or ("",)
        one = named[(number - 1) % len(named)]
        body[rule.where_field] = f"{one[:-1]}new-{number}" if one.endswith("*") else one
    return Evidence(f"new {number}", rule.event, now_ms, f"new {number}", body)
