"""What readers derive from the journal, made again from nothing: how many rows differ.

Two hundred thousand events of people and strangers, a tenth of them late, are read in batches of every size while
facts wait for the relay, people are merged and parted again, browsers are linked, rules are published and
scores fall due.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Rows

if TYPE_CHECKING:
    from handraiser.core.identity.models import Merge

IDENTICAL = "identical_after_replay"
EVENTS, PEOPLE, STRANGERS = 200_000, 4_000, 2_000
AT_ONCE = 500  # events between two looks at what else happens
DAYS = 30
FIRST_MS = 1_788_000_000_000
COMPARED = ("identity.timeline", "attract.visits", "attract.conversions")
_STEP_MS = DAYS * 86_400_000 // EVENTS
_LATE_MS = 2 * 86_400_000
_PATHS = ("/", "/pricing/", "/playbook/", "/demo/", *(f"/blog/post-{n}/" for n in range(20)))


def measure(rows: Rows) -> None:
    """The row of the replay."""
    if not rows.wants(IDENTICAL):
        return
    from tests.databases import template_home

    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(template_home(), home)
        environment = {**os.environ, "HANDRAISER_HOME": str(home), "DATABASE_URL": ""}
        environment["DJANGO_SETTINGS_MODULE"] = "handraiser.config.settings"
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.spine_replay"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told = json.loads(done.stdout.splitlines()[-1])
    differing = sum(told["differing"].values())
    note = f"of {told['rows']}; {told['happened']}; {told['cpu_s']:.0f} s of processor time"
    if differing:
        note += f"; differing: {told['differing']} such as {told['examples']}"
    rows.add(IDENTICAL, differing, "rows", "<= 0", note)


# --- what happens -----------------------------------------------------------------------------------------


def _happenings(rng: random.Random, known: list[str]) -> Iterator[object]:
    """What people and strangers do in a month, in the order of arrival."""
    from handraiser.kit.envelope import Event

    for number in range(EVENTS):
        now = FIRST_MS + number * _STEP_MS
        who = int((PEOPLE + STRANGERS) * rng.random() ** 2)  # a few do much
        stranger = who % 3 == 2
        kind = 0.0 if stranger else rng.random()
        path = rng.choice(_PATHS)
        url = f"https://northlight.example.com{path}"
        body: dict[str, object]
        if kind < 0.8:
            name, body = "attract.page_viewed", {"path": path, "url": url, "consent": True}
            if rng.random() < 0.1:
                body["utm"] = {"source": rng.choice(("mail", "ads")), "medium": "cpc", "campaign": "fridays"}
            if rng.random() < 0.02:
                body["bot"] = "crawler"
        elif kind < 0.95:
            name, body = "delivery.email_opened", {"message": f"msg_{rng.randrange(40)}"}
        else:
            name, body = "capture.form_submitted", {"form": "form_1", "intent": "demo", "page": url}
        viewed = name == "attract.page_viewed"
        yield Event(
            message_id=f"m{number}",
            name=name,
            occurred_at=now - (rng.randrange(_LATE_MS) if rng.random() < 0.1 else 0),
            received_at=now,
            visitor=f"v_{who}" if viewed else None,
            person=None if viewed else known[who % PEOPLE],
            body=body,
        )


def _people() -> list[str]:
    """People with an open lead; two visitors of three belong to one of them."""
    from handraiser.core.identity.models import VisitorLink
    from handraiser.core.people.models import Lead, OfferLine, Person
    from handraiser.kit import clock

    at = clock.from_ms(FIRST_MS) - timedelta(days=1)
    line = OfferLine.objects.first() or OfferLine.objects.create(name="Consulting")
    everybody = [
        Person(id=f"person_{who:026d}", email=f"p{who}@firm{who % 900}.example.com") for who in range(PEOPLE)
    ]
    for person in everybody:
        person.created_at = at
    Person.objects.bulk_create(everybody, batch_size=500)
    opened = [
        Lead(id=f"lead_{who:026d}", person=person, offer_line=line, how="form", opened_at=at, stage_at=at)
        for who, person in enumerate(everybody)
    ]
    Lead.objects.bulk_create(opened, batch_size=500)
    links = [
        VisitorLink(visitor=f"v_{who}", person=everybody[who % PEOPLE], how="form", linked_at=at)
        for who in range(PEOPLE + STRANGERS)
        if who % 3 != 2
    ]
    VisitorLink.objects.bulk_create(links, batch_size=500)
    return [person.id for person in everybody]


class _Month:
    """What goes on beside the events."""

    def __init__(self, rng: random.Random, known: list[str]) -> None:
        self.rng, self.alive, self.happened = rng, list(known), Counter[str]()
        self.merged: list[Merge] = []

    def go_on(self, turn: int, now_ms: int) -> None:
        """Whatever happens between two portions of events."""
        from handraiser.config import wiring
        from handraiser.core.identity.actions import merges, visitors
        from handraiser.core.journal import outbox, readers
        from handraiser.kit import clock
        from handraiser.qualify.actions import rule_sets, scores

        rng, at = self.rng, clock.from_ms(now_ms)
        if rng.random() < 0.7:
            outbox.relay(limit=rng.randrange(1, 1_500))  # what it leaves comes behind what happened since
        for reader in wiring.READERS:
            while rng.random() < 0.7:
                readers.step(dataclasses.replace(reader, batch=rng.randrange(1, 1_000)))
        if rng.random() < 0.3:
            self.happened["due sweeps"] += 1
            scores.due(at)
        if turn % 5 == 0:
            keep, gone = rng.sample(self.alive, 2)
            self.merged.append(merges.merge(keep=keep, gone=gone, at=at))
            self.alive.remove(gone)
            self.happened["merges"] += 1
        if turn % 20 == 19:
            # The last of them, because those of one person are undone in reverse; some have stood for long.
            undone = merges.unmerge(merge=self.merged.pop().id, at=at)
            self.alive.append(undone.gone_id)
            self.happened["un-merges"] += 1
        if turn % 3 == 0:
            visitor = f"v_{3 * rng.randrange((PEOPLE + STRANGERS) // 3) + 2}"
            if visitors.link(visitor=visitor, person_id=rng.choice(self.alive), how="form", at=at):
                self.happened["links"] += 1
        if turn % 150 == 149:
            rule_sets.publish(rule_sets.draft_from_live(at=at), at=at, by=None)
            self.happened["rule sets"] += 1


def _settled(at_ms: int) -> None:
    from handraiser.config import wiring
    from handraiser.core.journal import outbox, readers
    from handraiser.kit import clock
    from handraiser.qualify.actions import scores

    busy = True
    while busy:
        busy = outbox.relay() > 0
        for reader in wiring.READERS:
            busy = readers.step(reader) > 0 or busy
        busy = scores.due(clock.from_ms(at_ms)) > 0 or busy


# --- what came of it --------------------------------------------------------------------------------------


def _standing() -> tuple[Counter[object], Counter[object]]:
    """What the scores' reader keeps, but for when it last looked."""
    from handraiser.core.people.models import Lead
    from handraiser.qualify.models import ScoreState

    columns = ("id", "points", "fit_points", "engagement_points", "grade", "temperature")
    leads = Lead.objects.filter(closed_at=None).values_list(*columns)
    return (
        Counter(leads),
        Counter(ScoreState.objects.values_list("person", "rule_set_number", "next_change_at")),
    )


def _scores_again(end_ms: int) -> tuple[int, list[str]]:
    """How many rows of the scores differ when their reader begins anew, and some of them."""
    from handraiser.config import wiring
    from handraiser.core.journal import readers
    from handraiser.core.journal.models import Cursor
    from handraiser.core.people.models import Lead
    from handraiser.kit import clock
    from handraiser.qualify.actions import scores
    from handraiser.qualify.models import ScoreState

    before = _standing()
    [reader] = [one for one in wiring.READERS if one.name == "qualify.scores"]
    ScoreState.objects.all().delete()
    Lead.objects.filter(closed_at=None).update(
        points=0, fit_points=0, engagement_points=0, grade="", temperature="cold"
    )
    Cursor.objects.filter(reader=reader.name).update(position=0)
    while readers.step(reader):
        pass
    while scores.due(clock.from_ms(end_ms)):
        pass
    apart = [one for was, now in zip(before, _standing(), strict=True) for one in ((was - now) + (now - was))]
    return len(apart), [str(one) for one in apart[:3]]


def main() -> None:
    """Let the month pass, make everything again, and print what differed."""
    import django

    django.setup()
    from handraiser.core.journal import replay
    from handraiser.core.journal.live import journal

    rng = random.Random(1)
    known = _people()
    month, source = _Month(rng, known), _happenings(rng, known)
    for turn in range(EVENTS // AT_ONCE):
        journal().append([next(source) for _ in range(AT_ONCE)])  # type: ignore[misc]
        month.go_on(turn, FIRST_MS + (turn + 1) * AT_ONCE * _STEP_MS)
    end_ms = FIRST_MS + (DAYS + 1) * 86_400_000
    _settled(end_ms)

    from handraiser.config import wiring

    differing, rows, examples = Counter[str](), Counter[str](), []
    for reader in wiring.READERS:
        if reader.name in COMPARED:
            for table in replay.compare(reader).tables:
                rows[table.name] += table.rows
                differing[table.name] += table.missing + table.added
                examples += table.examples
    rows["scores"] = sum(one.total() for one in _standing())
    differing["scores"], some = _scores_again(end_ms)
    print(
        json.dumps(
            {
                "differing": {name: n for name, n in differing.items() if n},
                "rows": ", ".join(f"{n:,} of {name}" for name, n in rows.items()),
                "happened": ", ".join(f"{n} {what}" for what, n in month.happened.items()),
                "examples": examples[:6] + some,
                "cpu_s": time.process_time(),
            }
        )
    )


if __name__ == "__main__":
    main()
