"""The timeline of one person among the events of everybody: what the API and the lead page wait for.

BENCH_TIMELINE sets how many items lie in the table (10,000,000 unless given; a million takes 20 seconds and
half a gigabyte). They are laid in order of time into the product's own schema, so each person's are strewn over the
whole table. One person has 48,000 of them.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.rows import Rows

ITEMS = int(os.environ.get("BENCH_TIMELINE", "10000000"))
OF_EACH = 20  # items of an ordinary person, about
OF_ONE = min(48_000, ITEMS // 10)
REQUESTS = 200
PAGE = 50
LAST = datetime(2026, 11, 19, tzinfo=UTC)
YEARS = 5
BATCH = 20_000
HEAVY = "person_heavy"
ROW = "timeline_p95_ms"
# By frequency: mostly pages, now and then an email, seldom sales.
NAMES = (
    ("attract.page_viewed", 600), ("attract.event_tracked", 250), ("attract.visit_started", 60),
    ("qualify.score_changed", 50), ("delivery.message_sent", 20), ("delivery.email_opened", 15),
    ("people.note_added", 4), ("qualify.stage_changed", 1),
)  # fmt: skip


def measure(rows: Rows) -> None:
    """All rows of this area: in a process of its own, for the records are Django's."""
    if not rows.wants(ROW):
        return
    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as home:
        environment = {
            **os.environ,
            "HANDRAISER_HOME": home,
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "handraiser.config.settings",
        }
        for command in (["handraiser.cli", "migrate"], [__name__]):
            done = subprocess.run(
                [sys.executable, "-m", *command], env=environment, stdout=subprocess.PIPE, check=True
            )
    found = json.loads(done.stdout)
    rows.add(ROW, found["p95"], "ms", "<= 20", found["note"])


def _build() -> list[str]:
    """Fill the table; returns ids of some ordinary people."""
    from django.db import connection

    from handraiser.core.people.models import Person

    chance = random.Random(7)
    everybody = max(1, ITEMS // OF_EACH)
    one_in = ITEMS / OF_ONE
    names = [name for name, share in NAMES for _ in range(share)]
    step = timedelta(days=365 * YEARS) / ITEMS
    first = LAST - step * ITEMS

    def items(begin: int, end: int) -> Iterator[tuple[str, ...]]:
        for n in range(begin, end):
            person = HEAVY if chance.random() * one_in < 1 else f"person_{chance.randrange(everybody):020d}"
            at = str((first + step * n).replace(tzinfo=None))
            body = f'{{"url": "https://www.example.com/blog/post-{n % 97}/", "path": "/blog/post-{n % 97}/"}}'
            yield person, "", f"b_{n % 1000:03d}{n:020d}", f"msg_{n:026d}", chance.choice(names), at, body

    known = [HEAVY, *(f"person_{chance.randrange(everybody):020d}" for _ in range(REQUESTS))]
    Person.objects.bulk_create([Person(id=one, created_at=LAST) for one in sorted(set(known))])
    db = connection.connection
    db.executescript("pragma foreign_keys = off; pragma synchronous = off; pragma cache_size = -400000;")
    # The product's own indexes, made when all is there, which is sooner done than entering each item.
    indexes = db.execute(
        "select name, sql from sqlite_master where type = 'index' and tbl_name = 'identity_timeline' and sql <> ''"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f'drop index "{name}"')
    for begin in range(0, ITEMS, BATCH):
        db.execute("begin")
        db.executemany(
            "insert into identity_timeline(person_id, lead_id, visitor, message_id, name, occurred_at, body,"
            " told_person, told_lead) values(?, ?, ?, ?, ?, ?, ?, '', '')",
            items(begin, min(begin + BATCH, ITEMS)),
        )
        db.execute("commit")
    for _, sql in indexes:
        db.execute(sql)
    db.execute("pragma wal_checkpoint(truncate)")
    connection.close()  # what is measured has the product's own settings, and nothing in its memory
    return known[1:]


def _main() -> None:
    import django

    django.setup()
    from django.test import Client

    from handraiser.core.identity import timelines
    from handraiser.core.identity.timelines import Place
    from handraiser.core.staff.actions import keys
    from handraiser.core.staff.models import Organisation
    from handraiser.desk.timeline import within

    Organisation.get()
    begun = time.perf_counter()
    people = _build()
    built = time.perf_counter() - begun
    chance = random.Random(11)

    def page(person: str, group: str = "", place: Place | None = None) -> None:
        rows = timelines.of(person)
        timelines.page(rows.filter(within([group])) if group else rows, before=place, size=PAGE)

    def anywhere() -> Place:
        return Place(LAST - timedelta(days=chance.random() * 365 * YEARS), 0)

    _, secret = keys.create(name="bench", scopes=["events:read"], at=LAST)
    client = Client(headers={"authorization": f"Bearer {secret}"})
    zone = ZoneInfo("Europe/London")
    groups = ["", "", "website", "email", "sales", "system"]
    page(people[0])  # the first statement of a process opens the database
    ordinary = _asked(lambda n: page(people[n], groups[n % len(groups)]))
    heavy = _asked(lambda n: page(HEAVY, groups[n % len(groups)], anywhere() if n % 2 else None))
    door = _asked(lambda n: client.get(f"/api/people/{(people[n], HEAVY)[n % 2]}/timeline"))
    months = _asked(lambda n: timelines.months(timelines.of(HEAVY), zone), times=20)
    told = ", ".join(
        f"{name} {wall:.1f} ({cpu:.1f} CPU)"
        for name, (wall, cpu) in (("anybody", ordinary), (f"of {OF_ONE:,}", heavy), ("by the API", door),
                                  ("months", months))
    )  # fmt: skip
    note = f"p95 of {REQUESTS} at {ITEMS:,} items, ms: {told}; built in {built:.0f} s"
    print(json.dumps({"p95": max(ordinary[0], heavy[0]), "note": note}))


def _asked(one: Callable[[int], object], times: int = REQUESTS) -> tuple[float, float]:
    """The 95th percentile of wall and of processor milliseconds."""
    walls, cpus = [], []
    for n in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        one(n)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return statistics.quantiles(walls, n=20)[-1], statistics.quantiles(cpus, n=20)[-1]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    _main()
