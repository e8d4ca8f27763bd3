"""Changing a rule set by hand: what of a rule can be filled in, new rules to start from, moving, removing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

import msgspec

from handraiser.qualify.rules.rule_set import (
    POINT,
    AttributeRule,
    Counting,
    EventRule,
    FrequencyRule,
    GroupName,
    Rule,
    Rules,
)
from handraiser.qualify.rules.vocabulary import ATTRIBUTES, FACTS, INTENTS

Kind = Literal["text", "number", "choice"]


class Blank(NamedTuple):
    """A place in a rule's sentence that is filled in. `name` is `<rule key>.<field>`; `label` is for ears.

    `hint` helps with a text, and says what an empty number means.
    """

    name: str
    label: str
    value: str
    kind: Kind = "text"
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""


class Starter(NamedTuple):
    """A rule to start from, as it is offered under a group."""

    label: str
    rule: Rule


Part = str | Blank

COUNTED: tuple[tuple[str, str], ...] = (
    ("each", "each time"),
    ("visit", "each visit"),
    ("distinct", "each different one"),
    ("once", "once"),
)
_KINDS = (
    ("ebook", "ebook"),
    ("checklist", "checklist"),
    ("template", "template"),
    ("whitepaper", "whitepaper"),
)


def _attribute(group: GroupName, points: int, field: str, test: Any, **more: Any) -> AttributeRule:
    return AttributeRule(key="", group=group, points=points * POINT, field=field, test=test, **more)


def _event(group: GroupName, points: int, event: str, counting: Counting, **more: Any) -> EventRule:
    more.setdefault("distinct", FACTS[event].apart)
    return EventRule(key="", group=group, points=points * POINT, event=event, counting=counting, **more)


def _page(group: GroupName, points: int) -> EventRule:
    return _event(group, points, "attract.page_viewed", "visit", where_field="path", at_most=4, days=30)


STARTERS: dict[str, Starter] = {
    "title": Starter("Job title contains …", _attribute("fit", 10, "job_title", "contains")),
    "size": Starter("Company has … people", _attribute("fit", 10, "company_employees", "between")),
    "industry": Starter("Industry is …", _attribute("fit", 10, "company_industry", "is")),
    "country": Starter("Country is …", _attribute("fit", 5, "country", "is")),
    "channel": Starter("First channel is …", _attribute("fit", 5, "channel", "is")),
    "custom": Starter("Own field is …", _attribute("fit", 5, "custom.", "is")),
    "page": Starter("Visited a page", _page("engagement", 10)),
    "form": Starter(
        "Asked for something in a form",
        _event("engagement", 20, "capture.form_submitted", "once", where_field="intent", days=90),
    ),
    "download": Starter(
        "Downloaded something",
        _event("engagement", 5, "capture.magnet_downloaded", "distinct", where_field="kind", days=90),
    ),
    "opened": Starter(
        "Opened several emails",
        FrequencyRule(
            key="",
            group="engagement",
            points=20 * POINT,
            event="delivery.email_opened",
            distinct="message",
            times=5,
            within_days=7,
        ),
    ),
    "clicked": Starter(
        "Followed a link in an email",
        _event("engagement", 5, "delivery.email_clicked", "distinct", at_most=4, days=30),
    ),
    "named": Starter(
        "Did a named event",
        _event("engagement", 10, "attract.event_tracked", "each", where_field="event", at_most=4, days=30),
    ),
    "free_mail": Starter("Uses a free mail service", _attribute("against", -5, "email_free", "is_true")),
    "wrong_title": Starter("Job title contains …", _attribute("against", -10, "job_title", "contains")),
    "wrong_country": Starter("Country is …", _attribute("against", -20, "country", "is")),
    "careers": Starter("Visited a page", _page("against", -10)),
    "unsubscribed": Starter("Unsubscribed", _event("against", -20, "delivery.unsubscribed", "once", days=90)),
}


def starters_of(group: str) -> list[tuple[str, str]]:
    """The rules that may be added to a group: (key, label)."""
    return [(key, starter.label) for key, starter in STARTERS.items() if starter.rule.group == group]


def sentence(rule: Rule) -> list[Part]:
    """The rule's own words with its blanks."""

    def blank(field: str, label: str, kind: Kind = "text", **more: Any) -> Blank:
        value = getattr(rule, field)
        return Blank(f"{rule.key}.{field}", label, "" if value is None else str(value), kind, **more)

    if isinstance(rule, AttributeRule):
        if rule.field.startswith("custom."):
            name = Blank(f"{rule.key}.field", "Key of the field", rule.field.removeprefix("custom."))
            return ["Own field", name, "is", blank("value", "Value")]
        label = ATTRIBUTES[rule.field].label if rule.field in ATTRIBUTES else rule.field
        if rule.test == "is_true":
            return [label]
        if rule.test == "between":
            return [
                "Company has",
                blank("low", "From", "number"),
                "to",
                blank("high", "To", "number"),
                "people",
            ]
        hint = "Several: part them with commas."
        return [label, "contains" if rule.test == "contains" else "is", blank("value", label, hint=hint)]
    fact = FACTS[rule.event]
    if isinstance(rule, FrequencyRule):
        return [
            fact.verb,
            blank("times", "How many", "number"),
            f"different {fact.noun}s in",
            blank("within_days", "Days", "number"),
            "days",
        ]
    if rule.where_field == "intent":
        return ["Asked for", blank("value", "What they asked for", "choice", choices=tuple(INTENTS.items()))]
    if rule.where_field == "kind":
        return [fact.verb, blank("value", "Kind of download", "choice", choices=_KINDS)]
    if not rule.where_field:
        return [f"{fact.verb} an {fact.noun}" if fact.noun[0] in "aeiou" else f"{fact.verb} a {fact.noun}"]
    hint = "A star stands for any ending: /careers/*" if rule.where_field == "path" else ""
    return [fact.verb, blank("value", "Page" if rule.where_field == "path" else fact.noun.title(), hint=hint)]


def small_print(rule: Rule) -> list[Part]:
    """How the rule counts, with its blanks; empty for attributes."""
    if isinstance(rule, AttributeRule):
        return []
    if isinstance(rule, FrequencyRule):
        return ["real ones only, while it is so"]
    choices = COUNTED if rule.event == "attract.page_viewed" else tuple(c for c in COUNTED if c[0] != "visit")
    counting = Blank(f"{rule.key}.counting", "How it counts", rule.counting, "choice", choices)
    most = Blank(f"{rule.key}.at_most", "At most how often", str(rule.at_most or ""), "number", hint="any")
    days = Blank(f"{rule.key}.days", "Days", str(rule.days or ""), "number", hint="all")
    return (
        [counting, "in", days, "days"]
        if rule.counting == "once"
        else [
            counting,
            "at most",
            most,
            "times in",
            days,
            "days",
        ]
    )


def started(rules: Rules, starter: str, *, key: str) -> Rules:
    """With a new rule of this kind at the end of its group; unknown kinds change nothing."""
    if starter not in STARTERS:
        return rules
    rule = msgspec.structs.replace(STARTERS[starter].rule, key=key)
    return msgspec.structs.replace(rules, rules=(*rules.rules, rule))


def without(rules: Rules, key: str) -> Rules:
    """Without the rule of this key."""
    return msgspec.structs.replace(rules, rules=tuple(rule for rule in rules.rules if rule.key != key))


def moved(rules: Rules, key: str, step: int) -> Rules:
    """With a rule one place up (-1) or down (1) inside its group; at the edge nothing changes."""
    rule = rules.rule(key)
    if rule is None:
        return rules
    group = rules.of_group(rule.group)
    place = group.index(rule) + step
    if not 0 <= place < len(group):
        return rules
    swap = {key: group[place], group[place].key: rule}
    return msgspec.structs.replace(rules, rules=tuple(swap.get(each.key, each) for each in rules.rules))


def edited(rules: Rules, given: Mapping[str, str]) -> tuple[Rules, dict[str, str]]:
    """The rules with what was filled in, and what could not be read: field name -> sentence.

    Fields that are not given stay. Points take the sign of their group.
    """
    wrong: dict[str, str] = {}

    def points(name: str, old: int, *, against: bool = False) -> int:
        if name not in given:
            return old
        value = _micro(given[name])
        if value is None:
            wrong[name] = "This is not a number. Example: 10"
            return old
        return -abs(value) if against else value

    limits = msgspec.structs.replace(
        rules.limits,
        fit=points("limit.fit", rules.limits.fit),
        engagement=points("limit.engagement", rules.limits.engagement),
        against=points("limit.against", rules.limits.against, against=True),
    )
    bands = msgspec.structs.replace(
        rules.bands,
        **{
            name: points(f"band.{name}", getattr(rules.bands, name)) for name in rules.bands.__struct_fields__
        },
    )
    threshold, leave = points("threshold", rules.threshold), rules.leave
    if "leave" in given:
        leave = points("leave", leave or 0) or None if given["leave"].strip() else None
    changed = msgspec.structs.replace(
        rules,
        threshold=threshold,
        leave=leave,
        limits=limits,
        bands=bands,
        rules=tuple(
            _filled(
                msgspec.structs.replace(
                    rule,
                    points=_signed(
                        points(f"{rule.key}.points", rule.points), against=rule.group == "against"
                    ),
                ),
                given,
                wrong,
            )
            for rule in rules.rules
        ),
    )
    return changed, wrong


def _signed(points: int, *, against: bool) -> int:
    return -abs(points) if against else abs(points)


def _filled(rule: Rule, given: Mapping[str, str], wrong: dict[str, str]) -> Rule:
    """The rule with its blanks filled."""
    values: dict[str, Any] = {}
    for part in (*sentence(rule), *small_print(rule)):
        if isinstance(part, str) or part.name not in given:
            continue
        field, text = part.name.rpartition(".")[2], given[part.name].strip()[:300]
        if part.kind == "choice":
            if text in dict(part.choices):
                values[field] = text
        elif part.kind == "number":
            number = _whole(text)
            needed = field in ("times", "within_days")
            if number is None and (text or needed):
                wrong[part.name] = "This is not a whole number. Example: 30"
            else:
                values[field] = number
        else:
            values[field] = f"custom.{text}" if field == "field" else text
    return msgspec.structs.replace(rule, **values)


def _micro(text: str) -> int | None:
    """Points as typed, in micro-points; None when it is no number, or beyond any use."""
    try:
        points = Decimal(text.strip().replace("−", "-").removeprefix("+"))
    except InvalidOperation:
        return None
    return int(points * POINT) if points.is_finite() and abs(points) <= 1_000_000 else None


def _whole(text: str) -> int | None:
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None
