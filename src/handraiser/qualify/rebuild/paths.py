"""What leads were worth over time: every moment at which points change, and the first at which a line is reached.

As of each moment only what was known then counts: a profile from its moment on, what a browser did from the moment
at which it was known whose it is.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from handraiser.qualify.rebuild import counting, scores
from handraiser.qualify.rules.points import Prepared, worth_of_things
from handraiser.qualify.rules.rule_set import DAY_MS, EventRule, FrequencyRule

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_GROUPS = ("fit", "engagement", "against")


def walk(
    db: Connection, prepared: Prepared, facts: dict[str, counting.Told], *, into: str, done: dict[object, str]
) -> None:
    """Make the table (lead, mql, top): when a lead reaches the threshold (null: never), and its most points.

    `watched(lead, person, begins, ends, …)` are the leads of `scored` with the milliseconds of their watch. `done`
    remembers what each rule gives, for another set that has it too.
    """
    steps = []
    for index, rule in enumerate(prepared.counting):
        asked = (msgspec.structs.replace(rule, key="", group="fit"), prepared.most[index])
        if asked not in done:
            done[asked] = f"steps_{len(done)}"
            if index in prepared.special:
                _walk_special(db, prepared, index, facts[rule.event], into=done[asked])
            else:
                db.execute(f"create temp table {done[asked]} as {_steps(prepared, index, facts[rule.event])}")
        steps.append(
            f"select w.lead, greatest(s.moment, w.begins) as moment, '{rule.group}' as grp, s.change"
            f" from {done[asked]} s join watched w on w.person = s.person and s.moment <= w.ends"
            " where s.change <> 0"
        )
    steps += _known(db, prepared)
    steps.append("select lead, begins as moment, 'fit' as grp, 0 as change from watched")
    if prepared.rules.exclusions:
        # Whoever is no longer left out has all points there and then.
        steps.append("select lead, since as moment, 'fit' as grp, 0 as change from known_then")
    sums = ", ".join(f"sum(change) filter (where grp = '{group}') as {group}" for group in _GROUPS)
    running = ", ".join(
        f"coalesce(sum({group}) over (partition by lead order by moment), 0)::bigint as {group}"
        for group in _GROUPS
    )
    fit, engagement, against = prepared.limits
    total = f"least(fit, {fit}) + least(engagement, {engagement}) + greatest(against, {against})"
    path = (
        f"select lead, moment, {total} as total from (select lead, moment, {running} from"
        f" (select lead, moment, {sums} from ({' union all '.join(steps)}) group by lead, moment))"
    )
    if prepared.rules.exclusions:
        path = (
            f"select p.lead, p.moment, case when o.is_out then 0 else total end as total from ({path}) p"
            f" asof join ({_outs(prepared)}) o on o.lead = p.lead and p.moment >= o.moment"
        )
    db.execute(
        f"create or replace temp table {into} as select lead,"
        f" min(moment) filter (where total >= {prepared.rules.threshold}) as mql, max(total) as top"
        f" from ({path}) group by lead"
    )


def _steps(prepared: Prepared, index: int, fact: counting.Told) -> str:
    """(person, moment, change): where the points of a rule that counts events change, by how much."""
    rule, most = prepared.counting[index], prepared.most[index]

    def worth(alive: str) -> str:
        if isinstance(rule, FrequencyRule):
            return f"case when {alive} >= {most} then {rule.points}::bigint else 0 end"
        return f"least({alive}, {most}) * {rule.points}::bigint"

    # Of changes at one moment each begins where the one before it ended: in which order does not matter.
    return (
        f"select person, moment, {worth('alive')} - {worth('(alive - change)')} as change from"
        " (select person, moment, change, sum(change) over (partition by person order by moment"
        " rows between unbounded preceding and current row) as alive from"
        " (select person, unnest(case when ends is null then [begins] else [begins, ends] end) as moment,"
        " unnest(case when ends is null then [1] else [1, -1] end) as change"
        f" from ({_lives(rule, fact, prepared.windows[index])}) where ends is null or begins < ends))"
    )


def _lives(rule: EventRule | FrequencyRule, fact: counting.Told, window: int | None) -> str:
    """(person, begins, ends): from when to when each thing counts; ends is null: always."""
    things = counting.things(rule, fact)
    once = f"select person, thing, min(heard) as heard, min(moment) as first, max(moment) as last from ({things})"
    once += " group by person, thing"
    if window is None:
        return f"select person, heard as begins, null::bigint as ends from ({once})"
    # Moments less than a window apart keep a thing alive without a break: most things are as short as that.
    short = (
        f"select person, heard as begins, last + {window} as ends from things where last - first < {window}"
    )
    same = "partition by person, thing order by moment"
    breaks = f"sum(case when since < {window} then 0 else 1 end) over ({same})"
    long = (
        f"select person, min(heard) as begins, max(moment) + {window} as ends from (select *, {breaks} as life from"
        " (select e.*, e.moment - lag(e.moment) over (partition by e.person, e.thing order by e.moment) as since"
        f" from ({things}) e join things t on t.person = e.person and t.thing = e.thing"
        f" and t.last - t.first >= {window})) group by person, thing, life"
    )
    return f"with things as materialized ({once}) {short} union all {long}"


def _walk_special(db: Connection, prepared: Prepared, index: int, fact: counting.Told, *, into: str) -> None:
    """The same of a rule that fades, or is capped by days: somebody's points day by day, one after another."""
    rule, window = prepared.special[index], prepared.windows[index]
    rows: list[tuple[int, int, int]] = []
    seen = db.execute(
        "select t.person, t.thing, t.moment, t.heard, w.begins, w.ends"
        f" from ({counting.things(rule, fact)}) t join (select person, min(begins) as begins, max(ends) as ends"
        " from watched group by person) w on w.person = t.person and t.heard <= w.ends order by t.person, t.heard"
    ).fetchall()
    for person, theirs in groupby(seen, key=itemgetter(0)):
        events = list(theirs)
        begins, ends = events[0][4:]
        moments = {begins, *(max(begins, heard) for _, _, _, heard, _, _ in events)}
        for _, _, moment, _, _, _ in events:
            if rule.half_life_days is not None and rule.lasting_days is not None:
                moments |= {moment + day * DAY_MS for day in range(1, rule.lasting_days + 1)}
            elif window is not None:
                moments.add(moment + window)
        before = 0
        for now in sorted(moment for moment in moments if begins <= moment <= ends):
            alive: dict[object, int] = {}
            for _, thing, moment, heard, _, _ in events:
                if heard <= now and (window is None or now - moment < window):
                    alive[thing] = max(alive.get(thing, 0), moment)
            worth = worth_of_things(rule, alive.values(), now)[0] if alive else 0
            if worth != before:
                rows.append((person, now, worth - before))
                before = worth
    db.execute(f"create temp table {into}(person uinteger, moment bigint, change bigint)")
    scores.insert(db, into, rows)


def _known(db: Connection, prepared: Prepared) -> list[str]:
    """(lead, moment, group, change) of the rules about what somebody is."""
    fields = scores.fields_of(prepared)
    if not fields:
        return []
    columns = ", ".join(f"{scores.known(field, place)} as k{place}" for place, field in enumerate(fields))
    # Of what was noted before the watch the last is known when it begins; without any, the first that there is.
    db.execute(
        "create or replace temp table known_then as select * from (select l.lead, w.ends, p.moment, p.id,"
        " case when row_number() over (partition by l.lead order by p.moment, p.id) = 1 then w.begins"
        f" else greatest(p.moment, w.begins) end as since, {columns}"
        " from watched w join scored l on l.lead = w.lead left join (select *,"
        f" {scores.unpacked(fields, 'attributes')} as told from profiles) p on p.person = l.person)"
        " where since <= ends"
        " qualify row_number() over (partition by lead, since order by moment desc, id desc) = 1"
    )
    joins, places = "", dict(zip(fields, range(len(fields)), strict=True))
    for field, place in places.items():
        said = db.execute(f"select distinct k{place} from known_then where k{place} is not null").fetchall()
        scores.lay_out_fitting(db, prepared, field, f"fitted_{place}", [value for (value,) in said])
        joins += f" left join fitted_{place} on fitted_{place}.value = known_then.k{place}"
    found = []
    for group in _GROUPS:
        cells = [f"coalesce(a{index}, 0)" for index, rule in prepared.attributes if rule.group == group]
        if not cells:
            continue
        worth = f"({' + '.join(cells)})::bigint"
        # What is laid out for the other rule set has the same names: worked out now, not when it is asked for.
        db.execute(
            f"create or replace temp table known_{group} as select lead, since as moment, '{group}' as grp,"
            f" {worth} - lag({worth}, 1, 0::bigint) over (partition by lead order by since) as change"
            f" from known_then{joins}"
        )
        found.append(f"select * from known_{group}")
    return found


def _outs(prepared: Prepared) -> str:
    """(lead, moment, is_out): from when on somebody was left out, or no longer."""
    places = range(len(scores.fields_of(prepared)))
    joins = "".join(f" left join fitted_{n} on fitted_{n}.value = known_then.k{n}" for n in places)
    is_out = " or ".join(f"fitted_{n}.out is not null" for n in places)
    return f"select lead, since as moment, ({is_out}) as is_out from known_then{joins}"
