"""What a lead is worth at a moment, and why. Exact in integers: the lines add up to the total, always.

The order of the events, repeats of an event and events after the moment change nothing. An event exactly as
old as its window no longer counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from handraiser.qualify.rules.rule_set import (
    DAY_MS,
    LOOKED_AT,
    PARTS,
    AttributeRule,
    Bands,
    EventRule,
    Exclusion,
    FrequencyRule,
    Rule,
    Rules,
    folded,
    values,
    weights,
)

VISIT_GAP_MS = 30 * 60 * 1000  # a pause that ends a visit
_PAGE_VIEWED = "attract.page_viewed"


class Evidence(NamedTuple):
    """An event as scoring sees it: its message id, name, moment in milliseconds, visitor and fields."""

    id: str
    name: str
    at: int
    visitor: str
    body: Mapping[str, Any]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The points of one rule, after its group's limit.

    `because`: message ids of the events that count, oldest first; `value`: the attribute that fitted. `count`
    is how often it happened in the window, `counted` how often it gives points. `capped` is what cut it: "",
    "rule" (at most so often) or "group" (the group's limit; `earned` is what it would be without). `until` is
    when these points will change by time alone, None if never. `left`: of a rule that fades, the parts of
    `PARTS` that are left of each event in `because`; else empty.
    """

    rule: str
    group: str
    points: int
    earned: int
    because: tuple[str, ...] = ()
    value: str = ""
    count: int = 1
    counted: int = 1
    capped: str = ""
    first_at: int | None = None
    last_at: int | None = None
    until: int | None = None
    left: tuple[int, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The worth of a lead at a moment; `total` = `fit` + `engagement` = the sum of the lines.

    `left_out`: the key of the exclusion that fits; then there are no lines, and nothing is given.
    """

    fit: int
    engagement: int
    total: int
    grade: str
    temperature: str
    lines: tuple[Line, ...]
    next_change_at: int | None
    left_out: str = ""


def evaluate(
    rules: Rules, attributes: Mapping[str, Any], events: Iterable[Evidence], *, now_ms: int
) -> Score:
    """Score what is known against a rule set, as of `now_ms`.

    Bots and machine opens weigh nothing. Attribute rules count as fit, event rules as engagement, also when
    they speak against the lead. Who is left out has no points.
    """
    excluded = left_out(rules, attributes)
    if excluded is not None:
        return Score(
            fit=0,
            engagement=0,
            total=0,
            grade=grade(rules.bands, fit=0, engagement=0),
            temperature=temperature(rules.bands, total=0),
            lines=(),
            next_change_at=None,
            left_out=excluded.key,
        )
    seen = _real(events, now_ms)
    by_name: dict[str, list[Evidence]] = defaultdict(list)
    for event in seen:
        by_name[event.name].append(event)
    visits = _visits(by_name[_PAGE_VIEWED])
    left = {"fit": rules.limits.fit, "engagement": rules.limits.engagement, "against": rules.limits.against}
    lines = []
    fit = engagement = 0
    for rule in rules.rules:
        line = _line(rule, attributes, by_name, visits, now_ms)
        if line is None:
            continue
        line = _within(line, left[rule.group])
        left[rule.group] -= line.points
        if isinstance(rule, AttributeRule):
            fit += line.points
        else:
            engagement += line.points
        lines.append(line)
    changes = [line.until for line in lines if line.until is not None]
    return Score(
        fit=fit,
        engagement=engagement,
        total=fit + engagement,
        grade=grade(rules.bands, fit=fit, engagement=engagement),
        temperature=temperature(rules.bands, total=fit + engagement),
        lines=tuple(lines),
        next_change_at=min(changes, default=None),
    )


def things(rule: EventRule | FrequencyRule, events: Iterable[Evidence], *, now_ms: int) -> list[Evidence]:
    """The newest event of each thing that a rule tells apart; nothing else of them gives points."""
    seen = _real(events, now_ms)
    visits = _visits(seen) if rule.event == _PAGE_VIEWED else {}
    newest: dict[str, Evidence] = {}
    for event in seen:
        if fits(rule, event):
            unit = (
                _unit(rule, event, visits)
                if isinstance(rule, EventRule)
                else folded(event.body.get(rule.distinct, ""))
            )
            newest[unit] = event
    return list(newest.values())


def points_of(rule: EventRule | FrequencyRule, events: Iterable[Evidence], *, now_ms: int) -> int:
    """What one rule gives by itself, before the limit of its group."""
    seen = _real(events, now_ms)
    line = _line(rule, {}, {rule.event: seen}, _visits(seen) if rule.event == _PAGE_VIEWED else {}, now_ms)
    return line.earned if line else 0


def left_out(rules: Rules, attributes: Mapping[str, Any]) -> Exclusion | None:
    """The first exclusion that fits what is known, if one does."""
    for one in rules.exclusions:
        value = attributes.get(one.field)
        if value is not None and value != "" and attribute_fits(one, value):
            return one
    return None


def grade(bands: Bands, *, fit: int, engagement: int) -> str:
    """A letter for fit and a digit for engagement: A1 is best, C3 least."""
    letter = "A" if fit >= bands.fit_a else "B" if fit >= bands.fit_b else "C"
    digit = "1" if engagement >= bands.engagement_1 else "2" if engagement >= bands.engagement_2 else "3"
    return letter + digit


def temperature(bands: Bands, *, total: int) -> str:
    """cold, warm or hot: the one word for people."""
    return "hot" if total >= bands.hot else "warm" if total >= bands.warm else "cold"


def _real(events: Iterable[Evidence], now_ms: int) -> list[Evidence]:
    """The events that count, once each, in one order."""
    once = {
        event.id: event
        for event in events
        if event.at <= now_ms and not event.body.get("bot") and not event.body.get("machine")
    }
    return sorted(once.values(), key=lambda event: (event.at, event.id))


def _visits(page_views: Sequence[Evidence]) -> dict[str, str]:
    """Which visit each page view belongs to, named after its first view. `page_views` are in order."""
    visit: dict[str, str] = {}
    last: dict[str, Evidence] = {}
    for event in page_views:
        before = last.get(event.visitor)
        same = before is not None and event.at - before.at < VISIT_GAP_MS
        visit[event.id] = visit[before.id] if before is not None and same else event.id
        last[event.visitor] = event
    return visit


def _line(
    rule: Rule,
    attributes: Mapping[str, Any],
    by_name: Mapping[str, Sequence[Evidence]],
    visits: Mapping[str, str],
    now_ms: int,
) -> Line | None:
    if isinstance(rule, AttributeRule):
        return _attribute_line(rule, attributes)
    matching = [event for event in by_name.get(rule.event, ()) if fits(rule, event)]
    if isinstance(rule, FrequencyRule):
        return _frequency_line(rule, matching, now_ms)
    return _event_line(rule, matching, visits, now_ms)


def _within(line: Line, left: int) -> Line:
    """The line, cut to what its group's limit leaves."""
    allowed = min(line.earned, left) if left >= 0 and line.earned > 0 else max(line.earned, left)
    if allowed == line.earned:
        return line
    return msgspec.structs.replace(line, points=allowed, capped="group")


def _attribute_line(rule: AttributeRule, attributes: Mapping[str, Any]) -> Line | None:
    value = attributes.get(rule.field)
    if value is None or value == "":
        return None  # unknown is not "no": it neither gives nor takes
    if not attribute_fits(rule, value):
        return None
    shown = "" if rule.test == "is_true" else str(value)
    points = rule.points
    if rule.test == "ranges":
        place = range_of(rule, value)
        points = rule.points if place is None else rule.ranges[place].points
        if not points:
            return None
    return Line(rule=rule.key, group=rule.group, points=points, earned=points, value=shown)


def range_of(rule: AttributeRule, value: Any) -> int | None:
    """The place of the first range that a number lies in; None for none of them."""
    for place, one in enumerate(rule.ranges):
        if _between(value, one.low, one.high):
            return place
    return None


def attribute_fits(rule: AttributeRule | Exclusion, value: Any) -> bool:
    """Whether a known value is one that this rule is about."""
    if rule.test == "is_true":
        return value is True
    if rule.test == "between":
        return _between(value, rule.low, rule.high)
    if rule.test == "ranges":
        return _between(value, None, None)
    if rule.test == "contains":
        return any(part in folded(value) for part in values(rule.value))
    return folded(value) in values(rule.value)


def _between(value: Any, low: int | None, high: int | None) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return number == number and (low is None or number >= low) and (high is None or number <= high)


def fits(rule: EventRule | FrequencyRule, event: Evidence) -> bool:
    """Whether an event of the rule's name is about what the rule is about."""
    if not rule.where_field:
        return True
    found = _plain(folded(event.body.get(rule.where_field, "")))
    return any(
        found.startswith(wanted[:-1]) if wanted.endswith("*") else found == _plain(wanted)
        for wanted in values(rule.value)
    )


def _plain(text: str) -> str:
    """/pricing and /pricing/ are one page."""
    return text.rstrip("/") or text


def _event_line(
    rule: EventRule, matching: Sequence[Evidence], visits: Mapping[str, str], now_ms: int
) -> Line | None:
    lasting = rule.lasting_days
    span = None if lasting is None else lasting * DAY_MS
    inside = [event for event in matching if span is None or now_ms - event.at < span]
    if not inside:
        return None
    # The newest event of a unit keeps it alive longest.
    newest: dict[str, Evidence] = {}
    for event in inside:
        newest[_unit(rule, event, visits)] = event
    units = sorted(newest.values(), key=lambda event: (event.at, event.id))
    kept = _capped(rule, units)
    table = weights(rule.half_life_days) if rule.half_life_days else ()
    left = tuple(table[(now_ms - event.at) // DAY_MS] for event in kept) if table else ()
    points = _share(rule.points, sum(left)) if table else rule.points * len(kept)
    if table:  # something fades with every whole day of an event
        until: int | None = min(now_ms + DAY_MS - (now_ms - event.at) % DAY_MS for event in kept)
    else:  # while more units are alive than count, losing the oldest changes nothing
        until = None if span is None else kept[0].at + span
    return Line(
        rule=rule.key,
        group=rule.group,
        points=points,
        earned=points,
        because=tuple(event.id for event in kept),
        count=len(units),
        counted=len(kept),
        capped="rule" if rule.counting != "once" and len(kept) < len(units) else "",
        first_at=kept[0].at,
        last_at=kept[-1].at,
        until=until,
        left=left,
    )


def _share(points: int, parts: int) -> int:
    """So many parts of the points, towards zero."""
    share = abs(points) * parts // PARTS
    return share if points > 0 else -share


def _capped(rule: EventRule, units: Sequence[Evidence]) -> list[Evidence]:
    """The units that count, oldest first; `units` are oldest first too."""
    most = 1 if rule.counting == "once" else rule.at_most
    if rule.is_plain:
        return list(units if most is None else units[-most:])
    kept: list[Evidence] = []
    for unit in reversed(units[-LOOKED_AT:]):
        of_day = sum(other.at // DAY_MS == unit.at // DAY_MS for other in kept)
        in_30_days = sum(other.at - unit.at < 30 * DAY_MS for other in kept)
        if (
            (most is None or len(kept) < most)
            and (rule.at_most_a_day is None or of_day < rule.at_most_a_day)
            and (rule.at_most_30_days is None or in_30_days < rule.at_most_30_days)
        ):
            kept.append(unit)
    return kept[::-1]


def _unit(rule: EventRule, event: Evidence, visits: Mapping[str, str]) -> str:
    """What tells two countable events apart."""
    if rule.counting == "visit":
        return visits.get(event.id, event.id)
    if rule.counting == "distinct":
        return folded(event.body.get(rule.distinct, ""))
    return "" if rule.counting == "once" else event.id


def _frequency_line(rule: FrequencyRule, matching: Sequence[Evidence], now_ms: int) -> Line | None:
    span = rule.within_days * DAY_MS
    newest: dict[str, Evidence] = {}
    for event in matching:
        if now_ms - event.at < span:
            newest[folded(event.body.get(rule.distinct, ""))] = event
    if len(newest) < rule.times:
        return None
    units = sorted(newest.values(), key=lambda event: (event.at, event.id))
    kept = units[len(units) - rule.times :]
    return Line(
        rule=rule.key,
        group=rule.group,
        points=rule.points,
        earned=rule.points,
        because=tuple(event.id for event in kept),
        count=len(units),
        first_at=kept[0].at,
        last_at=kept[-1].at,
        until=kept[0].at + span,
    )
