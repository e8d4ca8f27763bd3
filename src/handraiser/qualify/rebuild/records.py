"""Brings what the records know of people into DuckDB: leads, whose each id is, and what was known of whom when.

    leads(lead, person, is_open, opened, channel, source, campaign, attributes)
    scored(lead, person, opened, channel, …)    the leads whose scores are asked for
    of_lead(key, person), renamed(key, person)   by leads, by old ids of people
    known_as(key, person, linked)                by visitors
    profiles(person, id, moment, attributes)

A person, and a key, is the engine's hash of an id: 64 bits, so that of a million people no two are ever alike.
The database writes lines and the engine reads them: an object for every cell would cost more than all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

from handraiser.core.journal.lake.engine import quoted
from handraiser.core.journal.store.rows import QUOTE
from handraiser.qualify.rebuild.scores import OF_LEAD, fields_of
from handraiser.qualify.rules.points import Prepared

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_AT_ONCE = 20_000
# A column's name and kind: id (never null), maybe (an id or null), text, json, timestamp, bigint.
Column = tuple[str, str]


def bring(db: Connection, folder: Path, prepared: Prepared, *, only: str, past: bool) -> None:
    """Make the tables above; `only` is the condition on `leads` of which scores are asked for.

    `past`: also when each browser was known to be somebody's, and what became of leads:
    changes(lead, stage, moment).
    """
    asked = fields_of(prepared)
    # Of the lead itself only what rules look at is brought.
    own = [field for field in OF_LEAD if field in asked]
    custom = any(field.startswith("custom.") for field in asked)
    columns = [("id", "id"), ("person_id", "id"), ("closed_at", "timestamp"), ("opened_at", "timestamp")]
    columns += [(field, "text") for field in own]
    columns += [("attributes", "json")] if custom else []
    _table(db, folder, "brought", "people_lead", columns)
    shown = [field if field in own else f"'' as {field}" for field in OF_LEAD]
    shown.append("attributes" if custom else "'{}' as attributes")
    db.execute(
        "create temp view leads as select id as lead, hash(person_id) as person, closed_at is null as is_open,"
        f" epoch_ms(opened_at) as opened, {', '.join(shown)} from brought"
    )
    db.execute(f"create temp table scored as select * exclude (is_open) from leads where {only}")
    _table(
        db, folder, "aliases", "identity_alias", [(n, "maybe") for n in ("old_id", "person_id", "lead_id")]
    )
    links = [("visitor", "text"), ("person_id", "id")]
    links += [("linked_at", "timestamp")] if past else []
    _table(db, folder, "links", "identity_visitor_link", links)
    db.execute(
        "create temp view of_lead as select hash(lead) as key, person from leads union all"
        " select hash(a.old_id), l.person from aliases a join leads l on l.lead = a.lead_id"
    )
    db.execute(
        "create temp view renamed as select hash(old_id) as key, hash(person_id) as person from aliases"
        " where person_id is not null"
    )
    db.execute(
        "create temp view known_as as select hash(visitor) as key, hash(person_id) as person,"
        f" {'epoch_ms(linked_at)' if past else '0::bigint'} as linked from links"
    )
    if asked:
        held = [("id", "bigint"), ("person_id", "id"), ("at", "timestamp"), ("attributes", "json")]
        _table(db, folder, "noted", "qualify_profile", held)
    else:
        db.execute("create temp table noted(id bigint, person_id varchar, at_ timestamp, attributes varchar)")
    db.execute(
        "create temp view profiles as select hash(person_id) as person, id, epoch_ms(at_) as moment, attributes"
        " from noted"
    )
    if past:
        moved = [("lead_id", "id"), ("stage", "id"), ("at", "timestamp")]
        _table(db, folder, "moved", "qualify_stage_change", moved)
        db.execute(
            "create temp view changes as select lead_id as lead, stage, epoch_ms(at_) as moment from moved"
        )


def _table(db: Connection, folder: Path, name: str, of: str, columns: Sequence[Column]) -> None:
    """Bring some columns of a table over. A column `at` becomes `at_`: the engine reserves the word."""
    lines = folder / f"{name}.lines"
    with lines.open("wb") as opened, connection.chunked_cursor() as cursor:
        line = "||','||".join(map(_cell, columns))
        cursor.execute(f"select {line} from {of}")
        while some := cursor.fetchmany(_AT_ONCE):
            opened.write("\n".join([*(row[0] for row in some), ""]).encode())
    kinds = {"bigint": "bigint", "timestamp": "timestamp"}
    typed = ", ".join(f"'{_plain(column)}': '{kinds.get(kind, 'varchar')}'" for column, kind in columns)
    db.execute(
        f"create temp table {name} as select * from read_csv({quoted(str(lines))}, columns = {{{typed}}},"
        f" auto_detect = false, header = false, delim = ',', quote = '{QUOTE}', escape = '{QUOTE}', nullstr = '',"
        " allow_quoted_nulls = false, max_line_size = 4194304)"
    )
    lines.unlink()


def _plain(column: str) -> str:
    return f"{column}_" if column == "at" else column


def _cell(column: Column) -> str:
    name, kind = column
    on_postgres = connection.vendor == "postgresql"
    if kind == "timestamp":
        text = f"to_char({name} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')" if on_postgres else name
        return f"coalesce({text}, '')"
    if kind == "json":  # JSON holds no QUOTE
        return f"'{QUOTE}'||{name}{'::text' if on_postgres else ''}||'{QUOTE}'"
    if kind == "text":
        return f"'{QUOTE}'||replace({name}, '{QUOTE}', '{QUOTE}{QUOTE}')||'{QUOTE}'"
    return f"coalesce({name}, '')" if kind == "maybe" else name
