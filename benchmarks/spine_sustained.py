"""The whole spine at a steady rate: how many events a second two cores take without falling behind.

The collector, in a process of its own, gets real requests at a fixed rate; the loop, in another, runs the relay,
every reader and every sweep of the product. How far the slowest reader is behind is looked at all the while.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sqlite3
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.load import cpu_seconds
from benchmarks.rows import Rows
from benchmarks.spine_collector import BATCH, Calls, _end, _flood, collect_key, start_collector
from tests.product import Product, free_port

SUSTAINED = "sustained_events_per_s"
RATES = (1_500, 3_000)  # events a second; the next one is tried when one was held
WARM, SECONDS = 8, 40
VISITORS, KNOWN = 4_000, 2_000
_PEOPLE = "from benchmarks.spine_sustained import people; people()"


def measure(rows: Rows) -> None:
    """The row of the steady rate."""
    if not rows.wants(SUSTAINED):
        return
    with ExitStack() as stack:
        spine = Spine(stack, people=_PEOPLE)
        told, loop, collector = spine.told, spine.loop, spine.collector
        held, notes = 0.0, []
        for rate in RATES:
            while _waiting(spine.product):
                time.sleep(0.2)
            before = cpu_seconds(loop.pid), cpu_seconds(collector.pid)
            due = [
                (number * BATCH / rate, spine.calls.batch())
                for number in range(rate * (WARM + SECONDS) // BATCH)
            ]
            with _Watch(spine.product) as watch:
                spine.send(due)
            cpu = cpu_seconds(loop.pid) - before[0], cpu_seconds(collector.pid) - before[1]
            lag = watch.told(rate)
            notes.append(
                f"{rate:,}/s: behind by {lag.early:,.0f} events after {WARM} s, by {lag.late:,.0f} at the end, loop"
                f" {cpu[0]:.0f} and collector {cpu[1]:.0f} s of processor time"
            )
            if lag.grows:
                break
            held = rate
        note = (
            f"{told['readers']} readers, {told['sweeps']} sweeps, {KNOWN:,} people with a lead, a page view or a"
            f" track each, {told['identified']:.0%} of known visitors; {'; '.join(notes)}"
        )
        rows.add(SUSTAINED, held, "events/s", ">= 1500", note)


class Spine:
    """A product in use: the collector in a process of its own, the loop in another, a client in a third.

    `people` is the script that makes leads of those who came; `told` is what it printed. They end with the stack.
    """

    def __init__(self, stack: ExitStack, *, people: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._client = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        self._port = free_port()
        self.product = Product()
        self.calls = Traffic(collect_key(self.product))
        self.collector = start_collector(stack, self.product, self._port)
        first = [self.calls.batch() for _ in range(VISITORS // BATCH)]
        if refused := self._client.submit(_flood, self._port, first, 4).result():
            raise RuntimeError(f"refused: {refused[0]!r}")
        self.told = json.loads(self.product.script(people).splitlines()[-1])
        self.loop = self.product.spawn("-m", "handraiser.cli", "loop", own_session=True)
        stack.callback(_end, self.loop)

    def send(self, due: Sequence[tuple[float, bytes]]) -> list[float]:
        """Send each request so many seconds after the beginning, in this order; when each was sent (Unix time).

        RuntimeError if one is refused.
        """
        return self._client.submit(_steadily, self._port, due).result()


class Traffic(Calls):
    """Calls of the same visitors again and again, each now."""

    _turn = 0

    def _next(self) -> dict[str, object]:
        if not self._turn:
            self._pool = [self._uuid() for _ in range(VISITORS)]
        self._turn += 1
        visitor = self._turn - 1 if self._turn <= VISITORS else self._random.randrange(VISITORS)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**super()._next(), "anonymousId": self._pool[visitor], "timestamp": now}


def _steadily(port: int, due: Sequence[tuple[float, bytes]]) -> list[float]:
    """Each over a connection of its own."""
    sent = [0.0] * len(due)

    async def one(number: int, request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent[number] = time.time()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        if head[9:12] != b"200":
            raise RuntimeError(f"refused: {head!r}")

    async def run() -> None:
        begun, tasks = time.perf_counter(), []
        for number, (after, request) in enumerate(due):
            await asyncio.sleep(max(0.0, begun + after - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number, request)))
        await asyncio.gather(*tasks)

    asyncio.run(run())
    return sent


def people() -> None:
    """Make every other visitor of the journal a person with an open lead; in a process of the product."""
    import django

    django.setup()
    from handraiser.config import wiring
    from handraiser.core.identity.actions import identifiers, visitors
    from handraiser.core.journal.live import journal
    from handraiser.core.people.actions import leads
    from handraiser.core.people.models import OfferLine
    from handraiser.kit import clock

    if not OfferLine.objects.exists():
        OfferLine.objects.create(name="Consulting")
    at = clock.now()
    events = journal().read(after=0, limit=10 * VISITORS)
    seen = sorted({event.visitor for event in events if event.visitor})
    for number, visitor in enumerate(seen[:: VISITORS // KNOWN]):
        person = identifiers.resolve(at=at, how="form", email=f"p{number}@firm.example.com").person
        leads.open(person=person, at=at, how="form")
        visitors.link(visitor=visitor, person_id=person.id, how="form", at=at)
    share = len(seen[:: VISITORS // KNOWN]) / len(seen)
    told = {"readers": len(wiring.READERS), "sweeps": len(wiring.SWEEPS), "identified": share}
    print(json.dumps(told))


# --- how far behind ---------------------------------------------------------------------------------------


def _waiting(product: Product) -> int:
    """How many events the slowest reader has not passed, with those that wait for the relay."""
    with sqlite3.connect(f"file:{product.home / 'journal.sqlite3'}?mode=ro", uri=True) as journal:
        row = journal.execute("select seq from sqlite_sequence where name = 'event'").fetchone()
    with sqlite3.connect(f"file:{product.home / 'records.sqlite3'}?mode=ro", uri=True) as records:
        slowest = records.execute("select min(position) from journal_cursor").fetchone()[0]
        outbox = records.execute("select count(*) from journal_outbox").fetchone()[0]
    return int(row[0] if row else 0) - int(slowest or 0) + int(outbox)


@dataclass(frozen=True)
class _Lag:
    """Events behind, on average: after the warm-up, and at the end."""

    early: float
    late: float
    rate: int

    @property
    def grows(self) -> bool:
        """Whether it is more at the end, by more than what comes in a second."""
        return self.late > self.early + self.rate


class _Watch:
    """Looks each half second how far behind the readers are. Use it as a context manager."""

    def __init__(self, product: Product) -> None:
        self._product, self._over = product, threading.Event()
        self._found: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        begun = time.monotonic()
        while not self._over.wait(0.5):
            self._found.append((time.monotonic() - begun, _waiting(self._product)))

    def told(self, rate: int) -> _Lag:
        """The first ten seconds after the warm-up beside the last ten."""
        end = self._found[-1][0]
        early = [n for at, n in self._found if WARM <= at < WARM + 10]
        late = [n for at, n in self._found if at > end - 10]
        return _Lag(statistics.mean(early), statistics.mean(late), rate)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
