"""Changing a rule set by hand: what of a rule can be filled in, new rules to start from, moving, removing.

The same for who is left out, and for the product events that make a PQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import (
    POINT,
    AttributeRule,
    Counting,
    EventRule,
    Exclusion,
    FrequencyRule,
    GroupName,
    Range,
    Rule,
    Rules,
    Signal,
)
from handraiser.qualify.rules.vocabulary import ATTRIBUTES, FACTS, INTENTS

Kind = Literal["text", "number", "choice", "ranges"]


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


class Out(NamedTuple):
    """An exclusion to start from."""

    label: str
    exclusion: Exclusion


Part = str | Blank
LINE = "//"  # a part after which a new line begins
Filled = TypeVar("Filled", bound=AttributeRule | EventRule | FrequencyRule | Exclusion | Signal)

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
    "sizes": Starter(
        "Company size, in ranges …",
        _attribute(
            "fit",
            0,
            "company_employees",
            "ranges",
            ranges=(
                Range(low=1, high=49, points=2 * POINT),
                Range(low=50, high=249, points=6 * POINT),
                Range(low=250, points=10 * POINT),
            ),
        ),
    ),
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


def _out(label: str, reason: str, field: str, test: Any, value: str = "") -> Out:
    return Out(label, Exclusion(key="", reason=reason, field=field, test=test, value=value))


OUTS: dict[str, Out] = {
    "out_competitor": _out("Competitors, by email domain", "competitor", "email_domain", "is"),
    "out_student": _out("Students, by job title", "student", "job_title", "contains", "student, intern"),
    "out_free": _out("Free mail addresses", "free mail", "email_free", "is_true"),
    "out_disposable": _out("Throw-away addresses", "throw-away address", "email_disposable", "is_true"),
    "out_bounced": _out("Addresses that bounced", "address bounced", "email_bounced", "is_true"),
    "out_country": _out("Countries you do not serve", "not our country", "country", "is"),
    "out_custom": _out("By an own field", "own field", "custom.", "is"),
}
SIGNAL = "signal"


def starters_of(group: str) -> list[tuple[str, str]]:
    """The rules that may be added to a group: (key, label)."""
    return [(key, starter.label) for key, starter in STARTERS.items() if starter.rule.group == group]


def sentence(rule: Rule | Exclusion | Signal) -> list[Part]:
    """The words of a rule, an exclusion or a signal with its blanks."""

    def blank(field: str, label: str, kind: Kind = "text", **more: Any) -> Blank:
        value = getattr(rule, field)
        return Blank(f"{rule.key}.{field}", label, "" if value is None else str(value), kind, **more)

    if isinstance(rule, Signal):
        hint = "As your product sends it through the tracking API"
        return [
            "Did",
            blank("event", "Product event", hint=hint),
            blank("times", "How often", "number"),
            "times",
        ]
    if isinstance(rule, Exclusion):
        return ["as", blank("reason", "Why they are left out"), "when", *_known_parts(rule, blank)]
    if isinstance(rule, AttributeRule):
        return _known_parts(rule, blank)
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


def _known_parts(rule: AttributeRule | Exclusion, blank: Callable[..., Blank]) -> list[Part]:
    """The words about what is known of somebody."""
    if rule.field.startswith("custom."):
        name = Blank(f"{rule.key}.field", "Key of the field", rule.field.removeprefix("custom."))
        return ["Own field", name, "is", blank("value", "Value")]
    label = ATTRIBUTES[rule.field].label if rule.field in ATTRIBUTES else rule.field
    if rule.test == "is_true":
        return [label]
    if isinstance(rule, AttributeRule) and rule.test == "ranges":
        hint = "Example: 1–49: 2, 50–249: 6, 250+: 10"
        text = wording.ranges(rule.ranges)
        return [label, Blank(f"{rule.key}.ranges", "Ranges with their points", text, "ranges", hint=hint)]
    if rule.test == "between":
        return ["Company has", blank("low", "From", "number"), "to", blank("high", "To", "number"), "people"]
    hint = "Several: part them with commas."
    return [label, "contains" if rule.test == "contains" else "is", blank("value", label, hint=hint)]


def small_print(rule: Rule) -> list[Part]:
    """How the rule counts, with its blanks; empty for attributes."""
    if isinstance(rule, AttributeRule):
        return []
    if isinstance(rule, FrequencyRule):
        return ["real ones only, while it is so"]
    choices = COUNTED if rule.event == "attract.page_viewed" else tuple(c for c in COUNTED if c[0] != "visit")
    counting = Blank(f"{rule.key}.counting", "How it counts", rule.counting, "choice", choices)

    def number(field: str, label: str, empty: str) -> Blank:
        value = getattr(rule, field)
        return Blank(f"{rule.key}.{field}", label, str(value or ""), "number", hint=empty)

    caps: list[Part] = [
        "at most",
        number("at_most_a_day", "At most how often a day", "any"),
        "a day,",
        number("at_most_30_days", "At most how often in 30 days", "any"),
        "in 30 days,",
        number("at_most", "At most how often at once", "any"),
        "at once",
    ]
    lasts: list[Part] = [
        "counts for",
        number("days", "Days for which it counts; empty: always", "all"),
        "days, or half is left after",
        number("half_life_days", "Days after which half is left; empty: it does not fade", "no"),
        "days",
    ]
    return [counting, *lasts, *(() if rule.counting == "once" else (LINE, *caps))]


def started(rules: Rules, starter: str, *, key: str) -> Rules:
    """With a new rule, exclusion or signal of this kind at the end of its own; unknown kinds change nothing."""
    if starter in STARTERS:
        rule = msgspec.structs.replace(STARTERS[starter].rule, key=key)
        return msgspec.structs.replace(rules, rules=(*rules.rules, rule))
    if starter in OUTS:
        one = msgspec.structs.replace(OUTS[starter].exclusion, key=key)
        return msgspec.structs.replace(rules, exclusions=(*rules.exclusions, one))
    if starter == SIGNAL:
        return msgspec.structs.replace(rules, signals=(*rules.signals, Signal(key=key, event="")))
    return rules


def without(rules: Rules, key: str) -> Rules:
    """Without the rule, exclusion or signal of this key."""
    return msgspec.structs.replace(
        rules,
        rules=tuple(one for one in rules.rules if one.key != key),
        exclusions=tuple(one for one in rules.exclusions if one.key != key),
        signals=tuple(one for one in rules.signals if one.key != key),
    )


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
        exclusions=tuple(_filled(one, given, wrong) for one in rules.exclusions),
        signals=tuple(_filled(one, given, wrong) for one in rules.signals),
    )
    return changed, wrong


def _signed(points: int, *, against: bool) -> int:
    return -abs(points) if against else abs(points)


def _filled(rule: Filled, given: Mapping[str, str], wrong: dict[str, str]) -> Filled:
    """The rule, exclusion or signal with its blanks filled."""
    values: dict[str, Any] = {}
    parts = sentence(rule)
    if not isinstance(rule, Exclusion | Signal):
        parts = [*parts, *small_print(rule)]
    for part in parts:
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
        elif part.kind == "ranges":
            found = _ranges(text, against=getattr(rule, "group", "") == "against")
            if found is None:
                wrong[part.name] = f"This cannot be read. {part.hint}"
            else:
                values[field] = found
        else:
            values[field] = f"custom.{text}" if field == "field" else text
    return msgspec.structs.replace(rule, **values)


_RANGE = re.compile(
    r"(?:(?P<low>\d{1,9})\s*-\s*(?P<high>\d{1,9})|(?P<from>\d{1,9})\s*\+|up to\s*(?P<to>\d{1,9})|any)"
)


def _ranges(text: str, *, against: bool) -> tuple[Range, ...] | None:
    """Ranges as they are written: "1–49: 2, up to 9: 1, 50+: 10". None if something in it is none."""
    found = []
    for part in filter(None, (one.strip() for one in re.split(r"[,;]", text))):
        span, _, worth = part.partition(":")
        bounds = _RANGE.fullmatch(span.strip().casefold().replace("–", "-"))
        points = _micro(worth)
        if bounds is None or points is None:
            return None
        low, high = bounds["low"] or bounds["from"], bounds["high"] or bounds["to"]
        found.append(
            Range(
                low=int(low) if low else None,
                high=int(high) if high else None,
                points=_signed(points, against=against),
            )
        )
    return tuple(found)


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
