"""Why a lead has its points, now or at a past moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify import queries
from handraiser.qualify.models import ProductLead, RuleSet
from handraiser.qualify.rules import scoring, wording
from handraiser.qualify.rules.rule_set import PARTS, EventRule, Rule, Rules, look_back_days
from handraiser.qualify.rules.scoring import Evidence, Line, Score
from handraiser.qualify.rules.ways import Way, Ways
from handraiser.qualify.rules.ways import ways as ways_of

_STEPS = 5  # changes that may pass unseen, behind a limit or the decimals


@dataclass(frozen=True)
class WhyEvent:
    """An event behind points: its message id, what it was, when, and from when on it counts no more (None: never).

    `left`: of points that fade, what this event gives now, as people read it.
    """

    id: str
    what: str
    at: datetime
    until: datetime | None = None
    left: str = ""


@dataclass(frozen=True)
class WhyLine:
    """The points of one rule with their reason.

    `share`: 0..100 of the largest line, for a bar. `lasts`: until (all of it goes at `until`), fewer (a part),
    fades (by half every `half_life` days, a little at `until`), or "".
    """

    rule: Rule
    title: str
    points: str
    negative: bool
    reason: str
    share: int
    last_at: datetime | None
    until: datetime | None
    lasts: str
    half_life: int | None
    events: tuple[WhyEvent, ...]


@dataclass(frozen=True)
class WhyWay:
    """A way to become MQL: what would have to happen, with its points each; and what it gives after the limits."""

    steps: tuple[tuple[str, str], ...]
    gives: str


@dataclass(frozen=True)
class Why:
    """Everything that explains a score. `past`: it is that of an earlier moment, not of now.

    `left_out`: why there are no points at all, and the condition that fits; "" for everybody else.
    `product`: since when and by what it is a PQL. `next_at`: when time alone will change the total, and to what.
    """

    lead: Lead
    rule_set: RuleSet
    as_of: datetime
    past: bool
    score: Score
    lines: tuple[WhyLine, ...]
    missing: tuple[str, ...]
    ways: tuple[WhyWay, ...]
    could_add: tuple[tuple[str, str], ...]
    left_out: str = ""
    left_out_by: str = ""
    product: ProductLead | None = None
    next_at: datetime | None = None
    next_points: str = ""

    @property
    def points(self) -> str:
        """The total as people read it."""
        return wording.shown(self.score.total)


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
    known = queries.known_at(lead, moment) if as_of else queries.known_now(lead)
    heard = queries.evidence(rules, {lead.person_id: moment})[lead.person_id]
    now_ms = clock.ms(moment)
    score = scoring.evaluate(rules, known, heard, now_ms=now_ms)
    largest = max((abs(line.points) for line in score.lines), default=0)
    events = _events_of(score)
    lines = tuple(
        _why_line(rule, line, largest, events)
        for line in sorted(score.lines, key=lambda line: -line.points)
        if (rule := rules.rule(line.rule))
    )
    out = next((one for one in rules.exclusions if one.key == score.left_out), None)
    found = None if out else ways_of(rules, known, heard, score, now_ms=now_ms)
    next_at, next_points = (None, "") if as_of else _next(rules, known, heard, score)
    return Why(
        lead=lead,
        rule_set=rule_set,
        as_of=moment,
        past=as_of is not None,
        score=score,
        lines=lines,
        missing=() if out else _missing(rules, score, stage=lead.stage),
        ways=tuple(_why_way(way) for way in found.best)
        if found and not as_of and lead.stage == "lead"
        else (),
        could_add=_could_add(found) if found else (),
        left_out=out.reason if out else "",
        left_out_by=wording.excluded(out) if out else "",
        product=ProductLead.objects.filter(lead=lead, at__lte=moment).first(),
        next_at=next_at,
        next_points=next_points,
    )


def _next(
    rules: Rules, known: Mapping[str, Any], heard: Sequence[Evidence], score: Score
) -> tuple[datetime | None, str]:
    """When the total that people read changes if nothing happens, and to what; None: not soon."""
    after, before = score, wording.shown(score.total)
    for _ in range(_STEPS):
        at = after.next_change_at
        if at is None:
            break
        after = scoring.evaluate(rules, known, heard, now_ms=at)
        if (shown := wording.shown(after.total)) != before:
            return clock.from_ms(at), shown
    return None, ""


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
        points=wording.given(line.points),
        negative=line.points < 0,
        reason=wording.reason(rule, line),
        share=abs(line.points) * 100 // largest if largest else 0,
        last_at=None if line.last_at is None else clock.from_ms(line.last_at),
        until=None if line.until is None else clock.from_ms(line.until),
        lasts=wording.lasts(rule, line),
        half_life=rule.half_life_days if isinstance(rule, EventRule) else None,
        events=tuple(
            _with_end(rule, events[event], line.left[place] if line.left else None)
            for place, event in enumerate(line.because)
            if event in events
        ),
    )


def _with_end(rule: Rule, event: WhyEvent, left: int | None) -> WhyEvent:
    days = look_back_days(rule)
    return replace(
        event,
        until=None if days is None else event.at + timedelta(days=days),
        left="" if left is None else wording.given(rule.points * left // PARTS),
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
    return tuple(f"{wording.shown(gap, up=True)} {name}" for gap, name in sorted(steps))


def _why_way(way: Way) -> WhyWay:
    return WhyWay(
        steps=tuple((wording.step(step.rule, step.more), wording.given(step.gives)) for step in way.steps),
        gives=wording.given(way.gives),
    )


def _could_add(found: Ways) -> tuple[tuple[str, str], ...]:
    """What could still add most for one thing each, after the limits: (points, sentence)."""
    return tuple(
        (wording.given(way.gives), wording.step(way.steps[0].rule, way.steps[0].more))
        for way in found.single[:3]
    )
