"""Rules as SQL for DuckDB: which things each rule counts, and how old they are. Pure text; no database of ours.

It works on tables that `laying` makes:

    did_<n>(person, moment, heard, position, visitor, about_<c>…, which_<m>…)   what people did, by name of fact
    visits_<n>(person, visitor, half, visit)                                   which visit half an hour belongs to

`heard` is when an event was known to be somebody's, `about_<c>` whether it fits a condition of rules, `which_<m>`
the number of a value that is told apart. A thing is what a rule counts once: an event, a visit, a distinct value.
It is as old as its newest event.
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
    """A fact that rules count: its place among them, and how many days back they look (None: always).

    `fields` are those that rules look at, `conditions` (field, values) what an event may have to be about, `apart`
    the fields whose values are told apart; `visit_days` are the days of rules that count visits, 0 without any.
    """

    name: str
    place: int
    fields: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
    apart: tuple[str, ...]
    days: int | None
    visit_days: int | None

    @property
    def table(self) -> str:
        """Where what people did of it lies."""
        return f"did_{self.place}"

    @property
    def visits(self) -> str:
        """Where its visits lie."""
        return f"visits_{self.place}"

    def meanings(self, field: str) -> str:
        """Where the values of a field lie."""
        return f"meant_{self.place}_{self.fields.index(field)}"

    def about(self, rule: EventRule | FrequencyRule) -> str:
        """The column that says whether an event is about what a rule is about."""
        return f"about_{self.conditions.index((rule.where_field, rule.value))}"

    def which(self, field: str) -> str:
        """The column that tells the values of a field apart."""
        return f"which_{self.apart.index(field)}"


def told(prepared: Prepared) -> list[Told]:
    """The facts that these rules count."""
    found = []
    for place, name in enumerate(sorted(prepared.names)):
        rules = [rule for rule in prepared.counting if rule.event == name]
        conditions = sorted({(rule.where_field, rule.value) for rule in rules if rule.where_field})
        apart = sorted({rule.distinct for rule in rules if _apart(rule) == "value"})
        fields = {field for field, _ in conditions} | set(apart)
        visiting = [rule for rule in rules if _apart(rule) == "visit"]
        found.append(
            Told(
                name,
                place,
                tuple(sorted(fields)),
                tuple(conditions),
                tuple(apart),
                _longest(rules),
                _longest(visiting) if visiting else 0,
            )
        )
    return found


def _longest(rules: Sequence[EventRule | FrequencyRule]) -> int | None:
    spans = [_days(rule) for rule in rules]
    return None if None in spans else max(span for span in spans if span is not None)


def things(rule: EventRule | FrequencyRule, fact: Told) -> str:
    """The events that a rule counts, as (person, thing, moment, heard); those that count once have one `thing`."""
    joins, conditions = "", ""
    if _apart(rule) == "visit":
        joins = (
            f" join {fact.visits} v on v.person = d.person and v.visitor = d.visitor"
            f" and v.half = d.moment // {VISIT_GAP_MS}"
        )
    if rule.where_field:
        conditions = f" where d.{fact.about(rule)}"
    one = _of_one(rule, fact)
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


def fits(condition: str) -> str:
    """The condition on a value `m` that it is one of these, parted by commas."""
    parts = [
        f"starts_with(m.plain, {quoted(wanted[:-1])})"
        if wanted.endswith("*")
        else f"m.plain = {quoted(wanted.rstrip('/') or wanted)}"
        for wanted in values(condition)
    ]
    return f"({' or '.join(parts)})" if parts else "false"


def visits(rows: str) -> str:
    """(person, visitor, half, visit) of page views: in the same half hour of the clock they are of one visit."""
    # Sorted once; what follows goes along the rows as they lie.
    return (
        "select person, visitor, half, max(case when is_new then row end) over"
        " (rows between unbounded preceding and current row) as visit from ("
        f"select *, row_number() over () as row, coalesce(first - lag(last) over () >= {VISIT_GAP_MS}"
        " or person <> lag(person) over () or visitor <> lag(visitor) over (), true) as is_new"
        f" from (select person, visitor, moment // {VISIT_GAP_MS} as half, min(moment) as first,"
        f" max(moment) as last from ({rows}) group by all order by person, visitor, half))"
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
        "visit": "v.visit",
        "value": f"d.{fact.which(rule.distinct)}" if _apart(rule) == "value" else "",
        "nothing": "0",
    }[_apart(rule)]


def _days(rule: EventRule | FrequencyRule) -> int | None:
    return rule.within_days if isinstance(rule, FrequencyRule) else rule.lasting_days
