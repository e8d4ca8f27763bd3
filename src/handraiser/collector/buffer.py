"""Group commit: while one batch is being committed, and for two milliseconds after it, the next one fills.

In a process of its own the collector commits in the thread that reads the requests, once all that arrived
together were read: what arrives meanwhile waits in its sockets and is the next batch. A second thread would hand
Python's lock to and fro at every statement, which costs more than the commit. While somebody else is writing it
reads on and asks again each millisecond; SQLite's own waiting doubles its pauses. Only when the disk is slow, a
thread waits for it, so that there is still an answer for who has to come again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from handraiser.core.journal.store import Busy, Store
from handraiser.kit import failpoints
from handraiser.kit.envelope import Event

log = logging.getLogger(__name__)
_Waiting = tuple[Sequence[Event], int, "asyncio.Future[None]"]
SLOW_SECONDS = 0.05  # a commit that took longer sends the next one to the thread
ASK_AGAIN_SECONDS = 0.001
# Between two commits. The kernel wakes us with the first of many requests; what each costs by itself is ten times
# what it costs among fifty. Who comes after a pause is committed at once.
GATHER_SECONDS = 0.002
PATIENCE_SECONDS = 20.0  # nobody writes for that long


class Full(Exception):
    """More waits than may wait; nothing was taken."""


class NotStored(Exception):
    """The journal did not take it; the sender has to send it again."""


@dataclass
class Figures:
    """What became of events since the start. Seconds are those that commits took, one after the other."""

    stored: int = 0
    known: int = 0  # sent before: stored once
    refused: int = 0  # for want of room
    failed: int = 0
    commits: int = 0
    seconds: float = 0.0
    longest: float = 0.0


class Buffer:
    """Collects events and commits them, one batch at a time. `alone`: nothing else needs the calling thread."""

    def __init__(
        self,
        open_journal: Callable[[], Store],
        *,
        capacity: int = 20_000,
        capacity_bytes: int = 64_000_000,
        largest_batch: int = 2_000,
        committed: Callable[[], None] = lambda: None,
        alone: bool = False,
    ) -> None:
        self._open = open_journal
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._largest = largest_batch
        self._committed = committed
        self._alone = alone
        self._slow = self._called = False
        self._busy_until: float | None = None  # then it is given up
        self._gathers_until = 0.0
        self._waiting: list[_Waiting] = []
        self._held = self._held_bytes = 0
        self.figures = Figures()
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._store: Store | None = None
        self._counting: Store | None = None  # refusals are counted while a batch may be on its way
        self._closed = False

    @property
    def held(self) -> int:
        """How many events wait now."""
        return self._held

    async def add(self, events: Sequence[Event], *, size: int = 0) -> None:
        """Return once these events are committed. Raises Full or NotStored: then nothing is promised.

        `size`: the bytes they hold in memory while they wait, about.
        """
        if not events:
            return
        fits = self._held + len(events) <= self._capacity and self._held_bytes + size <= self._capacity_bytes
        if self._closed or not fits:
            self.figures.refused += len(events)
            raise Full
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, size, done))
        self._held += len(events)
        self._held_bytes += size
        self._go_on()
        await done

    async def note_drops(self, counts: Mapping[tuple[int, str, str], int]) -> None:
        """Count in the journal what was refused: {(day, fact, reason): how often}. Raises what the journal does."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._note, counts)

    async def settled(self) -> None:
        """Take nothing more, and return once what was taken is committed."""
        self._closed = True
        while self._waiting or self._running is not None:
            self._go_on()
            await (self._running or asyncio.sleep(0))

    async def close(self) -> None:
        """Commit what was taken, then let the journal go."""
        await self.settled()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_stores)
        self._thread.shutdown()

    def _go_on(self) -> None:
        if self._running is not None or self._called:
            return
        if self._alone and not self._slow:
            # After all that is ready now: it joins this batch.
            loop, pause = asyncio.get_running_loop(), self._gathers_until - time.monotonic()
            if pause > 0 and not self._closed:
                loop.call_later(pause, self._commit_here)
            else:
                loop.call_soon(self._commit_here)
            self._called = True
        else:
            self._running = asyncio.create_task(self._drain())

    def _commit_here(self) -> None:
        self._called = False
        if not self._waiting:
            return
        batch = self._next_batch()
        try:
            self._commit(_events(batch), patient=False)
        except Busy as busy:
            now = time.monotonic()
            self._busy_until = self._busy_until or now + PATIENCE_SECONDS
            if now < self._busy_until:
                self._waiting[:0] = batch
                asyncio.get_running_loop().call_later(ASK_AGAIN_SECONDS, self._commit_here)
                self._called = True
                return
            self._answer(batch, busy)
        except Exception as problem:
            self._answer(batch, problem)
        else:
            self._answer(batch, None)
        self._busy_until = None
        self._gathers_until = time.monotonic() + GATHER_SECONDS
        if self._waiting:
            self._go_on()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next_batch()
                error: Exception | None = None
                try:
                    await loop.run_in_executor(self._thread, self._commit, _events(batch))
                except Exception as problem:
                    error = problem
                self._answer(batch, error)
                if self._alone and not self._slow:
                    return
        finally:
            self._running = None
            if self._waiting:
                self._go_on()

    def _answer(self, batch: Sequence[_Waiting], error: Exception | None) -> None:
        """Tell the senders of a batch what became of it."""
        count = sum(len(events) for events, _, _ in batch)
        if error is not None:
            log.error("the journal did not take %d events", count, exc_info=error)
            self.figures.failed += count
        self._held -= count
        self._held_bytes -= sum(size for _, size, _ in batch)
        for _, _, done in batch:
            if done.done():  # the sender hung up
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(NotStored())

    def _next_batch(self) -> list[_Waiting]:
        size = taken = 0
        for events, _, _ in self._waiting:
            if taken and size + len(events) > self._largest:
                break
            size += len(events)
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    def _note(self, counts: Mapping[tuple[int, str, str], int]) -> None:
        if self._counting is None:
            self._counting = self._open()
        try:
            self._counting.note_drops(counts)
        except Exception:
            _close(self._counting)
            self._counting = None
            raise

    def _commit(self, events: Sequence[Event], *, patient: bool = True) -> None:
        if self._store is None:
            self._store = self._open()
        begun = time.perf_counter()
        try:
            new = self._store.append(events, patient=patient)
        except Busy:
            raise
        except Exception:
            # A broken connection must not break the next batch too.
            _close(self._store)
            self._store = None
            raise
        taken = time.perf_counter() - begun
        figures = self.figures
        figures.stored += new
        figures.known += len(events) - new
        figures.commits += 1
        figures.seconds += taken
        figures.longest = max(figures.longest, taken)
        self._slow = taken > SLOW_SECONDS
        failpoints.reach("collector.committed")
        self._committed()

    def _close_stores(self) -> None:
        _close(self._store)
        _close(self._counting)
        self._store = self._counting = None


def _events(batch: Sequence[_Waiting]) -> list[Event]:
    return [event for some, _, _ in batch for event in some]


def _close(store: Store | None) -> None:
    if store is not None:
        try:
            store.close()
        except Exception:
            log.exception("the journal's connection did not close")
