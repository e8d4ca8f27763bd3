"""How much more often the leads that a rule fits become something than all leads do: counted by the back-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handraiser.kit import statistics
from handraiser.kit.statistics import Rate
from handraiser.qualify.rebuild import scores
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.points import Prepared
from handraiser.qualify.rules.rule_set import EventRule, FrequencyRule, Rule

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

    from handraiser.qualify.rebuild.paths import Walked

# Of fewer leads that a rule fitted, or fewer of all that became it, the range would say nothing.
FEWEST_LEADS = 10
FEWEST_OUTCOMES = 5
ENOUGH_CUSTOMERS = 20  # else SQLs are told: there are more of them

Counted = tuple[int, int, int]  # leads, of these SQL, of these customers


def count(db: Connection, prepared: Prepared, walked: Walked) -> dict[str, Counted]:
    """By the rule's key: how many leads it fitted while they were watched, and what became of these.

    For the tables that `rebuild.paths.walk` leaves of the set that it was asked about last. A rule fits
    while it alone would give or take points; limits of groups and exclusions change nothing.
    """
    db.execute(
        "create or replace temp table ended as select w.number, w.person, w.begins, w.ends, o.sql_at, o.customer_at"
        " from watched w join outcomes o on o.lead = w.lead"
    )
    parts = [
        f"select number, {_place(prepared, rule.key)} as rule"
        f" from ({_doing(rule, walked.steps(prepared, index))})"
        for index, rule in enumerate(prepared.counting)
    ]
    fields = scores.fields_of(prepared)
    for place, rule in prepared.attributes:
        field = fields.index(rule.field)
        parts.append(
            f"select distinct number, {place} as rule from known_then k join fitted_{field} f"
            f" on f.value = k.k{field} and f.a{place} <> 0"
        )
    if not parts:
        return {}
    found = db.execute(
        "select rule, count(*), count(sql_at), count(customer_at)"
        f" from ({' union all '.join(parts)}) join ended using (number) group by rule"
    ).fetchall()
    counted = {
        prepared.rules.rules[place].key: (leads, sqls, customers) for place, leads, sqls, customers in found
    }
    return {rule.key: counted.get(rule.key, (0, 0, 0)) for rule in prepared.rules.rules}


def _place(prepared: Prepared, key: str) -> int:
    return next(place for place, rule in enumerate(prepared.rules.rules) if rule.key == key)


def _doing(rule: EventRule | FrequencyRule, steps: str) -> str:
    """The leads to which a rule about events gave or took points at some moment of their watch."""
    theirs = f"{steps} s join ended e on e.person = s.person and s.moment <= e.ends where s.change <> 0"
    if isinstance(rule, FrequencyRule):
        # One thing may end when another begins: such changes of one moment may be none.
        theirs = (
            "(select number, begins, moment, sum(change) as change from (select e.number, e.begins,"
            f" greatest(s.moment, e.begins) as moment, s.change from {theirs}) group by number, begins, moment)"
            " where change <> 0"
        )
        return f"select distinct number from {theirs}"
    # It fits at the beginning, or something changes later: then it fits before or after that.
    return (
        f"select e.number from {theirs} group by e.number having bool_or(s.moment > e.begins)"
        " or sum(s.change) filter (where s.moment <= e.begins) <> 0"
    )


@dataclass(frozen=True)
class Lift:
    """Of the leads that a rule fitted so many became it; `times` as often as all leads, likely `low` to `high`.

    The range is that of the share (Wilson) over the share of all, which is on the safe side: who is fitted is among
    all. `times` is None when there are too few to say.
    """

    leads: int
    share: Rate
    times: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def often(self) -> str:
        """How often, beside all: "2.1×"."""
        return "" if self.times is None else f"{self.times:.1f}×"

    @property
    def range(self) -> str:
        """The likely range of it: "1.4–3.0"."""
        return "" if self.low is None or self.high is None else f"{self.low:.1f}–{self.high:.1f}"

    @property
    def tone(self) -> str:
        """good or bad where the range leaves "as often as all" out, else nothing."""
        if self.low is None or self.high is None:
            return ""
        return "good" if self.low > 1 else "bad" if self.high < 1 else ""


@dataclass(frozen=True)
class Lifts:
    """Of all rules: what it is that leads became, how many of all did, and the lift of each rule by its key."""

    became: str
    base: Rate
    by_rule: Mapping[str, Lift]

    @property
    def silent(self) -> bool:
        """Too few leads became it to say anything of any rule."""
        return self.base.hits < FEWEST_OUTCOMES

    def ranked(self, rules: Sequence[Rule]) -> list[tuple[str, Lift]]:
        """What rules say with their lift: those that tell most first, those with too few leads last."""
        found = [(wording.title(rule), self.by_rule[rule.key]) for rule in rules if rule.key in self.by_rule]
        return sorted(found, key=lambda one: (one[1].times is None, -(one[1].times or 0), -one[1].leads))


def lifts(rules: Mapping[str, Counted], *, all_leads: Counted) -> Lifts:
    """Customers where enough leads became that, else SQLs."""
    which = 2 if all_leads[2] >= ENOUGH_CUSTOMERS else 1
    base = statistics.rate(all_leads[which], all_leads[0])
    return Lifts(
        became=("SQL", "customer")[which - 1],
        base=base,
        by_rule={key: _lift(counted[0], counted[which], base) for key, counted in rules.items()},
    )


def _lift(leads: int, hits: int, base: Rate) -> Lift:
    share = statistics.rate(hits, leads)
    if leads < FEWEST_LEADS or base.hits < FEWEST_OUTCOMES or not base.value:
        return Lift(leads, share)
    assert share.value is not None and share.low is not None and share.high is not None
    return Lift(leads, share, share.value / base.value, share.low / base.value, share.high / base.value)
