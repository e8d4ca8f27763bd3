"""A token bucket for every address, in memory: losing it costs nothing."""

from __future__ import annotations

from collections import OrderedDict

_REMEMBERED = 50_000


class Buckets:
    """Allows `burst` at once and `per_second` from then on, for each key."""

    def __init__(self, *, burst: float, per_second: float) -> None:
        self._burst = burst
        self._rate = per_second
        self._state: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, *, now: float, cost: float = 1.0) -> bool:
        """Take `cost` tokens; False if there are not enough. `now` in seconds of any steady clock."""
        tokens, since = self._state.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        allowed = tokens >= cost
        self._state[key] = (tokens - cost if allowed else tokens, now)
        if len(self._state) > _REMEMBERED:
            self._state.popitem(last=False)
        return allowed
