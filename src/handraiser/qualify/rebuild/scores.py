"""The scores of all leads at one moment, as a table of DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from handraiser.core.journal.lake.engine import quoted
from handraiser.qualify.rebuild import counting
from handraiser.qualify.rules.points import NEVER, Prepared, worth_of_things
from handraiser.qualify.rules.rule_set import (
    DAY_MS,
    LOOKED_AT,
    PARTS,
    AttributeRule,
    FrequencyRule,
    weights,
)
from handraiser.qualify.rules.scoring import attribute_fits, range_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

OF_LEAD = ("channel", "source", "campaign")
_GROUPS = ("fit", "engagement", "against")
_decode = msgspec.json.Decoder().decode


def score(db: Connection, prepared: Prepared, *, now_ms: int, into: str = "worth") -> None:
    """Make the table (lead, person, fit, engagement, total, grade, temperature, next_change_at, out) of `scored`.

    `laying.lay_out` has been there, with events up to `now_ms` at least. `next_change_at` is in milliseconds, null:
    only an event changes it. `out` is the place of the exclusion that leaves the lead out.
    """
    _lay_out_special(db, prepared, now_ms)
    _lay_out_gains(db, prepared, now_ms)
    db.execute(f"create or replace temp table earned as {_earned(prepared)}")
    _lay_out_known(db, prepared)
    db.execute(f"create or replace temp table {into} as {_worth(prepared)}")


def _lay_out_gains(db: Connection, prepared: Prepared, now_ms: int) -> None:
    """`gains(person, rule, points, until)`: what each rule that counts events gives whom.

    One after another, so that what one needs in memory is let go before the next.
    """
    facts = {fact.name: fact for fact in counting.told(prepared)}
    db.execute(
        "create or replace temp table gains(person uinteger, rule usmallint, points bigint, until bigint)"
    )
    for index, rule in enumerate(prepared.counting):
        if index in prepared.special:
            db.execute(f"insert into gains {_special(prepared, index, facts[rule.event], now_ms)}")
            continue
        most, window = prepared.most[index], prepared.windows[index]
        found = counting.newest(rule, facts[rule.event], most=most, now_ms=now_ms, window=window)
        points = f"{rule.points}::bigint * len(newest)"
        enough = ""
        if isinstance(rule, FrequencyRule):
            points, enough = f"{rule.points}::bigint", f" where len(newest) >= {most}"
        until = "null" if window is None else f"newest[-1] + {window}"
        db.execute(f"insert into gains select person, {index}, {points}, {until} from ({found}){enough}")


def _earned(prepared: Prepared) -> str:
    """(person, until, …): the points of all rules that count events.

    Of each by itself where rules about people share its group, else of the group.
    """
    sums = []
    for group in _GROUPS:
        rules = [index for index, rule in enumerate(prepared.counting) if rule.group == group]
        together = [(f"in ({', '.join(map(str, rules))})", f"of_{group}")] if rules else []
        each = [(f"= {index}", f"r{index}") for index in rules]
        for which, column in each if _is_mixed(prepared, group) else together:
            sums.append(f", coalesce(sum(points) filter (where rule {which}), 0)::bigint as {column}")
    return f"select person, min(until) as until{''.join(sums)} from gains group by person"


def _is_mixed(prepared: Prepared, group: str) -> bool:
    """Whether both sorts of rules share a group: then it matters which of them its limit cuts."""
    return len({isinstance(rule, AttributeRule) for rule in prepared.rules.of_group(group)}) == 2


def _special(prepared: Prepared, index: int, fact: counting.Told, now_ms: int) -> str:
    """(person, rule, points, until) of a rule that fades, or counts only so many a day or in thirty days."""
    rule = prepared.special[index]
    found = counting.newest(
        rule, fact, most=prepared.keep[index], now_ms=now_ms, window=prepared.windows[index]
    )
    counted = "newest"
    if a_day := rule.at_most_a_day:
        # Newest first: the one so many places before it is of another day, or there is none.
        other_day = f"newest[i - {a_day}] // {DAY_MS} <> x // {DAY_MS}"
        counted = f"list_filter(newest, lambda x, i: i <= {a_day} or {other_day})"
    most = 1 if rule.counting == "once" else rule.at_most or LOOKED_AT
    few, rest = "", ""
    if cap := rule.at_most_30_days:  # whoever has no more of them at all; see `_lay_out_special`
        few = f" where len(newest) <= {cap}"
        rest = f" union all select person, {index}, points, until from special_{index}"
    found = f"select person, list_slice({counted}, 1, {most}) as counted from ({found}){few}"
    if rule.half_life_days is None:
        points = f"{rule.points}::bigint * len(counted)"
        until = "null::bigint" if rule.days is None else f"counted[-1] + {rule.days * DAY_MS}"
    else:
        table = f"{list(weights(rule.half_life_days))}"
        parts = f"list_sum(list_transform(counted, lambda x: ({table})[({now_ms} - x) // {DAY_MS} + 1]))"
        sign = "" if rule.points > 0 else "-"
        points = f"{sign}({abs(rule.points)}::hugeint * {parts} // {PARTS})::bigint"
        until = f"{now_ms + DAY_MS} - list_max(list_transform(counted, lambda x: ({now_ms} - x) % {DAY_MS}))"
    return f"select person, {index} as rule, {points} as points, {until} as until from ({found}){rest}"


def _lay_out_special(db: Connection, prepared: Prepared, now_ms: int) -> None:
    """`special_<n>(person, points, until)` of rules that count so many in thirty days, of people who have more: one
    after another.
    """
    facts = {fact.name: fact for fact in counting.told(prepared)}
    for index, rule in prepared.special.items():
        if rule.at_most_30_days is None:
            continue
        found = counting.newest(
            rule, facts[rule.event], most=prepared.keep[index], now_ms=now_ms, window=prepared.windows[index]
        )
        rows = []
        many = f"select * from ({found}) where len(newest) > {rule.at_most_30_days}"
        for person, moments in db.execute(many).fetchall():
            points, until = worth_of_things(rule, moments, now_ms)
            rows.append((person, points, until if until < NEVER else None))
        db.execute(
            f"create or replace temp table special_{index}(person uinteger, points bigint, until bigint)"
        )
        insert(db, f"special_{index}", rows)


def _lay_out_known(db: Connection, prepared: Prepared) -> None:
    """`known(lead, k<n>…)`: the value of each field that attribute rules look at; `fitting_<n>`: what fits it."""
    fields = fields_of(prepared)
    columns = "".join(f", {known(field, place)} as k{place}" for place, field in enumerate(fields))
    db.execute(
        f"create or replace temp table known as select l.lead, l.person{columns} from scored l"
        f" left join (select person, {unpacked(fields, 'arg_max(attributes, id)')} as told from profiles"
        " group by person) p on p.person = l.person"
    )
    for place, field in enumerate(fields):
        said = db.execute(f"select distinct k{place} from known where k{place} is not null").fetchall()
        lay_out_fitting(db, prepared, field, f"fitting_{place}", [value for (value,) in said])


def fields_of(prepared: Prepared) -> list[str]:
    """The fields that attribute rules and exclusions look at."""
    looked = {rule.field for _, rule in prepared.attributes}
    return sorted(looked | {one.field for one in prepared.rules.exclusions})


def unpacked(fields: Sequence[str], attributes: str) -> str:
    """The values of all fields of a profile, parsed once."""
    return f"json_extract({attributes}, [{', '.join(map(_path, fields))}]::varchar[])"


def known(field: str, place: int) -> str:
    """What is known of a lead `l` with the profile `p` in a field, as JSON; null: unknown.

    `p.told` is what `unpacked` has of all fields; this one's place there is `place`.
    """
    of_person = f"p.told[{place + 1}]::varchar"
    if field in OF_LEAD:
        return f"coalesce(to_json(nullif(l.{field}, ''))::varchar, {of_person})"
    if field.startswith("custom."):
        own = f"json_extract(l.attributes, {_path(field.removeprefix('custom.'))})::varchar"
        return f"coalesce(case when {own} not in ('null', '\"\"') then {own} end, {of_person})"
    return of_person


def lay_out_fitting(db: Connection, prepared: Prepared, field: str, table: str, said: Sequence[str]) -> None:
    """(value, a<n>…, out): for each value of a field the points of attribute rules, and which exclusion fits."""
    rules = [(index, rule) for index, rule in prepared.attributes if rule.field == field]
    db.execute(
        f"create or replace temp table {table}(value varchar"
        + "".join(f", a{index} bigint" for index, _ in rules)
        + ", out integer)"
    )
    rows = []
    for value in said:
        told = _decode(value)
        if told is None or told == "":
            continue
        points = [_points(rule, told) for _, rule in rules]
        outs = enumerate(prepared.rules.exclusions)
        out = next((n for n, one in outs if one.field == field and attribute_fits(one, told)), None)
        if any(points) or out is not None:
            rows.append((value, *points, out))
    insert(db, table, rows)


def _points(rule: AttributeRule, value: Any) -> int:
    if not attribute_fits(rule, value):
        return 0
    place = range_of(rule, value) if rule.test == "ranges" else None
    return rule.points if place is None else rule.ranges[place].points


def insert(db: Connection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows, many with a statement."""
    for begin in range(0, len(rows), 500):
        some = rows[begin : begin + 500]
        one = f"({', '.join(['?'] * len(some[0]))})"
        db.execute(
            f"insert into {table} values {', '.join([one] * len(some))}",
            [cell for row in some for cell in row],
        )


def _worth(prepared: Prepared) -> str:
    rules, bands = prepared.rules, prepared.rules.bands
    places = {field: place for place, field in enumerate(fields_of(prepared))}
    counted = iter(range(len(prepared.counting)))
    cells: list[tuple[str, str, bool]] = []
    joins = ""
    for index, rule in enumerate(rules.rules):
        if isinstance(rule, AttributeRule):
            cells.append((f"coalesce(a{index}, 0)", rule.group, True))
            continue
        column = f"r{next(counted)}"
        if not _is_mixed(prepared, rule.group):
            column = f"of_{rule.group}"
        if (cell := (f"coalesce({column}, 0)", rule.group, False)) not in cells:
            cells.append(cell)
    for place in places.values():
        joins += f" left join fitting_{place} on fitting_{place}.value = known.k{place}"
    steps, sums = _cut(prepared, cells)
    out = "null::integer"
    if rules.exclusions:  # who is left out has no points
        out = f"least({', '.join(f'fitting_{place}.out' for place in places.values())})"
        sums = {sort: f"(case when {out} is null then {worth} else 0 end)" for sort, worth in sums.items()}
    letter = counting.choose([(f"fit >= {bands.fit_a}", "'A'"), (f"fit >= {bands.fit_b}", "'B'")], "'C'")
    digit = counting.choose(
        [(f"engagement >= {bands.engagement_1}", "'1'"), (f"engagement >= {bands.engagement_2}", "'2'")],
        "'3'",
    )
    warmth = counting.choose(
        [(f"total >= {bands.hot}", "'hot'"), (f"total >= {bands.warm}", "'warm'")], "'cold'"
    )
    return (
        f"select lead, person, fit, engagement, total, {letter} || {digit} as grade, {warmth} as temperature,"
        " next_change_at, out from ("
        f"select known.lead, known.person, earned.until as next_change_at, {out} as out{''.join(steps)},"
        f" {sums['fit']} as fit, {sums['engagement']} as engagement, fit + engagement as total"
        f" from known left join earned on earned.person = known.person{joins})"
    )


def _cut(prepared: Prepared, cells: Sequence[tuple[str, str, bool]]) -> tuple[list[str], dict[str, str]]:
    """What the limits leave: columns to work out one after another, and the sums of fit and engagement.

    Within a group the earlier rules are served first, so each has what the sum up to it adds below the limit. Only
    where both sorts of rules share a group does it matter which of them was cut.
    """
    steps: list[str] = []
    parts: dict[str, list[str]] = {"fit": ["0"], "engagement": ["0"]}
    for place, group in enumerate(_GROUPS):
        limit = prepared.limits[place]
        of_group = [(cell, is_known) for cell, name, is_known in cells if name == group]
        whole = "least" if limit > 0 or group != "against" else "greatest"
        if len({is_known for _, is_known in of_group}) == 1:
            total = " + ".join(cell for cell, _ in of_group)
            parts["fit" if of_group[0][1] else "engagement"].append(f"{whole}({total}, {limit})")
            continue
        before = "0"
        for number, (cell, is_known) in enumerate(of_group):
            column = f"{group}_{number}"
            steps.append(f", {before} + {cell} as {column}")
            share = f"{whole}({column}, {limit}) - {whole}({before}, {limit})"
            parts["fit" if is_known else "engagement"].append(share)
            before = column
    return steps, {sort: f"({' + '.join(some)})::bigint" for sort, some in parts.items()}


def read(db: Connection, table: str, columns: str, *, at_once: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a table, some at a time."""
    found = db.execute(f"select {columns} from {table}")
    while some := found.fetchmany(at_once):
        yield some


def _path(key: str) -> str:
    return quoted('$."' + key.replace('"', '\\"') + '"')
