"""What speaks against a rule set: contradictions, unknown names, and numbers beyond any use."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from handraiser.kit.errors import DomainError
from handraiser.qualify.rules.rule_set import (
    MAX_RULES,
    POINT,
    AttributeRule,
    EventRule,
    Exclusion,
    FrequencyRule,
    Range,
    Rule,
    Rules,
    Signal,
    folded,
    values,
)
from handraiser.qualify.rules.vocabulary import ATTRIBUTES, FACTS

MAX_POINTS = 1_000
MAX_SUM = 100_000  # points of a group, and of one rule however often it counts
MAX_TIMES = 1_000
MAX_DAYS = 3_650
MAX_HALF_LIFE_DAYS = 365
MAX_RANGES = 20


def check(rules: Rules) -> list[DomainError]:
    """Everything that speaks against publishing, each with the field at fault (`<key>.<field>`)."""
    problems = [problem for rule in rules.rules if (problem := _problem(rule))]
    problems += [problem for one in rules.exclusions if (problem := _exclusion_problem(one))]
    problems += [problem for one in rules.signals if (problem := _signal_problem(one))]
    keys = [one.key for one in (*rules.rules, *rules.exclusions, *rules.signals)]
    if len(set(keys)) != len(keys):
        problems.append(DomainError("rule_twice", "Two rules have the same key."))
    for name, some in (("rules", rules.rules), ("exclusions", rules.exclusions), ("signals", rules.signals)):
        if len(some) > MAX_RULES:
            problems.append(
                DomainError("too_many_rules", f"A rule set holds at most {MAX_RULES} {name}.", field=name)
            )
    return problems + _frame_problems(rules)


def _frame_problems(rules: Rules) -> list[DomainError]:
    """What speaks against the lines, limits and bands."""
    problems = []
    lines = (("threshold", "threshold", rules.threshold), ("leave", "line to leave", rules.leave))
    for field, name, line in lines:
        if line is not None and not 0 < line <= MAX_POINTS * POINT:
            sentence = f"The {name} is between 1 and {MAX_POINTS:,} points."
            problems.append(DomainError(field, sentence, field=field))
    limits = rules.limits
    if limits.fit < 0 or limits.engagement < 0 or limits.against > 0:
        sentence = "Fit and engagement have limits from 0 up, against from 0 down."
        problems.append(DomainError("limits", sentence, field="limits"))
    elif max(limits.fit, limits.engagement, -limits.against) > MAX_SUM * POINT:
        problems.append(DomainError("limits", f"A limit is at most {MAX_SUM:,} points.", field="limits"))
    bands = rules.bands
    if bands.fit_a < bands.fit_b or bands.engagement_1 < bands.engagement_2 or bands.hot < bands.warm:
        problems.append(DomainError("bands", "A begins above B, 1 above 2, hot above warm.", field="bands"))
    if any(abs(getattr(bands, name)) > 2 * MAX_SUM * POINT for name in bands.__struct_fields__):
        problems.append(DomainError("bands", f"A band begins below {2 * MAX_SUM:,} points.", field="bands"))
    return problems


def _wrong(of: str, code: str, sentence: str, field: str) -> DomainError:
    return DomainError(code, sentence, field=f"{of}.{field}")


def _problem(rule: Rule) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    ranged = isinstance(rule, AttributeRule) and rule.test == "ranges"
    if (rule.points == 0 and not ranged) or abs(rule.points) > MAX_POINTS * POINT:
        return wrong("points", f"A rule gives between 1 and {MAX_POINTS:,} points, or takes them.", "points")
    if rule.points and (rule.points < 0) != (rule.group == "against"):
        return wrong("points", "Rules against take points; the others give them.", "points")
    if isinstance(rule, AttributeRule):
        return _attribute_problem(rule) or (_ranges_problem(rule) if ranged else None)
    fact = FACTS.get(rule.event)
    if fact is None:
        return wrong("event", "Choose an event that can be scored.", "event")
    if rule.where_field and rule.where_field not in fact.fields:
        return wrong("event", "This event has no such field.", "value")
    if rule.where_field and not values(rule.value):
        return wrong("value", "Say which value it must have. Example: /pricing/", "value")
    if isinstance(rule, FrequencyRule):
        return _frequency_problem(rule)
    if rule.counting == "distinct" and rule.distinct not in (*fact.fields, fact.apart):
        return wrong("distinct", "This event has no such field to tell two apart.", "counting")
    if rule.counting == "visit" and rule.event != "attract.page_viewed":
        return wrong("counting", "Only pages are seen in visits.", "counting")
    return _cap_problem(rule) or _lasting_problem(rule)


def _frequency_problem(rule: FrequencyRule) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    fact = FACTS[rule.event]
    if not 2 <= rule.times <= MAX_TIMES:
        return wrong("times", "Say how many times, from 2 up.", "times")
    if not 1 <= rule.within_days <= MAX_DAYS:
        return wrong("days", f"Days are between 1 and {MAX_DAYS:,}.", "within_days")
    if rule.distinct not in (*fact.fields, fact.apart):
        return wrong("distinct", "This event has no such field to tell two apart.", "times")
    if rule.where_field == rule.distinct and not any(one.endswith("*") for one in values(rule.value)):
        there = len(set(values(rule.value)))
        if there < rule.times:
            sentence = (
                f"Only {there} can be told apart, so {rule.times} never happen. Name more, or use a star."
            )
            return wrong("never", sentence, "times")
    return None


def _cap_problem(rule: EventRule) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    caps = {
        "at_most_a_day": (rule.at_most_a_day, "a day"),
        "at_most_30_days": (rule.at_most_30_days, "in 30 days"),
        "at_most": (rule.at_most, "in all"),
    }
    for field, (most, _) in caps.items():
        if most is not None and not 1 <= most <= MAX_TIMES:
            return wrong("at_most", f"At most 1 to {MAX_TIMES:,} times; leave it empty for no limit.", field)
    named = [(field, most, per) for field, (most, per) in caps.items() if most is not None]
    for (field, most, per), (_, wider, of_wider) in pairwise(named):
        if most > wider:
            sentence = (
                f"{most} {per} can never be when {wider} {of_wider} are the most. Lower it or empty it."
            )
            return wrong("caps", sentence, field)
    most = 1 if rule.counting == "once" else rule.at_most or 1
    if abs(rule.points) * most > MAX_SUM * POINT:
        sum_of = abs(rule.points) * most // POINT
        sentence = f"{most:,} times these points are {sum_of:,}. A rule gives at most {MAX_SUM:,} in all."
        return wrong("overflow", sentence, "at_most")
    return None


def _lasting_problem(rule: EventRule) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    if rule.days is not None and not 1 <= rule.days <= MAX_DAYS:
        return wrong("days", f"Days are between 1 and {MAX_DAYS:,}; empty means for ever.", "days")
    if rule.half_life_days is None:
        return None
    if not 1 <= rule.half_life_days <= MAX_HALF_LIFE_DAYS:
        return wrong("half_life", f"A half-life is 1 to {MAX_HALF_LIFE_DAYS} days.", "half_life_days")
    if rule.days is not None:
        sentence = "Points either end after some days or fade by half. Leave one of the two empty."
        return wrong("window_and_half_life", sentence, "half_life_days")
    return None


def _attribute_problem(rule: AttributeRule | Exclusion) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    known = ATTRIBUTES.get(rule.field)
    if known is None:
        key = rule.field.removeprefix("custom.")
        if key == rule.field or not key:
            return wrong("field", f"Nothing is known as “{rule.field}”. Choose what to look at.", "field")
    elif rule.test in ("between", "ranges") and known.kind != "number":
        return wrong("test", f"{known.label} is no number.", "value")
    if rule.test == "between":
        if rule.low is None and rule.high is None:
            return wrong("value", "Give a lower or an upper bound.", "low")
        if rule.low is not None and rule.high is not None and rule.low > rule.high:
            return wrong("value", "The lower bound lies above the upper one.", "low")
    elif rule.test not in ("is_true", "ranges") and not values(rule.value):
        return wrong("value", "Say which value it must have.", "value")
    return None


def _ranges_problem(rule: AttributeRule) -> DomainError | None:
    wrong = partial(_wrong, rule.key)
    if not 1 <= len(rule.ranges) <= MAX_RANGES:
        return wrong("ranges", f"Give 1 to {MAX_RANGES} ranges. Example: 1–49: 2, 50+: 10", "ranges")
    for place, one in enumerate(rule.ranges):
        low, high = _bounds(one)
        if low > high:
            return wrong("ranges", "A range begins above its end.", "ranges")
        if abs(one.points) > MAX_POINTS * POINT:
            return wrong("points", f"A range gives at most {MAX_POINTS:,} points.", "ranges")
        if one.points and (one.points < 0) != (rule.group == "against"):
            return wrong("points", "Rules against take points; the others give them.", "ranges")
        for earlier in rule.ranges[:place]:
            if _bounds(earlier)[0] <= low and high <= _bounds(earlier)[1]:
                return wrong("ranges", "A range lies within one before it, so it never counts.", "ranges")
    return None


def _bounds(one: Range) -> tuple[float, float]:
    return (
        float("-inf") if one.low is None else one.low,
        float("inf") if one.high is None else one.high,
    )


def _exclusion_problem(one: Exclusion) -> DomainError | None:
    if not one.reason.strip():
        return _wrong(one.key, "reason", "Say why they are left out. Example: competitor", "reason")
    if one.test == "ranges":
        return _wrong(one.key, "test", "Who is left out is said by one range: from, to.", "value")
    return _attribute_problem(one)


def _signal_problem(one: Signal) -> DomainError | None:
    if not folded(one.event):
        sentence = "Name the event as your product sends it. Example: Trial Started"
        return _wrong(one.key, "event", sentence, "event")
    if not 1 <= one.times <= MAX_TIMES:
        return _wrong(one.key, "times", f"Times are between 1 and {MAX_TIMES:,}.", "times")
    return None
