"""Brings what the records know of people into DuckDB: leads, whose each id is, and what was known of whom when.

    brought(id, person_id, …)                    every lead, as the records have it
    leads(lead, key, is_open, opened, channel, source, campaign, attributes)
    scored(lead, person, opened, channel, …)     the leads whose scores are asked for
    owners(key, person, linked)                  whose each lead and visitor is; 0: of nobody who is scored
    names(key, person)                           whom each id of a person means
    profiles(person, id, moment, attributes)

A key is the engine's hash of an id: 64 bits, so that of a million people no two are ever alike. People who are
scored have numbers without gaps, from 1. The database writes lines and the engine reads them: an object for every
cell would cost more than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_TOGETHER = 1_000  # rows that SQLite hands over as one text
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
    columns = [("id", "id"), ("person_id", "id"), ("closed_at", "timestamp")]
    columns += [("opened_at", "timestamp")] if past else []
    columns += [(field, "text") for field in own]
    columns += [("attributes", "json")] if custom else []
    _table(db, folder, "brought", "people_lead", columns)
    shown = [field if field in own else f"'' as {field}" for field in OF_LEAD]
    shown.append("attributes" if custom else "'{}' as attributes")
    db.execute(
        "create temp view leads as select id as lead, hash(person_id) as key, closed_at is null as is_open,"
        f" {'epoch_ms(opened_at)' if past else 'null::bigint'} as opened, {', '.join(shown)} from brought"
    )
    db.execute(
        "create temp table numbered as select key, row_number() over ()::uinteger as person"
        f" from (select distinct key from leads where {only})"
    )
    db.execute(
        "create temp table scored as select person, l.* exclude (key, is_open) from leads l"
        f" join numbered using (key) where {only}"
    )
    links = [("visitor", "text"), ("person_id", "id")]
    links += [("linked_at", "timestamp")] if past else []
    _table(db, folder, "links", "identity_visitor_link", links)
    ids = [("old_id", "id"), ("person_id", "maybe"), ("lead_id", "maybe")]
    _table(db, folder, "aliases", "identity_alias", ids)
    _lay_out_owners(db, past=past)
    db.execute("drop table links")
    held = [("id", "bigint"), ("person_id", "id"), ("attributes", "json")]
    held += [("at", "timestamp")] if past else []
    if asked:
        _table(db, folder, "noted", "qualify_profile", held)
    else:
        db.execute("create temp table noted(id bigint, person_id varchar, attributes varchar, at_ timestamp)")
    db.execute(
        "create temp view profiles as select person, id, attributes,"
        f" {'epoch_ms(at_)' if past else 'null::bigint'} as moment"
        " from noted join numbered on numbered.key = hash(person_id)"
    )
    if past:
        moved = [("lead_id", "id"), ("stage", "id"), ("at", "timestamp")]
        _table(db, folder, "moved", "qualify_stage_change", moved)
        db.execute(
            "create temp view changes as select lead_id as lead, stage, epoch_ms(at_) as moment from moved"
        )


def _lay_out_owners(db: Connection, *, past: bool) -> None:
    """An id that a merge took from somebody means who has it now."""
    found = "coalesce(n.person, 0)::uinteger as person"
    linked = "epoch_ms(linked_at)" if past else "0::bigint"
    db.execute(
        f"create temp table owners as select hash(l.id) as key, {found}, 0::bigint as linked"
        " from brought l left join numbered n on n.key = hash(l.person_id)"
        f" union all select hash(old_id), {found}, 0 from aliases a join brought l on l.id = a.lead_id"
        " left join numbered n on n.key = hash(l.person_id)"
        f" union all select hash(visitor), person, {linked} from links join numbered n on n.key = hash(person_id)"
    )
    db.execute(
        f"create temp view names as select hash(old_id) as key, {found}"
        " from aliases a left join numbered n on n.key = hash(person_id) where person_id is not null"
        " union all select key, person from numbered"
        " where key not in (select hash(old_id) from aliases where person_id is not null)"
    )


def _table(db: Connection, folder: Path, name: str, of: str, columns: Sequence[Column]) -> None:
    """Bring some columns of a table over. A column `at` becomes `at_`: the engine reserves the word."""
    lines = folder / f"{name}.lines"
    with lines.open("wb") as opened:
        for text in _lines(of, "||','||".join(map(_cell, columns))):
            opened.write(text.encode())
            opened.write(b"\n")
    kinds = {"bigint": "bigint", "timestamp": "timestamp"}
    typed = ", ".join(f"'{_plain(column)}': '{kinds.get(kind, 'varchar')}'" for column, kind in columns)
    db.execute(
        f"create temp table {name} as select * from read_csv({quoted(str(lines))}, columns = {{{typed}}},"
        f" auto_detect = false, header = false, delim = ',', quote = '{QUOTE}', escape = '{QUOTE}', nullstr = '',"
        " allow_quoted_nulls = false, max_line_size = 4194304)"
    )
    lines.unlink()


def _lines(of: str, line: str) -> Iterator[str]:
    """The lines of a table, many in a text."""
    if connection.vendor == "postgresql":
        with connection.chunked_cursor() as cursor:
            cursor.execute(f"select {line} from {of}")
            while some := cursor.fetchmany(_AT_ONCE):
                yield "\n".join(row[0] for row in some)
        return
    # An object for every thousand rows costs half of one for each.
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"select max(rowid), group_concat(line, char(10)) from (select rowid, {line} as line from {of}"
                " where rowid > %s order by rowid limit %s)",
                [last, _TOGETHER],
            )
            [(upto, text)] = cursor.fetchall()
            if upto is None:
                return
            yield text
            last = upto


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
