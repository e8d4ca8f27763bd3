"""Lays out what people did for the rules: events of the lake by person, and each value as it is compared.

It begins with the view `events` of the lake (`core.journal.lake.engine.lay_out`) and the tables of `records`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from handraiser.core.journal.lake.engine import quoted
from handraiser.qualify.rebuild import counting
from handraiser.qualify.rebuild.counting import Told
from handraiser.qualify.rules.rule_set import folded
from handraiser.qualify.rules.scoring import DAY_MS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

# The columns of the lake that are asked for.
FIELDS = ("position", "name", "occurred_at", "visitor", "person", "lead", "body", "path", "bot")
_decode = msgspec.json.Decoder().decode
_PLAIN = r"""[!#-\[\]-~]*"""  # ASCII without blanks, quotes and backslashes: to fold it is to lower it
_PLAIN_TEXT = f'("{_PLAIN}")?'
_TAKEN_OUT = {"attract.page_viewed": {"path"}}


def lay_out(
    db: Connection, facts: Sequence[Told], *, since_ms: int, upto: int | None = None, past: bool = True
) -> None:
    """Make the tables of `counting` for these facts: what happened within their days before `since_ms`, and later.

    `upto` is the last position of the journal that counts; None: all of it. Without `past`, `heard` is the moment.
    """
    parts = []
    for fact in facts:
        _lay_out_said(db, fact, since_ms=since_ms, upto=upto)
        for number, field in enumerate(fact.fields):
            _lay_out_meanings(db, fact, field, f"value_{number}")
        parts.append(_of_fact(facts, fact))
    db.execute(f"create temp table did as {_did(parts, past=past)}")
    for fact in facts:
        if not _is_unpacked(fact):
            db.execute(f"drop table said_{fact.place}")
        heard = "" if past else ", moment as heard"
        db.execute(f"create temp view {fact.table} as select *{heard} from did where place = {fact.place}")
        if fact.visit_days != 0:
            recent = f" where moment > {since_ms - fact.visit_days * DAY_MS}" if fact.visit_days else ""
            views = counting.visits(f"select person, visitor, moment from {fact.table}{recent}")
            db.execute(f"create temp table {fact.visits} as {views}")


def _is_unpacked(fact: Told) -> bool:
    """Whether everything that rules look at lies in columns of the lake, as it does of page views."""
    return set(fact.fields) <= _TAKEN_OUT.get(fact.name, set()) and not _has_machines(fact)


def _has_machines(fact: Told) -> bool:
    return fact.name.startswith("delivery.")


def _lay_out_said(db: Connection, fact: Told, *, since_ms: int, upto: int | None) -> None:
    """`said_<n>(position, moment, visitor, person, lead, named, value_<m>…)`: events of a fact, unpacked once."""
    conditions = [f"e.name = {quoted(fact.name)}", "coalesce(e.bot, '') in ('', 'false')"]
    if fact.days is not None:
        conditions.append(f"e.occurred_at > {since_ms - fact.days * DAY_MS}")
    if upto is not None:
        conditions.append(f"e.position <= {upto}")
    # A lead, else a person, else a browser says whose an event is.
    columns = (
        "e.position, e.occurred_at as moment, hash(e.visitor) as visitor,"
        " case when e.person is null then hash(e.visitor) when e.lead is not null then hash(e.lead) end as key,"
        " case when e.person is not null then hash(e.person) end as named"
    )
    where = " and ".join(conditions)
    if _is_unpacked(fact):
        told = "".join(f", coalesce(e.{name}, '') as value_{n}" for n, name in enumerate(fact.fields))
        db.execute(
            f"create or replace temp view said_{fact.place} as"
            f" select {columns}{told} from events e where {where}"
        )
        return
    # Each body is parsed once, for all of its fields.
    asked = [*fact.fields, "machine"] if _has_machines(fact) else fact.fields
    told = "".join(f", {_said(fact, field, n + 1)} as value_{n}" for n, field in enumerate(fact.fields))
    if _has_machines(fact):
        told += (
            f", coalesce(json_extract_string(told[{len(asked)}], '$'), '') not in ('', 'false') as machine"
        )
    db.execute(
        f"create or replace temp table said_{fact.place} as select * exclude (told, path){told}"
        f" from (select {columns}, e.path,"
        f" json_extract(e.body, [{', '.join(quoted(f'$.{field}') for field in asked)}]) as told"
        f" from events e where {where})"
    )


def _said(fact: Told, field: str, place: int) -> str:
    """A field as the event has it: bare where sealing took it out, else as JSON; nothing at all is ''."""
    if field in _TAKEN_OUT.get(fact.name, ()):
        return "coalesce(path, '')"
    return f"coalesce(told[{place}]::varchar, '')"


def _of_fact(facts: Sequence[Told], fact: Told) -> str:
    """What was said of a fact, as far as rules look at it; the columns are those of all facts."""
    place = {field: n for n, field in enumerate(fact.fields)}
    joins = "".join(
        f" join {fact.meanings(field)} m{n} on m{n}.value = e.value_{n}" for field, n in place.items()
    )
    about = [f"m{place[field]}.about_{n}" for n, (field, _) in enumerate(fact.conditions)]
    which = [f"m{place[field]}.which" for field in fact.apart]
    about += ["null::boolean"] * (max(len(one.conditions) for one in facts) - len(about))
    which += ["null::uinteger"] * (max(len(one.apart) for one in facts) - len(which))
    told = "".join(f", {one} as about_{n}" for n, one in enumerate(about))
    told += "".join(f", {one} as which_{n}" for n, one in enumerate(which))
    return (
        f"select {fact.place}::utinyint as place, e.position, e.moment, e.visitor, e.key, e.named{told}"
        f" from said_{fact.place} e{joins}{' where not machine' if _has_machines(fact) else ''}"
    )


def _did(parts: Sequence[str], *, past: bool) -> str:
    """Everything that counts, of whoever is scored."""
    if not parts:
        return "select null::uinteger as person where false"
    # Whose it is: the lead's person, else who is named, else the visitor's; `identity.readers` says the same.
    heard = "greatest(d.moment, o.linked) as heard, " if past else ""
    return (
        f"select coalesce(o.person, n.person) as person, {heard}d.* exclude (key, named)"
        f" from ({' union all '.join(parts)}) d"
        " left join owners o on o.key = d.key"
        " left join names n on n.key = case when o.person is null then d.named end"
        " where coalesce(o.person, n.person) > 0"
    )


def _lay_out_meanings(db: Connection, fact: Told, field: str, column: str) -> None:
    """`meant_<n>_<m>(value, plain, which, about_<c>…)`: each value of a field, and what rules make of it."""
    table = fact.meanings(field)
    bare = field in _TAKEN_OUT.get(fact.name, ())
    text = "value" if bare else "value[2:-2]"
    simple = f"regexp_full_match(value, {quoted(_PLAIN if bare else _PLAIN_TEXT)})"
    db.execute(
        f"create or replace temp table read_{table} as"
        f" select value, case when {simple} then lower({text}) end as folded"
        f" from (select distinct {column} as value from said_{fact.place})"
    )
    # What SQL and Python might fold differently, Python folds.
    odd = db.execute(f"select value from read_{table} where folded is null").fetchall()
    if odd:
        told = [(folded(value if bare else _decode(value)), value) for (value,) in odd]
        db.executemany(f"update read_{table} set folded = ? where value = ?", told)
    about = "".join(
        f", {counting.fits(wanted)} as about_{number}"
        for number, (whose, wanted) in enumerate(fact.conditions)
        if whose == field
    )
    db.execute(
        f"create or replace temp table {table} as select *{about} from"
        " (select value, dense_rank() over (order by folded)::uinteger as which,"
        " case when rtrim(folded, '/') = '' then folded else rtrim(folded, '/') end as plain"
        f" from read_{table}) m"
    )
    db.execute(f"drop table read_{table}")
