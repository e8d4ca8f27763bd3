"""How soon a lead is an MQL: from the request that tells of the deciding event to the stage in the records.

The product runs as it does in use: the collector in a process of its own, the loop with every reader and sweep in
another. Strangers and leads send a steady stream of events; some leads do what takes them over the line, and the
records are looked at all the while.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sqlite3
import statistics
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from benchmarks.rows import Rows
from benchmarks.spine_collector import BATCH, _end, _flood, collect_key, start_collector
from benchmarks.spine_sustained import KNOWN, VISITORS, Traffic
from tests.product import Product, free_port

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
        spawn = multiprocessing.get_context("spawn")
        client = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        product = Product()
        calls = _Traffic(collect_key(product))
        port = free_port()
        start_collector(stack, product, port)
        first = [calls.batch() for _ in range(VISITORS // BATCH)]
        if refused := client.submit(_flood, port, first, 4).result():
            raise RuntimeError(f"refused: {refused[0]!r}")
        leads: dict[str, str] = json.loads(product.script(_PEOPLE).splitlines()[-1])
        loop = product.spawn("-m", "handraiser.cli", "loop", own_session=True)
        stack.callback(_end, loop)
        deciding = list(leads)[:DECIDING]
        usual = [calls.some(TOGETHER) for _ in range(RATE * SECONDS // TOGETHER)]
        decisive = [calls.decide(visitor) for visitor in deciding]
        with _Watch(product) as watch:
            sent = client.submit(_steadily, port, usual, decisive).result()
            watch.wait_for(DECIDING)
        waits = [watch.found[leads[visitor]] - at for visitor, at in zip(deciding, sent, strict=True)]
        p95 = statistics.quantiles(waits, n=20)[-1]
        note = (
            f"{DECIDING} leads over {SECONDS} s, median {statistics.median(waits):.2f}, longest {max(waits):.2f} s;"
            f" {RATE} events/s in requests of {TOGETHER}, {KNOWN:,} people with a lead, 20 rules, all readers"
        )
        rows.add(SOON, p95, "s", "<= 2", note)


class _Traffic(Traffic):
    """What everybody sends, and what decides."""

    def some(self, count: int) -> bytes:
        """A request of some calls."""
        return self._post("/v1/batch", {"batch": [self.call() for _ in range(count)]})

    def decide(self, visitor: str) -> bytes:
        """The request of a visitor who does what takes the lead over the line."""
        call = {**self._next(), "anonymousId": visitor, "event": DECIDES, "properties": {}}
        return self._post("/v1/track", call)


def _steadily(port: int, usual: list[bytes], decisive: list[bytes]) -> list[float]:
    """Send both at steady rates; when each of the decisive ones was sent. RuntimeError if one is refused."""
    sent = [0.0] * len(decisive)

    async def one(request: bytes, number: int | None) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if number is not None:
            sent[number] = time.time()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        if head[9:12] != b"200":
            raise RuntimeError(f"refused: {head!r}")

    async def run() -> None:
        # The last ones while the stream still flows.
        due = [(n / len(usual), request, None) for n, request in enumerate(usual)]
        due += [((n + 0.5) / len(decisive) * 0.95, request, n) for n, request in enumerate(decisive)]  # type: ignore[misc]
        begun, tasks = time.perf_counter(), []
        for share, request, number in sorted(due, key=lambda one: one[0]):
            await asyncio.sleep(max(0.0, begun + share * SECONDS - time.perf_counter()))
            tasks.append(asyncio.create_task(one(request, number)))
        await asyncio.gather(*tasks)

    asyncio.run(run())
    return sent


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
