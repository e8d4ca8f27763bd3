"""The readers: events that a core-second takes through identity, touch, timeline and score.

Everybody is known and has an open lead, so every event goes all the way; twenty rules give points. What the readers
announce is carried over and read again, and is part of the cost but not of the count.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate, islice
from pathlib import Path

from benchmarks.rows import Rows

PER_CORE = "reader_events_per_core_s"
PEOPLE = 20_000
WINDOWS, EACH = 5, 10_000
DAYS = 30
APPENDED = 100  # events in one commit of the journal
FIRST_MS = 1_788_000_000_000
PATHS = ["/", "/pricing/", "/playbook/", "/demo/", "/blog/", *(f"/blog/post-{n}/" for n in range(40))]
SOURCES = ["", "", "", "google", "newsletter", "linkedin", "partner", "bing"]
_NAMES = ["identity.timeline", "attract.visits", "qualify.scores"]


def measure(rows: Rows) -> None:
    """The rows of the readers."""
    if rows.wants(PER_CORE):
        told = child("plain")
        note = (
            f"{PEOPLE:,} people, {told['given']:,} events given and {told['announced']:,} announced;"
            f" by reader, us an event given: {told['readers']}"
        )
        rows.add(PER_CORE, told["per_core_s"], "per_core_s", ">= 10000", note)


def child(rules: str) -> dict[str, object]:
    """Work in a process of its own, on records that were just migrated; with `plain` or with `fading` rules."""
    from tests.databases import template_home

    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(template_home(), home)
        environment = {**os.environ, "HANDRAISER_HOME": str(home), "DATABASE_URL": ""}
        environment["DJANGO_SETTINGS_MODULE"] = "handraiser.config.settings"
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.spine_readers", rules],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


# --- what is read -----------------------------------------------------------------------------------------


def events(seed: int = 1) -> Iterator[object]:
    """A month in the order of arrival: a few do much, most do little; one event in fifty comes late."""
    from handraiser.kit.envelope import Event

    rng = random.Random(seed)
    weights = list(accumulate(1 / (rank + 10) ** 0.8 for rank in range(PEOPLE)))
    many = (WINDOWS + 1) * EACH
    told: list[tuple[int, int, str, dict[str, object]]] = []
    while len(told) < many:
        who = rng.choices(range(PEOPLE), cum_weights=weights)[0]
        at = FIRST_MS + rng.randrange(DAYS * 86_400_000)
        kind = rng.random()
        if kind < 0.75:
            source = rng.choice(SOURCES)
            for number in range(rng.choice((1, 1, 2, 3, 5, 8))):
                told.append((at, who, "attract.page_viewed", _page(rng, source if number == 0 else "")))
                at += rng.randrange(5_000, 200_000)
        elif kind < 0.85:
            body: dict[str, object] = {"event": f"Thing {rng.randrange(8)}", "properties": {"plan": "team"}}
            told.append((at, who, "attract.event_tracked", body))
        elif kind < 0.95:
            name = rng.choice(("delivery.email_opened", "delivery.email_clicked"))
            body = {"message": f"msg_{rng.randrange(30)}", "url": "https://northlight.example.com/pricing/"}
            told.append((at, who, name, body))
        elif kind < 0.98:
            told.append(
                (at, who, "capture.magnet_downloaded", {"magnet": f"m{rng.randrange(9)}", "kind": "ebook"})
            )
        else:
            body = {
                "form": f"form_{rng.randrange(3)}",
                "intent": rng.choice(("demo", "contact")),
                "page": "/demo/",
            }
            told.append((at, who, "capture.form_submitted", body))
    arrived = sorted(
        (at + (rng.randrange(86_400_000) if rng.random() < 0.02 else 300), at, number, who, name, body)
        for number, (at, who, name, body) in enumerate(told)
    )
    for received, at, number, who, name, body in arrived:
        known = name.startswith(("delivery", "capture"))
        yield Event(
            message_id=f"{at:x}-{number:x}-{rng.getrandbits(64):x}",
            name=name,
            occurred_at=at,
            received_at=received,
            visitor=None if name.startswith("delivery") else f"v_{who:032x}",
            person=_person(who) if known else None,
            lead=f"lead_{who:026d}" if known else None,
            body=body,
        )


def _page(rng: random.Random, source: str) -> dict[str, object]:
    path = rng.choice(PATHS)
    return {
        "url": f"https://northlight.example.com{path}",
        "path": path,
        "title": "Guides for teams",
        "referrer": "https://www.google.com/" if source == "google" else "",
        "consent": True,
        "bot": "",
        "utm": {"source": source, "medium": "cpc", "campaign": "fridays"}
        if source and source != "google"
        else {},
        "click_ids": {},
    }


def _person(who: int) -> str:
    return f"person_{who:026d}"


def people(*, fading: bool) -> None:
    """Everybody with an open lead and a browser, and the rules that score them."""
    from handraiser.core.identity.models import VisitorLink
    from handraiser.core.people.models import Lead, OfferLine, Person
    from handraiser.kit import clock

    at = clock.from_ms(FIRST_MS) - timedelta(days=1)
    line = OfferLine.objects.first() or OfferLine.objects.create(name="Consulting")
    rng = random.Random(2)
    titles = ("VP of Marketing", "Head of Growth", "Student", "Engineer", "")
    everybody = [
        Person(id=_person(who), email=f"p{who}@firm{who % 900}.example.com", job_title=rng.choice(titles))
        for who in range(PEOPLE)
    ]
    for person in everybody:
        person.created_at = at
    Person.objects.bulk_create(everybody, batch_size=500)
    Lead.objects.bulk_create(
        [
            Lead(
                id=f"lead_{who:026d}",
                person_id=_person(who),
                offer_line=line,
                how="form",
                opened_at=at,
                stage_at=at,
            )
            for who in range(PEOPLE)
        ],
        batch_size=500,
    )
    VisitorLink.objects.bulk_create(
        [
            VisitorLink(visitor=f"v_{who:032x}", person_id=_person(who), how="form", linked_at=at)
            for who in range(PEOPLE)
        ],
        batch_size=500,
    )
    publish(at, fading=fading)


def publish(at: object, *, fading: bool) -> None:
    """Make the twenty rules the live ones of an instance that never scored."""
    from handraiser.qualify.models import RuleSet
    from handraiser.qualify.rules import rule_set

    RuleSet.objects.create(
        number=1,
        state="live",
        content=rule_set.to_data(rules(fading=fading)),
        created_at=at,
        changed_at=at,
        published_at=at,
    )


def rules(*, fading: bool) -> object:
    """The classic set and as many again: twenty rules of every sort. With `fading` four of them lose by the day
    instead of all at once."""
    import msgspec

    from handraiser.qualify.rules.defaults import CLASSIC
    from handraiser.qualify.rules.rule_set import POINT, AttributeRule, EventRule, FrequencyRule

    def event(key: str, name: str, **more: object) -> EventRule:
        return EventRule(key=key, group="engagement", points=3 * POINT, event=name, **more)  # type: ignore[arg-type]

    page = "attract.page_viewed"
    more = [
        AttributeRule(
            key="growth", group="fit", points=5 * POINT, field="job_title", test="contains", value="growth"
        ),
        event(
            "blog", page, where_field="path", value="/blog/*", counting="distinct", distinct="path", at_most=5,
            days=14,
        ),
        event("demo_page", page, where_field="path", value="/demo/", counting="visit", at_most=2, days=60),
        event("playbook_page", page, where_field="path", value="/playbook/", counting="once", days=30),
        event("any_visit", page, counting="visit", at_most=6, days=7),
        event(
            "trial", "attract.event_tracked", where_field="event", value="Thing 1, Thing 2", at_most=3, days=30
        ),
        event("things", "attract.event_tracked", counting="distinct", distinct="event", at_most=4, days=90),
        event("clicked", "delivery.email_clicked", counting="distinct", distinct="message", at_most=4, days=30),
        event(
            "contact", "capture.form_submitted", where_field="intent", value="contact", counting="once", days=180
        ),
        event("forms", "capture.form_submitted", counting="distinct", distinct="form", at_most=3, days=90),
        event("newest", "capture.magnet_downloaded", counting="each", at_most=2, days=14),
        FrequencyRule(
            key="busy", group="engagement", points=8 * POINT, event=page, distinct="path", times=5, within_days=2,
        ),
        FrequencyRule(
            key="opens_more", group="engagement", points=4 * POINT, event="delivery.email_opened",
            distinct="message", times=3, within_days=7,
        ),
    ]  # fmt: skip
    more = more[: 20 - len(CLASSIC.rules)]
    if fading:
        half = {"blog": 14, "trial": 30, "things": 60, "clicked": 21}
        more = [
            msgspec.structs.replace(rule, days=None, half_life_days=half[rule.key])
            if rule.key in half
            else rule
            for rule in more
        ]
    return msgspec.structs.replace(CLASSIC, rules=(*CLASSIC.rules, *more))


# --- the work ---------------------------------------------------------------------------------------------


def _speed(*, fading: bool) -> dict[str, object]:
    from handraiser.config import wiring
    from handraiser.core.journal import outbox, readers
    from handraiser.core.journal.live import journal
    from handraiser.kit import clock
    from handraiser.qualify.actions import scores

    people(fading=fading)
    for first in range(0, PEOPLE, 500):  # as the opening of each lead does
        everybody = range(first, first + 500)
        scores.rescore({_person(who): clock.from_ms(FIRST_MS) for who in everybody})
    chosen = [one for name in _NAMES for one in wiring.READERS if one.name == name]
    taken = dict.fromkeys(("relay", *_NAMES), 0.0)

    def turn() -> None:
        busy = True
        while busy:
            begun = time.process_time()
            busy = outbox.relay() > 0
            taken["relay"] += time.process_time() - begun
            for this in chosen:
                begun = time.process_time()
                if profile and only == this.name:
                    profile.enable()
                busy = readers.step(this) > 0 or busy
                if profile and only == this.name:
                    profile.disable()
                taken[this.name] += time.process_time() - begun

    def give() -> None:
        while batch := list(islice(source, min(APPENDED, EACH - given[0]))):
            journal().append(batch)
            given[0] += len(batch)

    source, given, found = events(), [0], []
    profile: cProfile.Profile | None = None
    only = os.environ.get("BENCH_PROFILE", "")
    give()
    turn()
    before = journal().head()
    taken = dict.fromkeys(taken, 0.0)
    profile = cProfile.Profile(time.process_time) if only else None
    for _ in range(WINDOWS):
        given[0] = 0
        give()
        begun = time.process_time()
        turn()
        found.append(EACH / (time.process_time() - begun))
    if profile:
        for order in ("tottime", "cumtime"):
            pstats.Stats(profile, stream=sys.stderr).sort_stats(order).print_stats(45)
    return {
        "per_core_s": statistics.median(found),
        "given": WINDOWS * EACH,
        "announced": journal().head() - before - WINDOWS * EACH,
        "readers": {name: round(spent / WINDOWS / EACH * 1e6, 1) for name, spent in taken.items()},
    }


def main() -> None:
    """Do one piece of work in this process, started as the loop is, and print what it came to."""
    from handraiser.cli import load_django

    load_django()
    print(json.dumps(_speed(fading=sys.argv[1] == "fading")))


if __name__ == "__main__":
    main()
