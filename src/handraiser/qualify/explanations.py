"""Why a lead has its points, now or at a past moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify import queries
from handraiser.qualify.models import ProductLead, RuleSet
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import EventRule, Rule, Rules
from handraiser.qualify.rules.scoring import Line, Score


@dataclass(frozen=True)
class WhyEvent:
    """An event behind points: its message id, what it was, and when."""

    id: str
    what: str
    at: datetime


@dataclass(frozen=True)
class WhyLine:
    """The points of one rule with their reason.

    `share`: 0..100 of the largest line, for a bar. `fades`: at `until` only a part of the points goes.
    """

    rule: Rule
    title: str
    points: str
    negative: bool
    reason: str
    share: int
    last_at: datetime | None
    until: datetime | None
    fades: bool
    events: tuple[WhyEvent, ...]


@dataclass(frozen=True)
class Why:
    """Everything that explains a score. `past`: it is that of an earlier moment, not of now.

    `left_out`: why there are no points at all, and the condition that fits; "" for everybody else.
    `product`: since when and by what it is a PQL.
    """

    lead: Lead
    rule_set: RuleSet
    as_of: datetime
    past: bool
    score: Score
    lines: tuple[WhyLine, ...]
    missing: tuple[str, ...]
    could_add: tuple[tuple[str, str], ...]
    left_out: str = ""
    left_out_by: str = ""
    product: ProductLead | None = None

    @property
    def points(self) -> str:
        """The total as people read it."""
        return wording.plain(self.score.total)


def why(lead: Lead, as_of: datetime | None = None) -> Why | None:
    """Why a lead has its points, now or at a past moment: the event behind each, and what is missing.

    A past moment is judged by the rule set that was live then, with what was known then. None on an instance
    that never scored anything.
    """
    moment = as_of or clock.now()
    rule_set = queries.rule_set_at(moment) if as_of else queries.live_rule_set()
    if rule_set is None:
        return None
    rules = rule_set.rules
    score = queries.score_at(lead, rules, moment) if as_of else queries.score_now(lead, rules, moment)
    largest = max((abs(line.points) for line in score.lines), default=0)
    events = _events_of(score)
    lines = tuple(
        _why_line(rule, line, largest, events)
        for line in sorted(score.lines, key=lambda line: -line.points)
        if (rule := rules.rule(line.rule))
    )
    out = next((one for one in rules.exclusions if one.key == score.left_out), None)
    return Why(
        lead=lead,
        rule_set=rule_set,
        as_of=moment,
        past=as_of is not None,
        score=score,
        lines=lines,
        missing=() if out else _missing(rules, score, stage=lead.stage),
        could_add=() if out else _could_add(rules, score),
        left_out=out.reason if out else "",
        left_out_by=wording.excluded(out) if out else "",
        product=ProductLead.objects.filter(lead=lead, at__lte=moment).first(),
    )


def _events_of(score: Score) -> dict[str, WhyEvent]:
    ids = [event for line in score.lines for event in line.because]
    items = TimelineItem.objects.filter(message_id__in=ids).values_list("message_id", "body", "occurred_at")
    return {key: WhyEvent(key, _object(body), at) for key, body, at in items}


def _object(body: Mapping[str, Any]) -> str:
    """The thing an event was about, from its fields that carry a name."""
    for field in ("title", "magnet_name", "form_name", "path", "event", "template", "url"):
        if body.get(field):
            return str(body[field])
    return ""


def _why_line(rule: Rule, line: Line, largest: int, events: Mapping[str, WhyEvent]) -> WhyLine:
    return WhyLine(
        rule=rule,
        title=wording.title(rule),
        points=wording.points(line.points),
        negative=line.points < 0,
        reason=wording.reason(rule, line),
        share=abs(line.points) * 100 // largest if largest else 0,
        last_at=None if line.last_at is None else clock.from_ms(line.last_at),
        until=None if line.until is None else clock.from_ms(line.until),
        fades=isinstance(rule, EventRule) and line.counted > 1,
        events=tuple(events[event] for event in line.because if event in events),
    )


def _missing(rules: Rules, score: Score, *, stage: str) -> tuple[str, ...]:
    """What is missing to the next band, nearest first."""
    bands = rules.bands
    steps: list[tuple[int, str]] = []
    if stage == "lead" and score.total < rules.threshold:
        steps.append((rules.threshold - score.total, "to become MQL"))
    for level, name in ((bands.warm, "to be warm"), (bands.hot, "to be hot")):
        if score.total < level:
            steps.append((level - score.total, name))
            break
    for level, name in ((bands.fit_b, "of fit to B"), (bands.fit_a, "of fit to A")):
        if score.fit < level:
            steps.append((level - score.fit, name))
            break
    for level, name in (
        (bands.engagement_2, "of engagement to 2"),
        (bands.engagement_1, "of engagement to 1"),
    ):
        if score.engagement < level:
            steps.append((level - score.engagement, name))
            break
    return tuple(f"{wording.plain(gap)} {name}" for gap, name in sorted(steps))


def _could_add(rules: Rules, score: Score) -> tuple[tuple[str, str], ...]:
    """The three best rules that gave nothing yet: (points, sentence)."""
    used = {line.rule for line in score.lines}
    open_rules = [rule for rule in rules.rules if rule.key not in used and rule.points > 0]
    best = sorted(open_rules, key=lambda rule: -rule.points)[:3]
    return tuple((wording.points(rule.points), wording.title(rule)) for rule in best)
