"""The lake: questions against the same SQL on SQLite, bytes an event, and what filling costs the journal.

BENCH_EVENTS sets the size (10,000,000 unless given; each million takes about a minute and 1 GB of disk). The data
goes the product's own way: appended to a journal, sealed night by night.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.rows import Rows, median_of
from handraiser.core.journal.lake import questions, sealing
from handraiser.core.journal.store import SqliteStore
from handraiser.core.journal.store.rows import DAY_MS, encode
from handraiser.kit import ids
from handraiser.kit.envelope import Event

EVENTS = int(os.environ.get("BENCH_EVENTS", "10000000"))
DAYS, ASKED_DAYS = 90, 30
FIRST_DAY = 20_500
BATCH = 100
WINDOWS = 5
EARLY = 100_000
PATHS = ["/", "/pricing/", "/playbook/", "/demo/", "/blog/", *(f"/blog/post-{n}/" for n in range(40))]
SOURCES = ["", "", "", "google", "newsletter", "linkedin", "partner", "bing"]
_BASELINE = (
    "create table events(position integer primary key, name text, occurred_at integer, received_at integer,"
    " visitor text, person text, lead text, cause text, depth integer, message_id text, body text, path text,"
    " source text, bot text)"
)
QUESTIONS: dict[str, tuple[str, dict[str, int | str]]] = {
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
        _measure(rows, Path(home))


def _measure(rows: Rows, home: Path) -> None:
    folder = home / "lake"
    store = SqliteStore(home / "journal.sqlite3")
    store.prepare()
    baseline = sqlite3.connect(home / "baseline.sqlite3")
    baseline.executescript(
        "pragma journal_mode=off; pragma synchronous=off; pragma cache_size=-1000000;" + _BASELINE
    )
    taken: list[float] = []  # CPU seconds of each batch that was appended
    batch: list[Event] = []
    sealed_cpu = 0.0
    day = FIRST_DAY
    for event in _events():
        if event.received_at // DAY_MS > day:
            day = event.received_at // DAY_MS
            sealed_cpu += _cpu(lambda now=day * DAY_MS + 2 * sealing.GRACE_MS: _seal(store, folder, now))
        batch.append(event)
        if len(batch) == BATCH:
            taken.append(_cpu(lambda: store.append(batch)))
            _copy(baseline, batch, store.head() - BATCH)
            batch.clear()
    baseline.executescript(
        "create index one on events(visitor, occurred_at); create index two on events(name, occurred_at);"
        "analyze;"
    )
    size = f"{EVENTS:,} events"
    if rows.wants("append_us_growth"):
        early, late = taken[: EARLY // BATCH], taken[-EARLY // BATCH :]
        first, last = (sum(some) / len(some) / BATCH * 1e6 for some in (early, late))
        note = f"{first:.1f} us at {EARLY:,}, {last:.1f} us at {size}; sealing {sealed_cpu / EVENTS * 1e6:.1f} us"
        rows.add("append_us_growth", last / first, "ratio", "<= 2", note)
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
    values: dict[str, int | str],
    store: SqliteStore,
    folder: Path,
    baseline: sqlite3.Connection,
    size: str,
) -> None:
    question = row.removeprefix("lake_q_")
    lake, plain = [], []  # type: ignore[var-annotated]
    ours = median_of(
        WINDOWS,
        lambda: _cpu(lambda: lake.append(questions.answer(store, folder, question, threads=2, **values))),
    )
    theirs = median_of(
        3, lambda: _cpu(lambda: plain.append(baseline.execute(questions.text(question), values).fetchall()))
    )
    if lake[0] != plain[0]:
        raise RuntimeError(f"{question} is answered differently: {lake[0][:3]} and {plain[0][:3]}")
    tail = sum(count for count, _, _ in store.live_days().values())
    note = f"{ours:.3f} s and {theirs:.3f} s CPU at {size}, {ASKED_DAYS} of {DAYS} days, tail {tail:,}"
    rows.add(row, ours / theirs, "of SQLite", target, note)


def _seal(store: SqliteStore, folder: Path, at_ms: int) -> None:
    sealing.run(store, folder, slowest=store.head(), at_ms=at_ms)


def _cpu(work: Callable[[], object]) -> float:
    """Processor seconds of a piece of work, the engine's threads included."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _events() -> Iterator[Event]:
    """Visits of strangers in order of time: a touch, some pages, a tracked event, now and then a form."""
    chance = random.Random(7)
    day_events, known, made = EVENTS // DAYS, [""], 0
    for day in range(FIRST_DAY, FIRST_DAY + DAYS):
        events: list[Event] = []
        while len(events) < day_events:
            if chance.random() < 0.75:
                visitor = f"v_{chance.getrandbits(100):025x}"
                known.append(visitor)
            else:
                visitor = known[-min(len(known), 1 + int(chance.expovariate(1 / 5_000)))] or "v_first"
            events += _visit(chance, visitor, day * DAY_MS + chance.randrange(DAY_MS - 3_600_000))
        events.sort(key=lambda event: event.occurred_at)
        for event in events:
            made += 1
            yield Event(
                **{
                    **{f: getattr(event, f) for f in event.__struct_fields__},
                    "message_id": _message(event, made),
                }
            )


def _message(event: Event, number: int) -> str:
    # As the collector makes them: in order of time, then chance.
    return f"c{event.occurred_at:012x}{(number * 0x9E3779B97F4A7C15) % 2**128:032x}"


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
