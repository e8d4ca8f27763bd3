"""What leads were worth over time: every moment at which points change, and the first at which a line is reached.

As of each moment only what was known then counts: a profile from its moment on, what a browser did from the moment
at which it was known whose it is.

Points that fade change every day, but only at few moments can somebody come to more than ever: when something
happened, became known, or stopped to speak against them. Fading rules are asked at those alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from handraiser.qualify.rebuild import counting, scores
from handraiser.qualify.rules.points import Prepared, worth_of_things
from handraiser.qualify.rules.rule_set import DAY_MS, PARTS, EventRule, FrequencyRule, weights

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_GROUPS = ("fit", "engagement", "against")


_FEW = 16  # so many of the newest things are followed by SQL; who has more of what counts goes by Python


class Walked:
    """What each rule of some sets gives when.

    `watched(number, lead, person, begins, ends, …)` are the leads of `scored` with the milliseconds of their watch.
    """

    def __init__(self, db: Connection, sets: Sequence[Prepared], facts: dict[str, counting.Told]) -> None:
        self.tables: dict[object, str] = {}
        rises, special = [], []
        for prepared, index, rule in ((one, *each) for one in sets for each in enumerate(one.counting)):
            asked = _asked(prepared, index)
            if asked in self.tables:
                continue
            table = self.tables[asked] = f"steps_{len(self.tables)}"
            if index in prepared.special:
                special.append((prepared, index, table))
                rises.append(_rises(prepared, index, facts[rule.event]))
            else:
                db.execute(f"create temp table {table} as {_steps(prepared, index, facts[rule.event])}")
                rises.append(f"select person, moment from {table} where change > 0")
        if special:
            _lay_out_moments(db, rises)
            for prepared, index, table in special:
                _walk_special(db, prepared, index, facts[prepared.special[index].event], into=table)

    def steps(self, prepared: Prepared, index: int) -> str:
        """The table (person, moment, change) of a rule."""
        return self.tables[_asked(prepared, index)]


def _asked(prepared: Prepared, index: int) -> object:
    """What makes two rules one here."""
    return (msgspec.structs.replace(prepared.counting[index], key="", group="fit"), prepared.most[index])


def walk(db: Connection, prepared: Prepared, walked: Walked, *, into: str) -> None:
    """Make the table (lead, mql, top): when a lead reaches the threshold (null: never), and its most points."""
    steps = [
        f"select w.number, greatest(s.moment, w.begins) as moment, {_change(rule.group, 's.change')}"
        f" from {walked.steps(prepared, index)} s join watched w on w.person = s.person and s.moment <= w.ends"
        " where s.change <> 0"
        for index, rule in enumerate(prepared.counting)
    ]
    steps += _known(db, prepared)
    steps.append(f"select number, begins as moment, {_change('fit', '0')} from watched")
    if prepared.rules.exclusions:
        # Whoever is no longer left out has all points there and then.
        steps.append(f"select number, since as moment, {_change('fit', '0')} from known_then")
    # All that changes at one moment counts at that moment.
    running = ", ".join(
        f"sum({group}) over (partition by number order by moment)::bigint as {group}" for group in _GROUPS
    )
    fit, engagement, against = prepared.limits
    total = f"least(fit, {fit}) + least(engagement, {engagement}) + greatest(against, {against})"
    path = (
        f"select number, moment, {total} as total from"
        f" (select number, moment, {running} from ({' union all '.join(steps)}))"
    )
    if prepared.rules.exclusions:
        path = (
            f"select p.number, p.moment, case when o.is_out then 0 else total end as total from ({path}) p"
            f" asof join ({_outs(prepared)}) o on o.number = p.number and p.moment >= o.moment"
        )
    db.execute(
        f"create or replace temp table {into} as select lead, mql, top from watched join (select number,"
        f" min(moment) filter (where total >= {prepared.rules.threshold}) as mql, max(total) as top"
        f" from ({path}) group by number) using (number)"
    )


def _change(group: str, change: str) -> str:
    """A column for each group; the change is one of its own group."""
    return ", ".join(f"{change if one == group else 0}::bigint as {one}" for one in _GROUPS)


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


def _rises(prepared: Prepared, index: int, fact: counting.Told) -> str:
    """(person, moment): when a rule that fades, or is capped by days, can come to give more, or take less."""
    rule = prepared.special[index]
    things = counting.things(rule, fact)
    if rule.points > 0:
        return f"select person, heard as moment from ({things})"
    if rule.half_life_days is not None:
        steps = f"range(0, {(rule.lasting_days or 0) + 1})"
    else:
        steps = "[0]" if rule.days is None else f"[0, {rule.days}]"
    return (
        f"select person, greatest(heard, moment + day::bigint * {DAY_MS}) as moment"
        f" from (select person, moment, heard, unnest({steps}) as day from ({things}))"
    )


def _lay_out_moments(db: Connection, rises: Sequence[str]) -> None:
    """`moments(person, moment)`: when somebody who is watched can come to more points than ever."""
    db.execute(
        "create temp table watch as select person, min(begins) as begins, max(ends) as ends from watched group by"
        " person"
    )
    rises = [*rises, "select person, moment from profiles"]
    db.execute(
        "create temp table moments as select person, begins as moment from watched union"
        f" select s.person, s.moment from ({' union all '.join(rises)}) s join watch w on w.person = s.person"
        " where s.moment > w.begins and s.moment <= w.ends"
    )


def _walk_special(db: Connection, prepared: Prepared, index: int, fact: counting.Told, *, into: str) -> None:
    """(person, moment, change) of a rule that fades, or is capped by days, at the `moments` of who is watched."""
    rule = prepared.special[index]
    once = 1 if rule.counting == "once" else None
    most = min([n for n in (rule.at_most, once, _FEW) if n is not None])
    # The newest so many are followed: whoever has more of what is capped otherwise, or is not, goes by Python.
    few = min([n for n in (rule.at_most_a_day, rule.at_most_30_days, most) if n is not None])
    is_exact = few == prepared.most[index] and not (rule.at_most_a_day or rule.at_most_30_days)
    db.execute(
        "create or replace temp table happened as select t.person, t.thing, t.moment as at_,"
        " greatest(t.heard, w.begins) as moment"
        f" from ({counting.things(rule, fact)}) t join watch w on w.person = t.person and t.heard <= w.ends"
    )
    # In the order of hearing, nothing may be older than what was heard before.
    same = "partition by person, thing order by moment, at_"
    db.execute(
        f"create or replace temp table followed as select *, lag(at_) over ({same}) as before from happened"
    )
    back = "at_ < lag(at_) over (partition by person order by moment, at_)"
    many = "" if is_exact else f" or count(*) filter (where before is null) > {few}"
    db.execute(
        f"create or replace temp table apart as select person from (select person, before, {back} as back"
        f" from followed) group by person having bool_or(back){many}"
    )
    db.execute(f"create temp table {into} as {_newest_few(db, prepared, index, few)}")
    seen = db.execute(
        "select person, thing, at_, moment from happened where person in (from apart) order by person, moment"
    ).fetchall()
    asked = db.execute(
        "select person, moment from moments where person in (from apart) order by person, moment"
    ).fetchall()
    events = {person: list(theirs) for person, theirs in groupby(seen, key=itemgetter(0))}
    rows: list[tuple[int, int, int]] = []
    for person, moments in groupby(asked, key=itemgetter(0)):
        rows += _one_by_one(prepared, index, events[person], [moment for _, moment in moments])
    scores.insert(db, into, rows)


def _one_by_one(
    prepared: Prepared, index: int, events: Sequence[tuple[int, object, int, int]], moments: Sequence[int]
) -> Iterator[tuple[int, int, int]]:
    """The same of one person, by the rules' own arithmetic."""
    rule, window = prepared.special[index], prepared.windows[index]
    newest: dict[object, int] = {}
    before = place = 0
    for now in moments:
        while place < len(events) and events[place][3] <= now:
            _, thing, at, _ = events[place]
            newest[thing] = max(newest.get(thing, at), at)
            place += 1
        alive = [at for at in newest.values() if window is None or now - at < window]
        worth = worth_of_things(rule, alive, now)[0] if alive else 0
        if worth != before:
            yield events[0][0], now, worth - before
            before = worth


def _newest_few(db: Connection, prepared: Prepared, index: int, few: int) -> str:
    """(person, moment, change) from the newest so many things, of all who are not `apart`.

    Events and moments are sorted once, then followed as they lie: when a thing happens again it comes to the front,
    and those that were newer each go a place back. A code, which only grows along the rows, is a person's number
    and an age.
    """
    rule, window = prepared.special[index], prepared.windows[index]
    [(people, first, last)] = db.execute("select max(person), min(at_), max(at_) from happened").fetchall()
    bits = ((last or 0) - (first or 0) + 1).bit_length()
    kind = "bigint" if bits + (people or 0).bit_length() < 63 else "hugeint"
    of_person, first = f"(person::{kind} << {bits})", (first or 0) - 1
    along = "rows between unbounded preceding and current row"
    rows = (
        f"select person, moment, {of_person} + (at_ - {first}) as code,"
        f" coalesce({of_person} + (before - {first}), 0) as before from followed"
        " where person not in (from apart) union all"
        f" select person, moment, null, null from moments where person in (select person from followed)"
        " and person not in (from apart) order by person, moment, code nulls last"
    )
    rows = f"select *, max(code) over ({along}) as a1 from ({rows})"
    for place in range(1, few):
        rows = (
            f"select * exclude (previous), max(case when previous > before then previous end) over ({along})"
            f" as a{place + 1} from (select *, lag(a{place}) over () as previous from ({rows}))"
        )
    shares = []
    for place in range(1, few + 1):
        left = _left(rule, window, f"(moment - {first} - (a{place} - {of_person}))")
        shares.append(f"coalesce(case when a{place} > {of_person} then {left} end, 0)")
    parts = " + ".join(shares)
    if rule.half_life_days is None:
        worth = f"{rule.points}::bigint * ({parts})"
    else:
        sign = "" if rule.points > 0 else "-"
        worth = f"{sign}({abs(rule.points)}::hugeint * ({parts}) // {PARTS})::bigint"
    return (
        "select person, moment, worth - case when person = lag(person) over () then lag(worth) over () else 0 end"
        f" as change from (select person, moment, {worth} as worth from ({rows}) where code is null)"
        " qualify change <> 0"
    )


def _left(rule: EventRule, window: int | None, age: str) -> str:
    """What is left of a thing of this age: parts, or itself; null: nothing."""
    if rule.half_life_days is None:
        return "1" if window is None else f"case when {age} < {window} then 1 end"
    return f"({list(weights(rule.half_life_days))})[{age} // {DAY_MS} + 1]"


def _known(db: Connection, prepared: Prepared) -> list[str]:
    """(number, moment, change by group) of the rules about what somebody is."""
    fields = scores.fields_of(prepared)
    if not fields:
        return []
    columns = ", ".join(f"{scores.known(field, place)} as k{place}" for place, field in enumerate(fields))
    # Of what was noted before the watch the last is known when it begins; without any, the first that there is.
    db.execute(
        "create or replace temp table known_then as select * from (select w.number, w.ends, p.moment, p.id,"
        " case when row_number() over (partition by w.number order by p.moment, p.id) = 1 then w.begins"
        f" else greatest(p.moment, w.begins) end as since, {columns}"
        " from watched w join scored l on l.lead = w.lead left join (select *,"
        f" {scores.unpacked(fields, 'attributes')} as told from profiles) p on p.person = l.person)"
        " where since <= ends"
        " qualify row_number() over (partition by number, since order by moment desc, id desc) = 1"
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
        change = f"({worth} - lag({worth}, 1, 0::bigint) over (partition by number order by since))"
        # What is laid out for the other rule set has the same names: worked out now, not when it is asked for.
        db.execute(
            f"create or replace temp table known_{group} as"
            f" select number, since as moment, {_change(group, change)} from known_then{joins}"
        )
        found.append(f"select * from known_{group}")
    return found


def _outs(prepared: Prepared) -> str:
    """(number, moment, is_out): from when on somebody was left out, or no longer."""
    places = range(len(scores.fields_of(prepared)))
    joins = "".join(f" left join fitted_{n} on fitted_{n}.value = known_then.k{n}" for n in places)
    is_out = " or ".join(f"fitted_{n}.out is not null" for n in places)
    return f"select number, since as moment, ({is_out}) as is_out from known_then{joins}"
