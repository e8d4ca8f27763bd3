"""Segments among a million people: how soon a change is in, and how long it takes to look at everybody.

BENCH_PEOPLE sets how many people there are (1,000,000 unless given), each with ten events on the timeline; a
million take some minutes and four gigabytes of disk to make. BENCH_FILLED names a data folder to keep: it is filled
if it is empty, and copied for each run. The segment has ten conditions: of the person, the
company, the stage, points, a permission, and of events with windows, one of them narrowed by a property.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.rows import Rows

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
OF_EACH = 10
BATCH = 20_000
CHANGES = 400
FRESH, REBUILD = "segment_change_to_membership_p95_s", "segment_full_rebuild_s"
NAMES = (
    ("attract.page_viewed", 60), ("attract.event_tracked", 20), ("attract.visit_started", 8),
    ("delivery.message_sent", 5), ("delivery.email_opened", 5), ("capture.form_submitted", 2),
)  # fmt: skip
PATHS = ["/", "/pricing/", "/demo/", *(f"/blog/post-{n}/" for n in range(40))]


def measure(rows: Rows) -> None:
    """Both rows, in a process of its own: the records are Django's."""
    if not rows.wants(FRESH, REBUILD):
        return
    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as folder:
        home = Path(folder) / "home"
        filled = Path(os.environ.get("BENCH_FILLED", home))
        if not (filled / "records.sqlite3").exists():
            _run(filled, "handraiser.cli", "migrate")
            _run(filled, __name__, "make")
        if filled != home:
            shutil.copytree(filled, home)
        os.sync()  # what is measured does not wait for what was made
        found = json.loads(_run(home, __name__))
    rows.add(REBUILD, found["rebuild_s"], "s", "<= 60", found["rebuild_note"])
    rows.add(FRESH, found["p95_s"], "s", "<= 2", found["fresh_note"])


def _run(home: Path, *module: str) -> bytes:
    environment = {
        **os.environ,
        "HANDRAISER_HOME": str(home),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "handraiser.config.settings",
    }
    home.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", *module]
    return subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True).stdout


def _make(now) -> None:  # type: ignore[no-untyped-def]
    """People, companies, leads, grants and their timeline, straight into the product's tables."""
    from django.db import connection

    from handraiser.core.consent.models import Purpose, Wording
    from handraiser.core.people.models import OfferLine

    line = OfferLine.default().id
    Purpose.objects.create(key="marketing", label="News by email")
    Wording.objects.create(hash="words", purpose_id="marketing", text="Yes", first_used_at=now)
    connection.ensure_connection()
    db = connection.connection
    db.executescript("pragma foreign_keys = off; pragma synchronous = off; pragma cache_size = -400000;")
    # The product's own indexes, made when all is there, which is sooner done than entering each row.
    tables = ("identity_timeline", "people_person", "people_lead", "consent_grant")
    indexes = db.execute(
        f"select name, sql from sqlite_master where type = 'index' and sql <> '' and tbl_name in {tables}"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f'drop index "{name}"')
    chance = random.Random(7)

    def text(at):  # type: ignore[no-untyped-def]
        return str(at.replace(tzinfo=None))

    made = text(now - timedelta(days=200))
    companies = max(1, PEOPLE // 5)
    industries = ["Solar", "Retail", "Software", "Banking", ""]
    for table, columns, count, row in (
        (
            "people_company",
            "id, name, name_key, domain, industry, employees, country, attributes, created_at",
            companies,
            lambda n: (
                f"company_{n:020d}", f"Firm {n}", f"firm {n}", f"f{n}.example.com", industries[n % 5],
                chance.choice([None, 5, 50, 500]), "", "{}", made,
            ),
        ),
        (
            "people_person",
            "id, first_name, last_name, email, phone, job_title, company_id, country, time_zone, attributes,"
            " proposed, created_at",
            PEOPLE,
            lambda n: (
                _person(n), "A", f"B{n}", f"p{n}@f{n % companies}.example.com", "",
                ["VP of Marketing", "Engineer", "", "Head of Sales"][n % 4], f"company_{n % companies:020d}",
                ["DE", "GB", "FR", ""][n // 3 % 4], "", '{"plan": "team"}' if n % 3 else "{}", "{}", made,
            ),
        ),
        (
            "people_lead",
            "id, person_id, offer_line_id, how, raised_with, opened_at, external_id, attributes, channel, source,"
            " medium, campaign, landing_page, last_touch, stage, stage_at, points, fit_points, engagement_points,"
            " grade, temperature, last_activity",
            PEOPLE,
            lambda n: (
                f"lead_{n:020d}", _person(n), line, "form", "", made, "", "{}", "paid",
                ["google", "bing", ""][n % 3], "", "", "", "{}", "mql" if n % 9 == 0 else "lead", made,
                n % 100 * 1_000_000, 0, 0, "", "cold", "",
            ),
        ),
        (
            "consent_grant",
            "id, person_id, purpose_id, wording_id, proof, granted_at, withdrawn_how",
            PEOPLE // 2,
            lambda n: (f"grant_{n:020d}", _person(2 * n), "marketing", "words", "{}", made, ""),
        ),
    ):  # fmt: skip
        marks = ", ".join("?" * (columns.count(",") + 1))
        for begin in range(0, count, BATCH):
            db.execute("begin")
            db.executemany(
                f"insert into {table}({columns}) values({marks})",
                map(row, range(begin, min(begin + BATCH, count))),  # type: ignore[no-untyped-call]
            )
            db.execute("commit")
    items, step = PEOPLE * OF_EACH, timedelta(days=180) / (PEOPLE * OF_EACH)
    names = [name for name, share in NAMES for _ in range(share)]

    def item(n):  # type: ignore[no-untyped-def]
        name = chance.choice(names)
        body = (
            '{"message": "m", "machine": ""}'
            if name == "delivery.email_opened"
            else f'{{"url": "https://x", "path": "{chance.choice(PATHS)}", "intent": "demo"}}'
        )
        at = text(now - timedelta(days=180) + step * n)
        return _person(chance.randrange(PEOPLE)), "", "", f"msg_{n:026d}", name, at, body, "", ""

    for begin in range(0, items, BATCH):
        db.execute("begin")
        db.executemany(
            "insert into identity_timeline(person_id, lead_id, visitor, message_id, name, occurred_at, body,"
            " told_person, told_lead) values(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            map(item, range(begin, min(begin + BATCH, items))),
        )
        db.execute("commit")
    for _, sql in indexes:
        db.execute(sql)
    db.execute("pragma wal_checkpoint(truncate)")
    connection.close()  # what is measured has the product's own settings, and nothing in its memory


def _person(n: int) -> str:
    return f"person_{n:010d}{n * 2654435761 % 2**32:010d}"


def _ten():  # type: ignore[no-untyped-def]
    from handraiser.core.audience.rules import conditions as c

    pricing = (c.Where("path", "starts_with", ("/pricing/",)),)
    return c.Definition(
        c.AllOf(
            (
                c.Attribute("person.country", "is_not", ("FR",)),
                c.Attribute("person.job_title", "contains", ("vp", "head", "engineer")),
                c.AnyOf(
                    (
                        c.Attribute("company.employees", "between", low=10),
                        c.Attribute("company.industry", "is", ("Solar", "Software")),
                    )
                ),
                c.Stage(("lead", "mql")),
                c.Score("points", low=5),
                c.AnyOf(
                    (
                        c.Performed("attract.page_viewed", "at_least", 1, 30, pricing),
                        c.Performed("attract.page_viewed", "at_least", 2, 90),
                        c.Consent("marketing"),
                    )
                ),
                c.NoneOf((c.LastPerformed("attract.page_viewed", "more", 120),)),
                c.Performed("delivery.email_opened", "at_most", 3, 30),
            )
        )
    )


def _main(wanted: str = "") -> None:
    import django

    django.setup()
    from django.db import transaction

    from handraiser.config import wiring
    from handraiser.core.audience.actions import memberships, segments
    from handraiser.core.audience.models import DueLook, Membership, Segment
    from handraiser.core.journal import loop, outbox
    from handraiser.core.journal.events.attract import PageViewed
    from handraiser.core.journal.events.delivery import EmailOpened
    from handraiser.core.people.actions import people
    from handraiser.core.people.models import Person
    from handraiser.core.staff.models import Organisation
    from handraiser.kit import clock

    Organisation.get()
    now = clock.now()
    if wanted == "make":
        _make(now)
        return
    one = segments.create(name="Ten conditions", at=now)
    begun, cpu = time.perf_counter(), time.process_time()
    segments.save(segment=one, definition=_ten(), at=now)
    memberships.rebuild(one.id, clock=clock.now)
    rebuild_s, cpu = time.perf_counter() - begun, time.process_time() - cpu
    inside, due = Membership.objects.count(), DueLook.objects.count()
    rebuild_note = (
        f"{PEOPLE:,} people, {PEOPLE * OF_EACH:,} events: {inside:,} in, {due:,} dates noted, {cpu:.1f} s CPU"
    )
    # What follows is what a loop does in its turns: everything that was announced is read, then a change is timed
    # until the segment has it.
    readers, sweeps = wiring.READERS, [one for one in wiring.SWEEPS if one.name.startswith("audience.")]
    while loop.once(readers, sweeps):
        pass
    chance = random.Random(11)
    waits, moved = [], 0
    for _ in range(CHANGES // 8):
        begun = time.perf_counter()
        some = [_person(chance.randrange(PEOPLE)) for _ in range(8)]
        before = set(Membership.objects.filter(person__in=some).values_list("person_id", flat=True))
        with transaction.atomic():
            for person in some[:4]:
                outbox.publish(EmailOpened(message="m"), at=clock.now(), person=person)
                outbox.publish(PageViewed(url="https://x", path="/pricing/"), at=clock.now(), person=person)
            for person in some[4:]:
                row = Person.objects.get(id=person)
                people.change(
                    person=row,
                    values={"country": "FR" if row.country != "FR" else "DE"},
                    at=clock.now(),
                    proven=True,
                )
        while loop.once(readers, sweeps):
            pass
        waits += [time.perf_counter() - begun] * len(some)
        after = set(Membership.objects.filter(person__in=some).values_list("person_id", flat=True))
        moved += len(before ^ after)
    assert Segment.objects.get().rebuild_upto is None
    p95 = statistics.quantiles(waits, n=20)[-1]
    fresh_note = f"{len(waits):,} changes of {PEOPLE:,} people, all readers; {moved:,} moved somebody;"
    fresh_note += f" median {statistics.median(waits):.2f} s"
    told = {"rebuild_s": rebuild_s, "rebuild_note": rebuild_note, "p95_s": p95, "fresh_note": fresh_note}
    print(json.dumps(told))


if __name__ == "__main__":
    _main(*sys.argv[1:])
