"""The loop process: relay, readers, due rows, again; woken after each commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import close_old_connections

from handraiser.core.journal import readers, wake
from handraiser.core.journal.outbox import relay
from handraiser.kit import clock

log = logging.getLogger(__name__)

# A turn costs some ten commits, whether for one event or for hundreds. What arrives while the loop draws breath
# shares the next turn's.
BREATH_SECONDS = 0.1
BUSY = 500  # events and rows; a turn that did more is followed by the next at once


@dataclass(frozen=True)
class Sweep:
    """Work that falls due by time alone: `run(now)` does a bounded piece and says how many rows it did."""

    name: str
    run: Callable[[datetime], int]
    every: timedelta = timedelta(seconds=1)


def once(
    all_readers: Sequence[readers.Reader], sweeps: Sequence[Sweep], *, at: datetime | None = None
) -> int:
    """One turn: everything that can be done now, in small transactions. Returns how much was done."""
    done = relay()
    for this in all_readers:
        done += readers.step(this)
    moment = at or clock.now()
    return done + sum(sweep.run(moment) for sweep in sweeps)


def settle(
    all_readers: Sequence[readers.Reader], sweeps: Sequence[Sweep], *, at: datetime | None = None
) -> None:
    """Turn until nothing is left to do at this moment. For tests, imports and the demo."""
    for _ in range(10_000):
        if not once(all_readers, sweeps, at=at):
            return
    raise RuntimeError("the loop does not come to rest: something feeds itself")


def run(all_readers: Sequence[readers.Reader], sweeps: Sequence[Sweep], *, stop: threading.Event) -> None:
    """Turn until told to stop. A failure is logged and the loop goes on: nothing is lost, only later.

    Raises DomainError("journal_replaced") at once when records and journal are not of one another.
    """
    readers.check(all_readers)
    receiver = wake.listen()
    next_run = {sweep.name: clock.now() for sweep in sweeps}
    next_retry = clock.now()
    while not stop.is_set():
        now = clock.now()
        due = [sweep for sweep in sweeps if next_run[sweep.name] <= now]
        done = 0
        try:
            done = once(all_readers, due, at=now)
            if next_retry <= now:
                done += sum(readers.retry(this) for this in all_readers)
                next_retry = now + timedelta(seconds=30)
        except Exception:
            log.exception("the loop met an error and goes on")
            close_old_connections()
        for sweep in due:
            next_run[sweep.name] = now + sweep.every
        if not done:
            wake.wait(receiver, 1.0)
        elif done < BUSY:
            stop.wait(BREATH_SECONDS)
    receiver.close()
