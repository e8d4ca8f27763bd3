"""A million leads and what they did in ninety days: ten million events, made by SQL and sealed; the last are live.

BENCH_LEADS sets the size (1,000,000 unless given). Everybody is known by a browser; every LOOKED_AT-th has a
timeline too, so that the engine which keeps scores up event by event can be asked.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from handraiser.core.journal.lake import engine
from handraiser.core.journal.store import Sealed, SqliteStore
from handraiser.core.journal.store.rows import DAY_MS

LEADS = int(os.environ.get("BENCH_LEADS", "1000000"))
EVENTS = 10 * LEADS
TAIL = min(20_000, EVENTS // 100)
DAYS = 90
FIRST_DAY = 20_500
NOW_MS = (FIRST_DAY + DAYS) * DAY_MS
LOOKED_AT = max(1, LEADS // 100_000)  # every so many leads are looked at by the other engine too
_STEP_MS = (DAYS * DAY_MS - 300_000) / EVENTS
# Visits of four events a minute apart; a few people do much.
_EVENTS = f"""
    select n + 1 as position, hash(n) as chance,
    cast(pow(hash(n // 4) % 1000000 / 1e6, 2) * {LEADS} as bigint) as who,
    {FIRST_DAY * DAY_MS} + cast((n // 4) * 4 * {_STEP_MS} as bigint) + (n % 4) * 60000 as occurred_at
    from range({EVENTS}) t(n)
"""
_PATH = (
    "case when chance % 24 < 3 then '/' when chance % 24 < 5 then '/pricing/'"
    " when chance % 24 = 5 then '/playbook/' when chance % 24 = 6 then '/demo/'"
    " else '/blog/post-' || (chance // 32 % 40) || '/' end"
)
_KIND = "(chance // 4096 % 100)"
_BODY = """
    case when <kind> < 75 then '{"url":"https://northlight.example.com' || <path> || '","path":"' || <path>
      || '","title":"Guides for teams","referrer":"","consent":true,"bot":"' || <bot>
      || '","utm":{},"click_ids":{}}'
    when <kind> < 85 then '{"event":"Thing ' || (chance // 64 % 8) || '","properties":{"plan":"team"},"bot":""}'
    when <kind> < 95 then '{"message":"msg_' || (chance // 64 % 30) || '","url":"https://northlight.example.com/",'
      || '"machine":"' || case when chance % 50 = 0 then 'scanner' else '' end || '"}'
    when <kind> < 98 then '{"magnet":"m' || (chance // 64 % 9) || '","kind":"ebook"}'
    else '{"form":"form_' || (chance // 64 % 3) || '","intent":"' || case when chance % 2 = 0 then 'demo' else
      'contact' end || '","page":"/demo/"}' end"""
_BOT = "case when chance % 97 = 0 then 'crawler' else '' end"
_BODY = _BODY.replace("<kind>", _KIND).replace("<path>", _PATH).replace("<bot>", _BOT)
_NAME = f"""
    case when {_KIND} < 75 then 'attract.page_viewed' when {_KIND} < 85 then 'attract.event_tracked'
    when {_KIND} < 90 then 'delivery.email_opened' when {_KIND} < 95 then 'delivery.email_clicked'
    when {_KIND} < 98 then 'capture.magnet_downloaded' else 'capture.form_submitted' end"""
_ALL = f"""
    select position, {_NAME} as name, occurred_at,
    case when {_KIND} between 85 and 94 then null else 'v_' || lpad(who::varchar, 32, '0') end as visitor,
    case when {_KIND} >= 85 then 'person_' || lpad(who::varchar, 26, '0') end as person,
    case when {_KIND} >= 85 then 'lead_' || lpad(who::varchar, 26, '0') end as lead, {_BODY} as body,
    case when {_KIND} < 75 then {_PATH} end as path, who, case when {_KIND} < 75 and chance % 97 = 0 then 'crawler'
    else '' end as bot, 'e' || position as message_id from ({_EVENTS})
"""
_NUMBERS = "with recursive n(i) as (select 0 union all select i + 1 from n where i < {last})"
_TITLES = (
    "case i % 5 when 0 then 'VP of Marketing' when 1 then 'Head of Growth' when 2 then 'Student'"
    " when 3 then 'Engineer' else '' end"
)


def people(db: sqlite3.Connection, line: str) -> None:
    """Everybody with an open lead and a browser, and what is known of them."""
    numbers = _NUMBERS.format(last=LEADS - 1)
    at = "2026-02-15 00:00:00"
    person, lead = "printf('person_%026d', i)", "printf('lead_%026d', i)"
    email = (
        "'p' || i || case when i % 4 = 0 then '@gmail.com' else '@firm' || (i % 900) || '.example.com' end"
    )
    known = (
        "json_object('email_domain',"
        " case when i % 4 = 0 then 'gmail.com' else 'firm' || (i % 900) || '.example.com' end,"
        " 'email_free', json(case when i % 4 = 0 then 'true' else 'false' end))"
    )
    titled = f"case when i % 5 = 4 then {known} else json_set({known}, '$.job_title', {_TITLES}) end"
    _fill(db, "people_person", numbers, {
        "id": person, "first_name": "''", "last_name": "''", "email": email, "phone": "''", "job_title": _TITLES,
        "country": "''", "attributes": "'{}'", "proposed": "'{}'", "created_at": f"'{at}'",
    })  # fmt: skip
    _fill(db, "people_lead", numbers, {
        "id": lead, "person_id": person, "offer_line_id": f"'{line}'", "how": "'form'", "opened_at": f"'{at}'",
        "stage": "'lead'", "stage_at": f"'{at}'", "temperature": "'cold'", "attributes": "'{}'",
        "last_touch": "'{}'",
    })  # fmt: skip
    _fill(db, "identity_visitor_link", numbers, {
        "visitor": "printf('v_%032d', i)", "person_id": person, "how": "'form'", "certainty": "'certain'",
        "linked_at": f"'{at}'",
    })  # fmt: skip
    _fill(db, "qualify_profile", numbers, {"person_id": person, "at": f"'{at}'", "attributes": titled})
    _fill(db, "qualify_score_state", numbers, {
        "person_id": person, "rule_set_number": "0", "scored_at": f"'{at}'", "kept": "''",
    })  # fmt: skip
    db.commit()


def _fill(db: sqlite3.Connection, table: str, numbers: str, values: dict[str, str]) -> None:
    """Fill a table; a column that is not spoken of is empty, if it may not be null."""
    for _, name, kind, required, default, is_key in db.execute(f"pragma table_info({table})"):
        if name not in values and required and not (is_key and kind.upper() == "INTEGER"):
            values[name] = default or ("0" if "int" in kind.lower() else "''")
    db.execute(
        f"insert into {table}({', '.join(values)}) {numbers} select {', '.join(values.values())} from n"
    )


def events(home: Path, lake: Path) -> None:
    """All events but the last into files of the lake, the last into the journal."""
    lake.mkdir(mode=0o700, exist_ok=True)
    made = engine.connect(memory="2GB", spill=home / "spill")
    sealed = []
    sealed_upto = EVENTS - TAIL
    for begin in range(0, DAYS, 30):
        file = f"{begin}.parquet"
        first, last = (FIRST_DAY + begin) * DAY_MS, (FIRST_DAY + begin + 30) * DAY_MS
        made.execute(
            "copy (select position, name, occurred_at, visitor, person, lead, null::varchar as cause,"
            " 0::integer as depth, case when person is not null then message_id end as message_id,"
            " body, path, '' as source, bot,"
            f" 0::bigint as lag from ({_ALL}) where occurred_at >= {first} and occurred_at < {last}"
            f" and position <= {sealed_upto} order by name, visitor, occurred_at, position)"
            f" to '{lake / file}' (format parquet, parquet_version v2, compression zstd, row_group_size 60000)"
        )
        days = made.execute(
            f"select occurred_at // {DAY_MS}, max(position), count(*) from read_parquet('{lake / file}') group by 1"
        ).fetchall()
        sealed += [Sealed(int(day), file, int(through), int(rows)) for day, through, rows in days]
    store = SqliteStore(home / "journal.sqlite3")
    store.prepare()
    store.seal([], sorted(sealed, key=lambda one: one.day), at_ms=NOW_MS, keep_ms=0)
    tail = made.execute(
        f"select position, message_id, name, occurred_at, occurred_at, occurred_at // {DAY_MS}, visitor, person,"
        f" lead, null, 0, body from ({_ALL}) where position > {sealed_upto} order by position"
    ).fetchall()
    store._db.executemany("insert into event values (?,?,?,?,?,?,?,?,?,?,?,?)", tail)
    store.close()
    made.close()


def timeline(db: sqlite3.Connection) -> None:
    """What the people who are looked at did, as their timeline holds it."""
    with engine.connect(memory="1GB") as made:
        found = made.execute(
            "select 'person_' || lpad(who::varchar, 26, '0'), 'lead_' || lpad(who::varchar, 26, '0'),"
            " coalesce(visitor, ''), message_id, name,"
            " strftime(make_timestamp_ms(occurred_at), '%Y-%m-%d %H:%M:%S.%f'), body,"
            f" coalesce(person, ''), coalesce(lead, '') from ({_ALL}) where who % {LOOKED_AT} = 0 and bot = ''"
            " order by position"
        )
        while some := found.fetchmany(20_000):
            db.executemany(
                "insert into identity_timeline(person_id, lead_id, visitor, message_id, name, occurred_at, body,"
                " told_person, told_lead) values (?,?,?,?,?,?,?,?,?)",
                some,
            )
    db.commit()


def make(home: Path) -> None:
    """Fill a data folder that was just migrated."""
    db = sqlite3.connect(home / "records.sqlite3")
    db.executescript("pragma synchronous=off; pragma cache_size=-500000;")
    _fill(db, "people_offer_line", "with n(i) as (select 0)", {"id": "'line_1'", "name": "'Consulting'"})
    people(db, "line_1")
    timeline(db)
    db.close()
    events(home, home / "lake")
