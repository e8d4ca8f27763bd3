"""The timeline of one person among the events of everybody: what the API and the lead page wait for.

Asked is the door itself, with all that stands around it: a page of 50, by turns of everything and of each group,
of one person the newest and from anywhere in five years. Each of the others is asked about once; the file lies in
the machine's memory, and beside it stands what an answer takes when it has to come from the disk.

BENCH_TIMELINE sets how many items lie in the table (10,000,000 unless given; a million takes half a minute and half
a gigabyte). They are laid in order of time into the schema of the product, so that those of each person are strewn
over the whole table. One person has 48,000. BENCH_TIMELINE_HOME names a folder where it is kept and found again.
"""

from __future__ import annotations

import contextlib
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
from urllib.parse import urlencode

from benchmarks.rows import Rows

ITEMS = int(os.environ.get("BENCH_TIMELINE", "10000000"))
OF_EACH = 20  # items of an ordinary person, about
OF_ONE = min(48_000, ITEMS // 10)
REQUESTS = 200
SCREENS = 20  # people whose lead page is opened
PAGE = 50
GROUPS = ("", "", "website", "email", "sales", "system")
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
    with contextlib.ExitStack() as stack:
        home = os.environ.get("BENCH_TIMELINE_HOME") or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="handraiser-bench-")
        )
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
    found = json.loads(done.stdout.splitlines()[-1])
    rows.add(ROW, found["p95"], "ms", "<= 20", found["note"])


def _told(name: str, n: int) -> str:
    """The body of an event, as the product writes it."""
    post = f"post-{n % 97}"
    match name:
        case "attract.page_viewed":
            return f'{{"url": "https://www.example.com/{post}/", "path": "/{post}/", "title": "{post}"}}'
        case "attract.event_tracked":
            return f'{{"event": "page_left", "properties": {{"page": "{post}", "seconds": {n % 97}}}}}'
        case "attract.visit_started":
            return f'{{"visit": "visit_{n:020d}", "channel": "organic_search", "source": "search"}}'
        case "qualify.score_changed":
            return (
                f'{{"total": {1 + n % 97}000000, "previous": 5000000, "rule_set": "rules_1", "grade": "B"}}'
            )
        case "delivery.message_sent":
            return f'{{"message": "message_{n:020d}", "purpose": "marketing"}}'
        case "delivery.email_opened":
            return f'{{"message": "message_{n:020d}", "machine": "{"" if n % 3 else "proxy"}"}}'
        case "people.note_added":
            return f'{{"note": "note_{n:020d}"}}'
    return '{"stage": "mql", "previous": "lead"}'


def _known(chance: random.Random) -> list[str]:
    """Ids of some ordinary people."""
    return [f"person_{chance.randrange(max(1, ITEMS // OF_EACH)):020d}" for _ in range(REQUESTS)]


def _build(chance: random.Random, known: list[str]) -> None:
    """Fill the table."""
    from django.db import connection

    from handraiser.core.people.models import Person

    everybody = max(1, ITEMS // OF_EACH)
    one_in = ITEMS / OF_ONE
    names = [name for name, share in NAMES for _ in range(share)]
    step = timedelta(days=365 * YEARS) / ITEMS
    first = LAST - step * ITEMS

    def items(begin: int, end: int) -> Iterator[tuple[str, ...]]:
        for n in range(begin, end):
            person = HEAVY if chance.random() * one_in < 1 else f"person_{chance.randrange(everybody):020d}"
            at = str((first + step * n).replace(tzinfo=None))
            name = chance.choice(names)
            yield person, "", f"b_{n % 1000:03d}{n:020d}", f"msg_{n:026d}", name, at, _told(name, n)

    Person.objects.bulk_create([Person(id=one, created_at=LAST) for one in sorted({HEAVY, *known})])
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


def _main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from handraiser.core.identity.models import TimelineItem
    from handraiser.core.identity.timelines import Place
    from handraiser.core.people.actions import leads
    from handraiser.core.people.models import Lead, Person
    from handraiser.core.staff.actions import keys
    from handraiser.core.staff.models import Organisation, User

    Organisation.get()
    chance = random.Random(7)
    people = _known(chance)
    built = 0.0
    if not TimelineItem.objects.exists():
        begun = time.perf_counter()
        _build(chance, people)
        built = time.perf_counter() - begun

    _, secret = keys.create(name="bench", scopes=["events:read"], at=LAST)
    program = Client(headers={"authorization": f"Bearer {secret}"})
    staff = User.objects.filter(role="owner").first() or User.objects.create_superuser("bench@example.com")
    browser = Client(headers={"HX-Request": "true"})
    browser.force_login(staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    lead = {
        one: Lead.objects.filter(person=one).first()
        or leads.open(person=Person.objects.get(id=one), at=LAST, how="hand")[0]
        for one in (HEAVY, *people[:SCREENS])
    }

    def place() -> str:
        return str(Place(LAST - timedelta(days=chance.random() * 365 * YEARS)))

    def door(person: str, n: int) -> None:
        """Each group by turns; of everybody the newest, of the one also from anywhere."""
        before = place() if person == HEAVY and n % 2 else ""
        query = {"limit": PAGE, "group": GROUPS[n % len(GROUPS)], "before": before}
        address = urlencode({key: value for key, value in query.items() if value})
        answer = program.get(f"/api/people/{person}/timeline?{address}")
        assert answer.status_code == 200, answer.content

    def screen(person: str, n: int, part: str = "timeline", **query: str) -> None:
        query = {"show": GROUPS[n % len(GROUPS)], "before": place() if n % 2 else "", **query}
        answer = browser.get(f"/admin/leads/{lead[person].id}/", query, headers={"HX-Target": part})
        assert answer.status_code == 200, answer.content

    def memory(*, empty: bool) -> None:
        """Take the file out of the machine's memory, or read it all into it; nothing stays in the process."""
        connection.close()
        with Path(settings.DATABASES["default"]["NAME"]).open("rb", buffering=0) as file:
            if empty:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            else:
                while file.read(2**24):
                    pass

    door(people[0], 0), screen(HEAVY, 0)  # the first of a process opens databases and reads templates
    memory(empty=True)
    disk = _asked(lambda n: door((people[n], HEAVY)[n % 2], n))
    memory(empty=False)
    asked = {
        "by the API anybody": _asked(lambda n: door(people[n], n)),
        f"of {OF_ONE:,}": _asked(lambda n: door(HEAVY, n)),
    }
    shown = {
        "read from the disk": disk,
        "on the screen anybody": _asked(lambda n: screen(people[n % SCREENS], n), times=60),
        f"of {OF_ONE:,} there": _asked(lambda n: screen(HEAVY, n), times=60),
        "years": _asked(lambda n: screen(HEAVY, n, part="tl-years", jump="1"), times=30),
    }
    told = ", ".join(f"{name} {wall:.1f} ({cpu:.1f} CPU)" for name, (wall, cpu) in (asked | shown).items())
    note = (
        f"p95 of {REQUESTS} at {ITEMS:,} items, each group, new and old, ms: {told}; built in {built:.0f} s"
    )
    print(json.dumps({"p95": max(wall for wall, _ in asked.values()), "note": note}))


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
