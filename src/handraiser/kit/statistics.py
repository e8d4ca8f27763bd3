"""Intervals and tests for rates. Every rate on a screen passes through `rate`."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True)
class Rate:
    """A share with its honest range: `value` and the bounds are None when nothing was counted."""

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON: value, bounds rounded to four places, n."""
        return {
            "value": None if self.value is None else round(self.value, 5),
            "low": None if self.low is None else round(self.low, 4),
            "high": None if self.high is None else round(self.high, 4),
            "n": self.n,
        }


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927, JASA 22:209). Stays inside 0..1 even for 0 of n.

    Raises ValueError unless 0 <= hits <= n and n > 0.
    """
    if n <= 0 or not 0 <= hits <= n:
        raise ValueError(f"not a share: {hits} of {n}")
    share = hits / n
    centre = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the edges the exact bound is 0 or 1; floating point may miss it by a hair.
    low = 0.0 if hits == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if hits == n else min(1.0, (centre + spread) / scale)
    return low, high


def rate(hits: int, n: int) -> Rate:
    """A share with its 95 % Wilson interval; unknown, not zero, when n is 0."""
    if n == 0:
        return Rate(hits=0, n=0, value=None, low=None, high=None)
    low, high = wilson(hits, n)
    return Rate(hits=hits, n=n, value=hits / n, low=low, high=high)
