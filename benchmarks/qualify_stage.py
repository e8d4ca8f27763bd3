"""How soon a lead is an MQL: from the request that tells of the deciding event to the stage in the records.

The product runs as it does in use: the collector in a process of its own, the loop with every reader and sweep in
another. Strangers and leads send a steady stream of events; some leads do what takes them over the line, and the
records are looked at all the while.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import threading
import time
from contextlib import ExitStack

from benchmarks.rows import Rows
from benchmarks.spine_sustained import KNOWN, Spine
from tests.product import Product

SOON = "event_to_stage_p95_s"
RATE = 500  # events a second
TOGETHER = 10  # events in a request
DECIDING = 400
SECONDS = 40
LOOK_S = 0.02
DECIDES = "Asked for a price"
_PEOPLE = "from benchmarks.qualify_stage import people; people()"


def measure(rows: Rows) -> None:
    """The row."""
    if not rows.wants(SOON):
        return
    with ExitStack() as stack:
        spine = Spine(stack, people=_PEOPLE)
        leads: dict[str, str] = spine.told
        deciding = list(leads)[:DECIDING]
        usual = RATE * SECONDS // TOGETHER
        due: list[tuple[float, bytes, str]] = [
            (n / usual * SECONDS, spine.calls.some(TOGETHER), "") for n in range(usual)
        ]
        # The last ones while the stream still flows.
        due += [
            ((n + 0.5) / DECIDING * 0.95 * SECONDS, spine.calls.track_of(visitor, DECIDES), visitor)
            for n, visitor in enumerate(deciding)
        ]
        due.sort(key=lambda one: one[0])
        with _Watch(spine.product) as watch:
            moments = spine.send([(after, request) for after, request, _ in due])
            watch.wait_for(DECIDING)
        sent = {who: at for (_, _, who), at in zip(due, moments, strict=True) if who}
        waits = [watch.found[leads[visitor]] - at for visitor, at in sent.items()]
        p95 = statistics.quantiles(waits, n=20)[-1]
        note = (
            f"{DECIDING} leads over {SECONDS} s, median {statistics.median(waits):.2f}, longest {max(waits):.2f} s;"
            f" {RATE} events/s in requests of {TOGETHER}, {KNOWN:,} people with a lead, 20 rules, all readers"
        )
        rows.add(SOON, p95, "s", "<= 2", note)


class _Watch:
    """Notes when each lead is seen as an MQL in the records. Use it as a context manager."""

    def __init__(self, product: Product) -> None:
        self.found: dict[str, float] = {}
        self._records, self._over = product.home / "records.sqlite3", threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        with sqlite3.connect(f"file:{self._records}?mode=ro", uri=True) as db:
            last = 0
            while not self._over.wait(LOOK_S):
                asked = "select id, lead_id from qualify_stage_change where id > ? and stage = 'mql'"
                for number, lead in db.execute(asked, [last]).fetchall():
                    self.found.setdefault(lead, time.time())
                    last = max(last, number)

    def wait_for(self, count: int) -> None:
        """Return when so many are. RuntimeError after a minute."""
        end = time.monotonic() + 60
        while len(self.found) < count:
            if time.monotonic() > end:
                raise RuntimeError(f"{len(self.found)} of {count} leads are MQLs after a minute")
            time.sleep(LOOK_S)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def people() -> None:
    """Make every other visitor a lead, publish rules with one event that decides, and print lead by visitor."""
    import django

    django.setup()
    import msgspec

    from benchmarks import spine_readers, spine_sustained
    from handraiser.core.identity.models import VisitorLink
    from handraiser.core.people.models import Lead
    from handraiser.kit import clock
    from handraiser.qualify.models import RuleSet
    from handraiser.qualify.rules import rule_set
    from handraiser.qualify.rules.rule_set import POINT, EventRule, Rules

    spine_sustained.people()
    rules = spine_readers.rules(fading=True)
    assert isinstance(rules, Rules)
    decides = EventRule(
        key="decides", group="engagement", points=500 * POINT, event="attract.event_tracked", where_field="event",
        value=DECIDES, counting="once",
    )  # fmt: skip
    # Nothing else reaches the line.
    limits = msgspec.structs.replace(rules.limits, engagement=900 * POINT)
    content = msgspec.structs.replace(
        rules, rules=(*rules.rules[:-1], decides), limits=limits, threshold=400 * POINT
    )
    at = clock.now()
    RuleSet.objects.filter(state="live").update(state="retired")
    RuleSet.objects.create(
        number=(RuleSet.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1,
        state="live",
        content=rule_set.to_data(content),
        created_at=at,
        changed_at=at,
        published_at=at,
    )
    leads = dict(Lead.objects.values_list("person_id", "id"))
    links = VisitorLink.objects.values_list("visitor", "person_id")
    print(json.dumps({visitor: leads[person] for visitor, person in links}))
