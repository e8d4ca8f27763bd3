"""Rules as SQL for DuckDB: which things each rule counts, and how old they are. Pure text; no database of ours.

It works on tables that `laying` makes:

    did_<n>(person, moment, heard, position, visitor, value_<m>…, [visit])   what people did, by name of fact
    meant_<n>_<m>(value, folded, plain)    each value that a field had, as it is compared

`heard` is when an event was known to be somebody's. A thing is what a rule counts once: an event, a visit, a
distinct value. It is as old as its newest event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from handraiser.core.journal.lake.engine import quoted
from handraiser.qualify.rules.points import Prepared
from handraiser.qualify.rules.rule_set import AttributeRule, EventRule, FrequencyRule, Rules, values
from handraiser.qualify.rules.scoring import VISIT_GAP_MS

PAGE_VIEWED = "attract.page_viewed"
_A_FEW = 100  # of so many the newest are kept while they are gathered; of more, all


# What is counted here. A rule set may know more some day; then it is not for this way until it is known here.
_KNOWN = {
    Rules: "threshold limits bands rules leave exclusions signals",
    AttributeRule: "key group points field test value low high ranges",
    EventRule: "key group points event where_field value counting distinct at_most days"
    " half_life_days at_most_a_day at_most_30_days",
    FrequencyRule: "key group points event distinct times within_days where_field value",
}


def covers(rules: Rules) -> bool:
    """Whether everything that these rules use can be worked out set-based."""
    return all(
        name in _KNOWN[type(one)].split() or getattr(one, name) == default
        for one in (rules, *rules.rules)
        for name, default in _defaults(type(one))
    )


def _defaults(kind: type[msgspec.Struct]) -> list[tuple[str, object]]:
    return [(field.name, field.default) for field in msgspec.structs.fields(kind)]


class Told(NamedTuple):
    """A fact that rules count: its place among them, its fields that they look at, and how many days back (None:
    always). `visits`: a rule counts its visits."""

    name: str
    place: int
    fields: tuple[str, ...]
    days: int | None
    visits: bool

    @property
    def table(self) -> str:
        """Where what people did of it lies."""
        return f"did_{self.place}"

    def meanings(self, field: str) -> str:
        """Where the values of a field lie."""
        return f"meant_{self.place}_{self.fields.index(field)}"

    def column(self, field: str) -> str:
        """The column of a field."""
        return f"value_{self.fields.index(field)}"


def told(prepared: Prepared) -> list[Told]:
    """The facts that these rules count."""
    found = []
    for place, name in enumerate(sorted(prepared.names)):
        rules = [rule for rule in prepared.counting if rule.event == name]
        fields = {rule.where_field for rule in rules} | {
            rule.distinct for rule in rules if _apart(rule) == "value"
        }
        spans = [_days(rule) for rule in rules]
        days = None if None in spans else max(span for span in spans if span is not None)
        visits = any(_apart(rule) == "visit" for rule in rules)
        found.append(Told(name, place, tuple(sorted(fields - {""})), days, visits))
    return found


def things(rule: EventRule | FrequencyRule, fact: Told) -> str:
    """The events that a rule counts, as (person, thing, moment, heard); those that count once have one `thing`."""
    one = _of_one(rule, fact)
    joins, conditions = "", ""
    if _apart(rule) == "value":
        joins += f" join {fact.meanings(rule.distinct)} apart on apart.value = d.{fact.column(rule.distinct)}"
    if rule.where_field:
        conditions = (
            f" where d.{fact.column(rule.where_field)} in"
            f" (select value from {fact.meanings(rule.where_field)} m where {fits(rule)})"
        )
    return f"select d.person, {one} as thing, d.moment, d.heard from {fact.table} d{joins}{conditions}"


def newest(rule: EventRule | FrequencyRule, fact: Told, *, most: int, now_ms: int, window: int | None) -> str:
    """(person, newest): the moments of the newest things that a rule counts at a moment, at most `most` of them."""
    inside = f"d.moment <= {now_ms}" + (f" and d.moment > {now_ms - window}" if window is not None else "")
    all_of_it = things(rule, fact)
    all_of_it += f"{' and' if ' where ' in all_of_it else ' where'} {inside}"
    if most == 1:
        return f"select person, [max(moment)] as newest from ({all_of_it}) group by person"
    if _apart(rule) != "itself":
        all_of_it = f"select person, max(moment) as moment from ({all_of_it}) group by person, thing"
    gathered = f"max(moment, {most})" if most <= _A_FEW else f"list_reverse_sort(list(moment))[:{most}]"
    return f"select person, {gathered} as newest from ({all_of_it}) group by person"


def fits(rule: EventRule | FrequencyRule) -> str:
    """The condition on a value `m` that the rule is about it."""
    parts = [
        f"starts_with(m.plain, {quoted(wanted[:-1])})"
        if wanted.endswith("*")
        else f"m.plain = {quoted(wanted.rstrip('/') or wanted)}"
        for wanted in values(rule.value)
    ]
    return f"({' or '.join(parts)})" if parts else "false"


def began(rows: str) -> str:
    """These page views with what the views of one visit have in common."""
    # Sorted once; what follows goes along the rows as they lie.
    return (
        "select * exclude (is_new, row), max(case when is_new then row end) over"
        " (rows between unbounded preceding and current row) as visit from ("
        f"select *, row_number() over () as row, coalesce(moment - lag(moment) over () >= {VISIT_GAP_MS}"
        " or person <> lag(person) over () or visitor <> lag(visitor) over (), true) as is_new"
        f" from ({rows} order by person, visitor, moment, position))"
    )


def choose(cases: Sequence[tuple[str, str]], otherwise: str) -> str:
    """A CASE."""
    if not cases:
        return otherwise
    return "case " + " ".join(f"when {when} then {then}" for when, then in cases) + f" else {otherwise} end"


def _apart(rule: EventRule | FrequencyRule) -> str:
    """What makes two events two things: itself, visit, value, nothing."""
    if isinstance(rule, FrequencyRule) or rule.counting == "distinct":
        return "value"
    if rule.counting == "visit" and rule.event == PAGE_VIEWED:
        return "visit"
    return "nothing" if rule.counting == "once" else "itself"


def _of_one(rule: EventRule | FrequencyRule, fact: Told) -> str:
    return {
        "itself": "d.position",
        "visit": "d.visit",
        "value": "hash(apart.folded)",
        "nothing": "0",
    }[_apart(rule)]


def _days(rule: EventRule | FrequencyRule) -> int | None:
    return rule.within_days if isinstance(rule, FrequencyRule) else rule.lasting_days
