"""Group commit without a timer: while one batch is being committed, the next one fills."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from handraiser.core.journal.store import Store
from handraiser.kit.envelope import Event

log = logging.getLogger(__name__)
_Waiting = tuple[Sequence[Event], int, "asyncio.Future[None]"]


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
    """Collects events and commits them in one thread, which owns the journal's connection."""

    def __init__(
        self,
        open_journal: Callable[[], Store],
        *,
        capacity: int = 20_000,
        capacity_bytes: int = 64_000_000,
        largest_batch: int = 2_000,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = open_journal
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._largest = largest_batch
        self._committed = committed
        self._waiting: list[_Waiting] = []
        self._held = self._held_bytes = 0
        self.figures = Figures()
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._store: Store | None = None
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
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        await done

    async def note_drops(self, counts: Mapping[tuple[int, str, str], int]) -> None:
        """Count in the journal what was refused: {(day, fact, reason): how often}. Raises what the journal does."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._note, counts)

    async def settled(self) -> None:
        """Take nothing more, and return once what was taken is committed."""
        self._closed = True
        if self._running is not None:
            await self._running

    async def close(self) -> None:
        """Commit what was taken, then let the journal go."""
        await self.settled()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._forget_store)
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next_batch()
                events = [event for some, _, _ in batch for event in some]
                error: Exception | None = None
                try:
                    await loop.run_in_executor(self._thread, self._commit, events)
                except Exception as problem:
                    log.exception("the journal did not take %d events", len(events))
                    self.figures.failed += len(events)
                    error = problem
                self._held -= len(events)
                self._held_bytes -= sum(size for _, size, _ in batch)
                for _, _, done in batch:
                    if done.done():  # the sender hung up
                        continue
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(NotStored())
        finally:
            self._running = None

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
        if self._store is None:
            self._store = self._open()
        try:
            self._store.note_drops(counts)
        except Exception:
            self._forget_store()
            raise

    def _commit(self, events: Sequence[Event]) -> None:
        if self._store is None:
            self._store = self._open()
        begun = time.perf_counter()
        try:
            new = self._store.append(events)
        except Exception:
            # A broken connection must not break the next batch too.
            self._forget_store()
            raise
        taken = time.perf_counter() - begun
        figures = self.figures
        figures.stored += new
        figures.known += len(events) - new
        figures.commits += 1
        figures.seconds += taken
        figures.longest = max(figures.longest, taken)
        self._committed()

    def _forget_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except Exception:
                log.exception("the journal's connection did not close")
