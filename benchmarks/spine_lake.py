"""The lake: questions against the same SQL on SQLite, bytes an event, and what filling costs the journal.

BENCH_EVENTS sets the size (10,000,000 unless given; each million takes half a minute and half a gigabyte of disk).
The first events and the last are appended one batch after the other, as the collector does; those between are put
into the journal by one statement ten days at a time, and sealed the product's own way.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import Rows, median_of
from handraiser.core.journal.lake import questions, sealing
from handraiser.core.journal.store import SqliteStore
from handraiser.core.journal.store.rows import COLUMNS, DAY_MS, INTO, encode
from handraiser.core.journal.store.rows import event as event_of
from handraiser.kit import ids
from handraiser.kit.envelope import Event

EVENTS = int(os.environ.get("BENCH_EVENTS", "10000000"))
DAYS, ASKED_DAYS = 90, 30
BLOCK_DAYS = 10  # so many are made one by one, the others are the same visits by other people
FIRST_DAY = 20_500
BATCH = 100
WINDOWS = 5
EARLY = min(100_000, EVENTS // 100)
PATHS = ["/", "/pricing/", "/playbook/", "/demo/", "/blog/", *(f"/blog/post-{n}/" for n in range(40))]
SOURCES = ["", "", "", "google", "newsletter", "linkedin", "partner", "bing"]
_SLOW = ("funnel", "landing")  # SQLite takes ten seconds and more for these: once is enough
_BASELINE = (
    "create table events(position integer primary key, name text, occurred_at integer, received_at integer,"
    " visitor text, person text, lead text, cause text, depth integer, message_id text, body text, path text,"
    " source text, bot text)"
)
# The same visits some days later: other visitors, whose ids are as random, and visits of other names.
_COPY = f"""
    insert into events select position + :copy * :block, name, occurred_at + :copy * {BLOCK_DAYS * DAY_MS},
    received_at + :copy * {BLOCK_DAYS * DAY_MS}, 'v_' || substr(visitor, 3 + :copy) || substr(visitor, 3, :copy),
    person, lead, cause, depth, message_id, replace(body, '"visit_', '"visit_' || :copy), path, source, bot
    from events where position <= :block
"""
# As the collector makes them: in order of time, then chance.
_CHANCE = ", ".join(
    f"position * {odd} & 4294967295" for odd in (2654435761, 2246822519, 3266489917, 668265263)
)
_MESSAGE = f"printf('c%012x%08x%08x%08x%08x', occurred_at, {_CHANCE})"
_SOME = "from plain.events where position > ? and position <= ?"
_INTO_JOURNAL = (
    f"insert into event(position, {INTO}) select position, {_MESSAGE}, name, occurred_at, received_at,"
    f" received_at / {DAY_MS}, visitor, person, lead, cause, depth, body {_SOME}"
)
_INTO_SEEN = (
    f"insert into seen select {_MESSAGE}, received_at / {DAY_MS} {_SOME} and received_at >= ? order by 1"
)
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "lake_q_daily": ("<= .2", {}),
    "lake_q_funnel": ("<= .2", {"second": "/pricing/", "third": "/demo/"}),
    "lake_q_landing": ("<= .2", {"within": ASKED_DAYS * DAY_MS}),
    "lake_q_last_touch": ("<= 1.5", {"within": ASKED_DAYS * DAY_MS}),
}


def measure(rows: Rows) -> None:
    """All rows of this area."""
    if not rows.wants(*QUESTIONS, "lake_bytes_per_event", "append_us_growth"):
        return
    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as home:
        made = make(Path(home))
        _tell(rows, Path(home), made)


class _Filling(SqliteStore):
    """The product's journal, but for one thing: what is sealed goes at once. The product takes it 500 rows at a
    time, so that no writer waits; here nobody does."""

    def trim(self) -> int:
        return self._change(
            "delete from event where exists"
            " (select 1 from sealed s where s.day = event.day and event.position <= s.through)"
        )


@dataclass(frozen=True)
class Made:
    """What making the data told: microseconds of appending an event at first and at last, seconds by step."""

    first_us: float
    last_us: float
    seconds: dict[str, float]


def make(home: Path) -> Made:
    """All events in the baseline's table; all but those of the last day in the lake, these in the journal."""
    seconds: dict[str, float] = defaultdict(float)
    with _timed(seconds, "baseline"):
        baseline = sqlite3.connect(home / "baseline.sqlite3")
        baseline.executescript(
            "pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-1000000;" + _BASELINE
        )
        block = _first_days(baseline)
        for copy in range(1, DAYS // BLOCK_DAYS):
            baseline.execute(_COPY, {"copy": copy, "block": block})
        baseline.commit()
    with _timed(seconds, "its indexes"):
        baseline.executescript(
            "create index one on events(visitor, occurred_at); create index two on events(name, occurred_at);"
            "analyze;"
        )
    baseline.close()
    total = block * (DAYS // BLOCK_DAYS)
    store = _Filling(home / "journal.sqlite3")
    store.prepare()
    first = _append(store, _events(home, 0, EARLY))
    db = store._db
    db.executescript("pragma synchronous = off; pragma secure_delete = off;")
    db.execute("attach ? as plain", [str(home / "baseline.sqlite3")])
    known_since = (FIRST_DAY + DAYS - sealing.SEEN_DAYS - 7) * DAY_MS
    done = EARLY
    for day in range(FIRST_DAY + BLOCK_DAYS, FIRST_DAY + DAYS + 1, BLOCK_DAYS):
        last = day == FIRST_DAY + DAYS
        through = total - EARLY if last else (day - FIRST_DAY) // BLOCK_DAYS * block
        with _timed(seconds, "journal"):
            db.execute("begin")
            db.execute(_INTO_JOURNAL, (done, through))
            db.execute(_INTO_SEEN, (done, through, known_since))
            db.execute("commit")
        done = through
        with _timed(seconds, "sealing"):
            at_ms = (day - last) * DAY_MS + 2 * sealing.GRACE_MS
            sealing.run(store, home / "lake", slowest=store.head(), at_ms=at_ms)
    db.execute("detach plain")
    store.close()  # what is measured has the product's own settings, and nothing in its memory
    product = SqliteStore(home / "journal.sqlite3")
    last_us = _append(product, _events(home, done, total))
    # The schedule has not yet come by: of the open day as many are live as may be.
    at_ms = (FIRST_DAY + DAYS - 1) * DAY_MS + 2 * sealing.GRACE_MS
    sealing.run(product, home / "lake", slowest=total - min(sealing.OPEN_DAY_ROWS, EARLY), at_ms=at_ms)
    product.close()
    return Made(first, last_us, dict(seconds))


@contextlib.contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[step] += time.perf_counter() - begun


def _append(store: SqliteStore, events: list[Event]) -> float:
    """Microseconds of CPU an event."""
    batches = [events[begin : begin + BATCH] for begin in range(0, len(events), BATCH)]
    return _cpu(lambda: [store.append(batch) for batch in batches]) / len(events) * 1e6


def _events(home: Path, after: int, through: int) -> list[Event]:
    """Events of the baseline as the collector hands them over."""
    db = sqlite3.connect(home / "baseline.sqlite3")
    columns = COLUMNS.replace("message_id", _MESSAGE)
    sql = f"select {columns} from events where position > ? and position <= ?"
    found = [event_of(row) for row in db.execute(sql, (after, through))]
    db.close()
    return found


def _tell(rows: Rows, home: Path, made: Made) -> None:
    folder = home / "lake"
    store = SqliteStore(home / "journal.sqlite3")
    baseline = sqlite3.connect(home / "baseline.sqlite3")
    baseline.execute("pragma cache_size=-1000000")
    size = f"{store.head():,} events"
    if rows.wants("append_us_growth"):
        note = f"{made.first_us:.1f} us at {EARLY:,}, {made.last_us:.1f} us at {size}; made in s: "
        note += ", ".join(f"{step} {seconds:.0f}" for step, seconds in made.seconds.items())
        rows.add("append_us_growth", made.last_us / made.first_us, "ratio", "<= 2", note)
    if rows.wants("lake_bytes_per_event"):
        manifest = store.manifest()
        held = sum(one.rows for one in manifest)
        used = sum((folder / file).stat().st_size for file in {one.file for one in manifest})
        files = len({one.file for one in manifest})
        rows.add("lake_bytes_per_event", used / held, "bytes", "<= 30", f"{held:,} sealed in {files} files")
    end = (FIRST_DAY + DAYS) * DAY_MS
    span = {"start": end - ASKED_DAYS * DAY_MS, "end": end}
    for row, (target, more) in QUESTIONS.items():
        if rows.wants(row):
            _compare(rows, row, target, {**span, **more}, store, folder, baseline, size)
    store.close()
    baseline.close()


def _compare(
    rows: Rows,
    row: str,
    target: str,
    values: dict[str, Any],
    store: SqliteStore,
    folder: Path,
    baseline: sqlite3.Connection,
    size: str,
) -> None:
    question = row.removeprefix("lake_q_")
    lake, plain = [], []  # type: ignore[var-annotated]
    ours = median_of(
        WINDOWS,
        lambda: _cpu(lambda: lake.append(questions.answer(store, folder, question, **values))),
    )
    theirs = median_of(
        1 if question in _SLOW else WINDOWS,
        lambda: _cpu(lambda: plain.append(baseline.execute(questions.text(question), values).fetchall())),
    )
    if lake[0] != plain[0]:
        raise RuntimeError(f"{question} is answered differently: {lake[0][:3]} and {plain[0][:3]}")
    tail = sum(count for count, _, _ in store.live_days().values())
    note = f"{ours:.3f} s and {theirs:.3f} s CPU at {size}, {ASKED_DAYS} of {DAYS} days, tail {tail:,}"
    rows.add(row, ours / theirs, "of SQLite", target, note)


def _cpu(work: Callable[[], object]) -> float:
    """Processor seconds of a piece of work, the engine's threads included."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _first_days(baseline: sqlite3.Connection) -> int:
    """The events of the days that are made one by one, into the baseline's table; returns how many."""
    chance = random.Random(7)
    known, made = [""], 0
    for day in range(FIRST_DAY, FIRST_DAY + BLOCK_DAYS):
        events: list[Event] = []
        while len(events) < EVENTS // DAYS:
            if chance.random() < 0.75:
                visitor = f"v_{chance.getrandbits(100):025x}"
                known.append(visitor)
            else:
                visitor = known[-min(len(known), 1 + int(chance.expovariate(1 / 5_000)))] or "v_first"
            events += _visit(chance, visitor, day * DAY_MS + chance.randrange(DAY_MS - 3_600_000))
        events.sort(key=lambda event: event.occurred_at)
        _copy(baseline, events, made)
        made += len(events)
    return made


def _visit(chance: random.Random, visitor: str, at: int) -> list[Event]:
    source = chance.choice(SOURCES)
    utm = (
        {"source": source, "medium": "cpc", "campaign": f"campaign {chance.randrange(20)}"} if source else {}
    )
    query = (
        f"?utm_source={source}&utm_medium=cpc&utm_campaign=campaign+{utm['campaign'][9:]}" if source else ""
    )
    paths = chance.choices(PATHS, weights=[9, 6, 3, 3, 3] + [1] * 40, k=1 + int(chance.expovariate(1 / 4)))

    def event(name: str, **body: object) -> Event:
        return Event(
            message_id="",
            name=name,
            occurred_at=at,
            received_at=at + chance.randrange(20, 90),
            visitor=visitor,
            body=body,
        )

    started = event(
        "attract.visit_started",
        visit=ids.new("visit", at_ms=at),
        channel="paid_search" if source else "direct",
        source=source,
        medium=utm.get("medium", ""),
        campaign=utm.get("campaign", ""),
        landing_path=paths[0],
        referrer_host="",
        rule_version=1,
    )
    found = [started]
    for number, path in enumerate(paths):
        found.append(
            event(
                "attract.page_viewed",
                url=f"https://northlight.example.com{path}{query if not number else ''}",
                path=path,
                title=f"Northlight {path.strip('/')}",
                referrer="https://northlight.example.com" + paths[number - 1] if number else "",
                consent=True,
                bot="" if chance.random() > 0.02 else "user agent",
                utm={} if number else utm,
                click_ids={},
            )
        )
        at += chance.randrange(3_000, 120_000)
    if chance.random() < 0.5:
        properties = {"depth": chance.randrange(100), "plan": "team", "seconds": chance.randrange(600)}
        found.append(
            event("attract.event_tracked", event="scrolled", properties=properties, consent=True, bot="")
        )
    if chance.random() < 0.03:
        found.append(event("capture.form_submitted", form="form_demo", intent="demo", page=paths[-1]))
    return found


def _copy(baseline: sqlite3.Connection, events: list[Event], before: int) -> None:
    baseline.executemany(
        "insert into events values(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (
                before + number,
                event.name,
                event.occurred_at,
                event.received_at,
                event.visitor,
                None,
                None,
                None,
                0,
                None,
                encode(event.body).decode(),
                event.body.get("path"),
                (event.body.get("utm") or {}).get("source") or event.body.get("source"),
                event.body.get("bot", ""),
            )
            for number, event in enumerate(events, 1)
        ],
    )
