"""Conditions in words, as the editor and the explanation say them."""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import (
    EVENTS,
    FREE,
    FREE_FIELDS,
    STAGES,
    TEMPERATURES,
    Catalogue,
)

TESTS: dict[str, str] = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "starts_with": "starts with",
    "between": "is between",
    "known": "is known",
    "unknown": "is unknown",
    "within": "in the last",
    "more_than_ago": "more than",
}
GROUPS = {c.AllOf: "All of", c.AnyOf: "Any of", c.NoneOf: "None of"}
CONSENTS = {"granted": "given", "withdrawn": "taken back", "never": "never given"}
MEASURES = {
    "points": "Points",
    "fit": "Fit points",
    "engagement": "Engagement points",
    "grade": "Grade",
    "temperature": "Temperature",
}
AMOUNTS = {"at_least": "at least", "exactly": "exactly", "at_most": "at most"}


def words(node: c.Condition, catalogue: Catalogue) -> str:
    """A condition as one phrase; groups in brackets."""
    match node:
        case c.AllOf() | c.AnyOf() | c.NoneOf():
            parts = "; ".join(words(one, catalogue) for one in node.of)
            return f"{GROUPS[type(node)].lower()} ({parts})"
        case c.Attribute():
            known = catalogue.attributes.get(node.key)
            label = known.label if known else node.key or "Field"
            return f"{label} {_test(node, dict(known.choices) if known else {})}"
        case c.Consent():
            purpose = catalogue.purposes.get(node.purpose, node.purpose)
            return f"Permission “{purpose}” {CONSENTS[node.state]}"
        case c.Stage():
            return f"Stage is {either(STAGES.get(one, one) for one in node.stages)}"
        case c.Score():
            if node.measure in ("grade", "temperature"):
                told = either(TEMPERATURES.get(one, one) for one in node.values)
                return f"{MEASURES[node.measure]} is {told}"
            return f"{MEASURES[node.measure]} {_range(node.low, node.high)}"
        case c.InSegment():
            name = catalogue.segments.get(node.segment, "a segment that is gone")
            return f"{'In' if node.inside else 'Not in'} segment {name}"
        case c.Listed():
            listing = catalogue.lists.get(node.list)
            label = listing.label if listing else "On a list that is gone"
            named = [listing.reasons.get(one, one) if listing else one for one in node.reasons]
            told = f"{label}: {either(named)}" if named else label
            return told if node.on else f"Not {_small(told)}"
        case c.Performed():
            return _did(node.event, node.where) + _times(node) + _last(node.days)
        case c.LastPerformed():
            than = "less" if node.ago == "less" else "more"
            return f"{_did(node.event, node.where)} last {than} than {_days(node.days)} ago"
        case c.Bucket():
            share = node.high - node.low + 1
            return f"By chance {share} in 100 (parts {node.low} to {node.high}, draw {node.draw})"


def either(values: Iterable[str]) -> str:
    """Values with "or" before the last."""
    *first, last = list(values) or ["nothing yet"]
    return f"{', '.join(first)} or {last}" if first else last


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def _test(node: c.Attribute | c.Where, labels: dict[str, str]) -> str:
    if node.test in ("known", "unknown"):
        return TESTS[node.test]
    if node.test == "between":
        return _range(node.low, node.high)
    if isinstance(node, c.Attribute) and node.test == "within":
        return f"in the last {_days(node.days)}"
    if isinstance(node, c.Attribute) and node.test == "more_than_ago":
        return f"more than {_days(node.days)} ago"
    return f"{TESTS[node.test]} {either(labels.get(one, one) for one in node.values)}"


def _range(low: c.Bound, high: c.Bound) -> str:
    if low is not None and high is not None:
        return f"from {_plain(low)} to {_plain(high)}"
    if low is not None:
        return f"from {_plain(low)} up"
    return f"up to {_plain(high)}" if high is not None else "in a range to choose"


def _plain(value: c.Bound) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def _did(event: str, where: tuple[c.Where, ...]) -> str:
    happening = EVENTS.get(event)
    if happening is None:
        return "An event to choose"
    parts = [
        f"{field_label(event, one.field)} {_test(one, dict(happening.choices.get(one.field, ())))}"
        for one in where
    ]
    return happening.did + (f" ({', '.join(parts)})" if parts else "")


def field_label(event: str, field: str) -> str:
    """A property of an event as people read it."""
    if event == FREE and field.startswith(FREE_FIELDS):
        return field.removeprefix(FREE_FIELDS)
    happening = EVENTS.get(event)
    return happening.fields.get(field, field) if happening else field


def _times(node: c.Performed) -> str:
    if node.times == 0:
        return " 0 times"
    times = "time" if node.times == 1 else "times"
    return f" {AMOUNTS[node.amount]} {node.times:,} {times}"


def _last(days: int | None) -> str:
    return f" in the last {_days(days)}" if days else ""


def _days(days: int | None) -> str:
    return f"{days or 0:,} day" + ("" if days == 1 else "s")
