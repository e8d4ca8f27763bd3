"""Group commit without a timer: while one batch is being committed, the next one fills."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from handraiser.core.journal.store import Store
from handraiser.kit.envelope import Event

log = logging.getLogger(__name__)
_Waiting = tuple[Sequence[Event], "asyncio.Future[None]"]


class Full(Exception):
    """More waits than may wait; nothing was taken."""


class NotStored(Exception):
    """The journal did not take it; the sender has to send it again."""


class Buffer:
    """Collects events and commits them in one thread, which owns the journal's connection."""

    def __init__(
        self,
        open_journal: Callable[[], Store],
        *,
        capacity: int = 20_000,
        largest_batch: int = 2_000,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = open_journal
        self._capacity = capacity
        self._largest = largest_batch
        self._committed = committed
        self._waiting: list[_Waiting] = []
        self._held = 0
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._store: Store | None = None
        self._closed = False

    async def add(self, events: Sequence[Event]) -> None:
        """Return once these events are committed. Raises Full or NotStored: then nothing is promised."""
        if not events:
            return
        if self._closed or self._held + len(events) > self._capacity:
            raise Full
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        self._held += len(events)
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        await done

    async def close(self) -> None:
        """Commit what was taken, then take nothing more."""
        self._closed = True
        if self._running is not None:
            await self._running
        await asyncio.get_running_loop().run_in_executor(self._thread, self._forget_store)
        self._thread.shutdown()

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = self._next_batch()
                events = [event for some, _ in batch for event in some]
                error: Exception | None = None
                try:
                    await loop.run_in_executor(self._thread, self._commit, events)
                except Exception as problem:
                    log.exception("the journal did not take %d events", len(events))
                    error = problem
                self._held -= len(events)
                for _, done in batch:
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
        for events, _ in self._waiting:
            if taken and size + len(events) > self._largest:
                break
            size += len(events)
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    def _commit(self, events: Sequence[Event]) -> None:
        if self._store is None:
            self._store = self._open()
        try:
            self._store.append(events)
        except Exception:
            # A broken connection must not break the next batch too.
            self._forget_store()
            raise
        self._committed()

    def _forget_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except Exception:
                log.exception("the journal's connection did not close")
