"""Counts and amounts with their honest range. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

from handraiser.kit.statistics import Z95

_EXACT_UP_TO = 100


@dataclass(frozen=True)
class Range:
    """A number with its 95 % range; None is unknown. `n` is what was counted to get it."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def as_dict(self, digits: int = 2) -> dict[str, float | int | None]:
        def short(number: float | None) -> float | None:
            return None if number is None else round(number, digits)

        return {"value": short(self.value), "low": short(self.low), "high": short(self.high), "n": self.n}


def poisson_range(count: int) -> tuple[float, float]:
    """The 95 % range of a count (Garwood 1936, exact; Wilson and Hilferty's approximation above 100).

    17 events: 9.9 to 27.2. None: 0 to 3.7.
    """
    if count < 0:
        raise ValueError(f"not a count: {count}")
    if count > _EXACT_UP_TO:
        return _wilson_hilferty(count, -Z95), _wilson_hilferty(count + 1, Z95)
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _poisson_cdf(count - 1, mean) - 0.025, count)
    high = _solve(lambda mean: 0.025 - _poisson_cdf(count, mean), count)
    return low, high


def _wilson_hilferty(count: int, z: float) -> float:
    return count * (1 - 1 / (9 * count) + z / (3 * sqrt(count))) ** 3


def _poisson_cdf(count: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    return min(1.0, sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1)))


def _solve(rising: Callable[[float], float], near: int) -> float:
    """Where a rising function is zero, by halving."""
    low, high = 0.0, near + 10 * sqrt(near + 1) + 10
    for _ in range(80):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def each(amount: int | None, count: int) -> Range:
    """What one of `count` things cost when all cost `amount` minor units. Its range is that of the count.

    Unknown without an amount; without a count the cost is at least the amount over the most that zero allows.
    """
    if amount is None:
        return Range(None, None, None, count)
    low, high = poisson_range(count)
    return Range(
        value=amount / count if count else None,
        low=amount / high if high else None,
        high=amount / low if low else None,
        n=count,
    )


def return_on(amount: int | None, revenue: int | None, count: int) -> tuple[Range, Range]:
    """ROI, (revenue - spend) / spend, and ROAS, revenue / spend. Unknown without either.

    The range lets the number of wins vary as a count does, at the average revenue of a win; with no win it
    cannot be told from above.
    """
    if not amount or revenue is None:
        return Range(None, None, None, count), Range(None, None, None, count)
    low, high = poisson_range(count)
    value = revenue / amount
    bounds = (value * low / count, value * high / count) if count else (0.0, None)
    top = bounds[1]
    roas = Range(value, bounds[0], top, count)
    return Range(value - 1, bounds[0] - 1, None if top is None else top - 1, count), roas


def median(values: list[float]) -> float | None:
    """The middle value, None for an empty list."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
