"""Rules and their points, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from handraiser.qualify.rules.rule_set import (
    POINT,
    AttributeRule,
    EventRule,
    Exclusion,
    FrequencyRule,
    Range,
    Rule,
    Signal,
)
from handraiser.qualify.rules.scoring import Line
from handraiser.qualify.rules.vocabulary import ATTRIBUTES, FACTS, INTENTS


def points(micro: int) -> str:
    """Points with their sign, a true minus, and only the decimals that are needed."""
    sign = "−" if micro < 0 else "+"
    whole, rest = divmod(abs(micro), POINT)
    decimals = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{whole:,}{decimals}"


def plain(micro: int) -> str:
    """Points without a plus sign."""
    return points(micro).removeprefix("+")


def shown(micro: int, *, up: bool = False) -> str:
    """Points with one decimal at most, for reading: 74.98 is 74.9, never 75; `up`: so many are surely enough."""
    tenth = POINT // 10
    return plain((-(-micro // tenth) if up else _toward_zero(micro, tenth)) * tenth)


def given(micro: int) -> str:
    """The same with its sign."""
    return points(_toward_zero(micro, POINT // 10) * (POINT // 10))


def worth(rule: Rule) -> str:
    """The points of a rule in short: "+10", or "+2–10" by ranges."""
    if isinstance(rule, AttributeRule) and rule.ranges:
        some = sorted((one.points for one in rule.ranges), key=abs)
        return f"{points(some[0])}–{plain(abs(some[-1]))}"
    return points(rule.points)


def gives(rule: Rule) -> str:
    """What a rule gives, as the end of a sentence that begins with its title."""
    if isinstance(rule, AttributeRule) and rule.test == "ranges":
        return f", else {points(rule.points)}" if rule.points else ""
    return f" gives {points(rule.points)}"


def title(rule: Rule) -> str:
    """The rule as one sentence; its object stands between ** marks."""
    if isinstance(rule, AttributeRule):
        return _attribute(rule)
    fact = FACTS.get(rule.event)
    if fact is None:
        return f"**{rule.event}**"
    if isinstance(rule, FrequencyRule):
        thing = rule.value or fact.noun
        return f"{fact.verb} **{rule.times} different {thing}s** in {_days(rule.within_days)}"
    if rule.event == "capture.form_submitted" and rule.where_field == "intent":
        return f"Asked for **{_any_of(rule.value, INTENTS)}**"
    if not rule.where_field:
        return f"{fact.verb} **{_an(fact.noun)}**"
    article = (
        "" if rule.where_field in ("path", "event", "url") else "an " if rule.value[:1] in "aeiou" else "a "
    )
    return f"{fact.verb} {article}**{_any_of(rule.value)}**"


def how_counted(rule: Rule) -> str:
    """The small print under a rule: how it counts, at most how often, for how long."""
    if isinstance(rule, AttributeRule):
        known = ATTRIBUTES.get(rule.field)
        return known.source if known else "custom field"
    if isinstance(rule, FrequencyRule):
        return "real ones only, while it is so"
    fact = FACTS.get(rule.event)
    each = {
        "each": "each time",
        "visit": "each visit",
        "distinct": f"once for each {fact.noun if fact else 'one'}",
        "once": "once",
    }[rule.counting]
    parts = [each]
    if rule.counting != "once":
        if rule.at_most_a_day is not None:
            parts.append(f"at most {rule.at_most_a_day} a day")
        if rule.at_most_30_days is not None:
            parts.append(f"at most {rule.at_most_30_days} in 30 days")
        if rule.at_most is not None:
            parts.append(
                f"at most {rule.at_most} in {_days(rule.days)}"
                if rule.days
                else f"at most {rule.at_most} in all"
            )
    if rule.half_life_days:
        parts.append(f"half is left after {_days(rule.half_life_days)}")
    elif rule.days and (rule.at_most is None or rule.counting == "once"):
        parts.append(f"counts for {_days(rule.days)}")
    return ", ".join(parts)


def left_out(why: str) -> str:
    """Why somebody has no points and never becomes MQL, as it stands in a stage's reason."""
    return f"left out: {why}"


def excluded(one: Exclusion) -> str:
    """Who is left out, as one sentence; its object stands between ** marks."""
    return _attribute(one)


def signal(one: Signal) -> str:
    """A product event that makes a PQL, as one sentence."""
    times = f" {one.times} times" if one.times > 1 else ""
    return f"Did **{one.event or '…'}**{times}"


def step(rule: Rule, more: int) -> str:
    """Something that could still happen; its object stands between ** marks."""
    if isinstance(rule, AttributeRule):
        return f"{title(rule)}, not known yet"
    if isinstance(rule, FrequencyRule):
        return f"{title(rule)}: {more} more" if more < rule.times else title(rule)
    return f"{more} × {title(rule)}" if more > 1 else title(rule)


def lasts(rule: Rule, line: Line) -> str:
    """How the points of a line go by time alone: "until", "fewer" from a moment on, "fades", or "" never."""
    if line.until is None:
        return ""
    if isinstance(rule, EventRule):
        if rule.half_life_days:
            return "fades"
        return "fewer" if line.counted > 1 else "until"
    return "until"


def reason(rule: Rule, line: Line) -> str:
    """Why a line has these points, without its dates: "3 visits", "4 of 6 visits count", "from the form"."""
    if isinstance(rule, AttributeRule):
        text = f"“{line.value}”" if line.value else how_counted(rule)
    elif isinstance(rule, FrequencyRule):
        text = f"{line.count} different ones"
    else:
        noun = {"visit": "visit", "once": "time"}.get(rule.counting, FACTS[rule.event].noun)
        total = f"{line.count} {noun}{'s' if line.count != 1 else ''}"
        text = f"{line.counted} of {total} count" if line.capped == "rule" else total
        if rule.counting == "once":
            text = "once"
    if line.capped == "group":
        text += f", {given(line.earned)} cut by the limit of its group"
    return text


def _toward_zero(micro: int, unit: int) -> int:
    return micro // unit if micro >= 0 else -(-micro // unit)


def _attribute(rule: AttributeRule | Exclusion) -> str:
    known = ATTRIBUTES.get(rule.field)
    label = known.label if known else rule.field.removeprefix("custom.").replace("_", " ").capitalize()
    if rule.test == "is_true":
        return f"**{label}**" if known and known.kind == "yes" else f"{label} is **yes**"
    if rule.test == "between":
        span = f"**{_span(rule.low, rule.high)}**"
        return f"Company has {span} people" if rule.field == "company_employees" else f"{label} is {span}"
    if isinstance(rule, AttributeRule) and rule.test == "ranges":
        return f"{label}: **{ranges(rule.ranges) or '…'}**"
    verb = "contains" if rule.test == "contains" else "is"
    return f"{label} {verb} **{_any_of(rule.value)}**"


def ranges(some: Sequence[Range]) -> str:
    """Ranges as they are written and read: "1–49: 2, 50+: 10"."""
    return ", ".join(f"{_written(one.low, one.high)}: {plain(one.points)}" for one in some)


def _written(low: int | None, high: int | None) -> str:
    if high is None:
        return "any" if low is None else f"{low}+"
    return f"up to {high}" if low is None else f"{low}–{high}"


def _span(low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"{low:,}–{high:,}"
    return f"{low:,} or more" if low is not None else f"up to {high or 0:,}"


def _any_of(text: str, names: dict[str, str] | None = None) -> str:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return " or ".join((names or {}).get(part, part) for part in parts) or "…"


def _an(noun: str) -> str:
    return f"an {noun}" if noun[:1] in tuple("aeiou") else f"a {noun}"


def _days(days: int | None) -> str:
    return "1 day" if days == 1 else f"{days} days"
