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
_NOTHING = "''"
_TAKEN_OUT = {"attract.page_viewed": {"path"}}


def lay_out(db: Connection, facts: Sequence[Told], *, since_ms: int, upto: int | None = None) -> None:
    """Make the tables of `counting` for these facts: what happened within their days before `since_ms`, and later.

    `upto` is the last position of the journal that counts; None: all of it.
    """
    db.execute(f"create temp table did as {_did(facts, since_ms=since_ms, upto=upto)}")
    for fact in facts:
        own = f"select * from did where place = {fact.place}"
        sort = "view"
        if fact.visits:
            sort, own = "table", counting.began(own)
        db.execute(f"create temp {sort} {fact.table} as {own}")
        for field in fact.fields:
            _lay_out_meanings(db, fact, field)


def _did(facts: Sequence[Told], *, since_ms: int, upto: int | None) -> str:
    """Everything that counts, of whoever is scored."""
    if not facts:
        return "select null::ubigint as person where false"
    most = max(len(fact.fields) for fact in facts)
    # A select for each fact: the bodies of page views, which are most, are not even unpacked.
    parts = []
    for fact in facts:
        said = [_said(fact, field) for field in fact.fields] + ["''"] * (most - len(fact.fields))
        values = "".join(f", {value} as value_{number}" for number, value in enumerate(said))
        parts.append(
            f"select {fact.place}::utinyint as place, e.position, e.occurred_at as moment,"
            f" hash(e.visitor) as visitor, hash(e.person) as named, hash(e.lead) as lead,"
            f" e.person is null as unnamed{values} from events e where {_counts(fact, since_ms)}"
            + (f" and e.position <= {upto}" if upto is not None else "")
        )
    # Whose it is: the lead's person, else who is named, else the visitor's; `identity.readers` says the same.
    return (
        "select * from (select coalesce(of_lead.person, renamed.person, case when not unnamed then named end,"
        " known_as.person) as person,"
        " greatest(d.moment, known_as.linked) as heard, d.* exclude (named, lead, unnamed)"
        f" from ({' union all '.join(parts)}) d"
        " left join of_lead on not unnamed and of_lead.key = d.lead"
        " left join renamed on not unnamed and renamed.key = d.named"
        " left join known_as on unnamed and known_as.key = d.visitor"
        ") where person in (select person from scored)"
    )


def _counts(fact: Told, since_ms: int) -> str:
    """The condition that an event is of this fact, recent enough, and no machine's."""
    conditions = [f"e.name = {quoted(fact.name)}", "coalesce(e.bot, '') in ('', 'false')"]
    if fact.days is not None:
        conditions.append(f"e.occurred_at > {since_ms - fact.days * DAY_MS}")
    if fact.name.startswith("delivery."):
        conditions.append("coalesce(json_extract_string(e.body, '$.machine'), '') in ('', 'false')")
    return " and ".join(conditions)


def _said(fact: Told, field: str) -> str:
    """A field as the event has it: bare where sealing took it out, else as JSON; nothing at all is ''."""
    if field in _TAKEN_OUT.get(fact.name, ()):
        return "coalesce(e.path, '')"
    return f"coalesce(json_extract(e.body, {quoted(f'$.{field}')})::varchar, '')"


def _lay_out_meanings(db: Connection, fact: Told, field: str) -> None:
    table, column = fact.meanings(field), fact.column(field)
    bare = field in _TAKEN_OUT.get(fact.name, ())
    text = "value" if bare else "value[2:-2]"
    simple = f"regexp_full_match(value, {quoted(_PLAIN if bare else _PLAIN_TEXT)})"
    db.execute(
        f"create temp table {table} as"
        f" select value, case when {simple} then lower({text}) end as folded, '' as plain"
        f" from (select distinct {column} as value from {fact.table})"
    )
    # What SQL and Python might fold differently, Python folds.
    odd = [value for (value,) in db.execute(f"select value from {table} where folded is null").fetchall()]
    if odd:
        told = [(folded(value if bare else _decode(value)), value) for value in odd]
        db.executemany(f"update {table} set folded = ? where value = ?", told)
    db.execute(
        f"update {table} set plain = case when rtrim(folded, '/') = '' then folded else rtrim(folded, '/') end"
    )
