"""Which product event makes a lead a PQL, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from handraiser.qualify.rules.rule_set import Signal, folded
from handraiser.qualify.rules.scoring import Evidence


def named(event: object) -> str:
    """The name of a product event as it is compared: "trial_started" and "Trial Started" are one."""
    return _named(str(event))


@lru_cache(maxsize=1024)
def _named(event: str) -> str:
    return folded(event.replace("_", " ").replace("-", " "))


def qualified(signals: Sequence[Signal], events: Iterable[Evidence]) -> tuple[Signal, Evidence] | None:
    """The signal that was complete first, with the event that completed it; None while none is.

    Bots do not count, and a repeat of an event changes nothing. Of two complete at once the first one is told.
    """
    waiting: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        waiting[named(signal.event)].append(signal)
    seen: dict[str, int] = defaultdict(int)
    once = {event.id: event for event in events if not event.body.get("bot")}
    for event in sorted(once.values(), key=lambda event: (event.at, event.id)):
        name = named(event.body.get("event", ""))
        if name not in waiting:
            continue
        seen[name] += 1
        for signal in waiting[name]:
            if seen[name] >= signal.times:
                return signal, event
    return None
