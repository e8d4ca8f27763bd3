"""The loop process: relay, readers, due rows, again; woken after each commit."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import close_old_connections

from handraiser.core.journal import readers, sharing, wake
from handraiser.core.journal.live import journal
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
    all_readers: Sequence[readers.Reader],
    sweeps: Sequence[Sweep],
    *,
    at: datetime | None = None,
    stop: threading.Event | None = None,
) -> int:
    """One turn: everything that can be done now, in small transactions. Returns how much was done.

    `stop`: when it is set, what has not begun is left for the next time.
    """
    moment = at or clock.now()
    work: list[tuple[str, Callable[[], int]]] = [("relay", relay)]
    work += [(this.name, partial(readers.step, this)) for this in all_readers]
    work += [(sweep.name, partial(sweep.run, moment)) for sweep in sweeps]
    done = 0
    for name, run in work:
        if stop is not None and stop.is_set():
            break
        done += _held(name, run)
    journal().enter_visitors()
    journal().move_log()
    return done


def _held(name: str, run: Callable[[], int]) -> int:
    """What this loop did of it; nothing while another loop is at it."""
    with sharing.folder_of(name) as ours:
        return run() if ours else 0


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

    Told to stop, it ends what it is in the middle of and begins nothing more. Raises at once
    DomainError("journal_replaced") when records and journal are not of one another, and ("second_loop") when one
    loop is enough.
    """
    place = sharing.take()
    try:
        readers.check(all_readers)
        # A later loop on PostgreSQL is not woken, it looks each second.
        receiver = wake.listen() if place.first else wake.deaf()
        _turn(all_readers, sweeps, stop=stop, place=place, receiver=receiver)
        receiver.close()
    finally:
        place.leave()


def _turn(
    all_readers: Sequence[readers.Reader],
    sweeps: Sequence[Sweep],
    *,
    stop: threading.Event,
    place: sharing.Place,
    receiver: socket.socket,
) -> None:
    next_run = {sweep.name: clock.now() for sweep in sweeps}
    next_retry = clock.now()
    while not stop.is_set():
        now = clock.now()
        due = [sweep for sweep in sweeps if next_run[sweep.name] <= now]
        done = 0
        try:
            done = once(all_readers, due, at=now, stop=stop)
            if next_retry <= now and not stop.is_set():
                done += sum(_held(this.name, partial(readers.retry, this)) for this in all_readers)
                next_retry = now + timedelta(seconds=30)
        except Exception:
            log.exception("the loop met an error and goes on")
            close_old_connections()
        place.turned()
        for sweep in due:
            next_run[sweep.name] = now + sweep.every
        if stop.is_set():
            return
        if not done:
            wake.wait(receiver, 1.0)
        elif done < BUSY:
            stop.wait(BREATH_SECONDS)
