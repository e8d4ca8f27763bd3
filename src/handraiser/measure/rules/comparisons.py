"""Is a change real? Tests of two shares and two counts, and the verdict in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import erfc, exp, lgamma, log, log1p, sqrt

# People look every day, and a test at 5 % finds "something" sooner or later. Robbins' normal mixture
# boundary, which holds for ever at 5 %, is |z| = 3.04 where it is narrowest; this is its p.
DAILY_ALPHA = 0.0024
YOUNG_DAYS = 30
TOO_MANY_YOUNG = 0.1  # more than this share of the leads still has its last steps before it
_EXACT_UP_TO = 2_000


class Verdict(StrEnum):
    """What may be said of a change."""

    RISE = "rise"
    FALL = "fall"
    NONE = "none"
    EARLY = "early"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Change:
    """A change between two periods: the difference, its p, and the verdict."""

    verdict: Verdict
    difference: float | None = None
    p: float | None = None


def two_sided(z: float) -> float:
    """p of a z of the normal distribution."""
    return erfc(abs(z) / sqrt(2))


def shares_z(hits: int, n: int, hits_before: int, n_before: int) -> float:
    """z of the difference of two shares, pooled; squared it is the chi-squared of R's prop.test."""
    if not n or not n_before:
        return 0.0
    pooled = (hits + hits_before) / (n + n_before)
    spread = sqrt(pooled * (1 - pooled) * (1 / n + 1 / n_before))
    return 0.0 if spread == 0 else (hits / n - hits_before / n_before) / spread


def binomial_p(hits: int, n: int, share: float) -> float:
    """Two-sided p that a share holds (the likelihood method of R's binom.test; normal above 2,000)."""
    if n == 0:
        return 1.0
    if share <= 0 or share >= 1:
        return 1.0 if hits == n * share else 0.0
    if n > _EXACT_UP_TO:
        return two_sided((hits - n * share) / sqrt(n * share * (1 - share)))

    def chance(k: int) -> float:
        ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        return exp(ways + k * log(share) + (n - k) * log1p(-share))

    limit = chance(hits) * (1 + 1e-7)
    return min(1.0, sum(each for each in map(chance, range(n + 1)) if each <= limit))


def counts_p(count: int, exposure: float, before: int, exposure_before: float) -> float:
    """p that two counts come at the same rate per exposure (days, money): given the sum, one is binomial."""
    if exposure <= 0 or exposure_before <= 0:
        return 1.0
    return binomial_p(count, count + before, exposure / (exposure + exposure_before))


def of_shares(hits: int, n: int, hits_before: int, n_before: int, *, young: int = 0) -> Change:
    """Compare two shares. `young`: members of the later group whose story is not told yet."""
    if n and young > n * TOO_MANY_YOUNG:
        return Change(Verdict.EARLY)
    if not n or not n_before:
        return Change(Verdict.UNKNOWN)
    difference = hits / n - hits_before / n_before
    p = two_sided(shares_z(hits, n, hits_before, n_before))
    return Change(_verdict(difference, p), difference, p)


def of_counts(count: int, exposure: float, before: int, exposure_before: float) -> Change:
    """Compare two counts; the difference is relative (0.14: 14 % more). Nothing before: unknown."""
    if not before or exposure <= 0 or exposure_before <= 0:
        return Change(Verdict.UNKNOWN)
    difference = (count / exposure) / (before / exposure_before) - 1
    p = counts_p(count, exposure, before, exposure_before)
    return Change(_verdict(difference, p), difference, p)


def of_costs(amount: int | None, count: int, amount_before: int | None, before: int) -> Change:
    """Compare the cost of one of `count`; the difference is in minor units, the test of counts per money."""
    if not amount or not amount_before or not count or not before:
        return Change(Verdict.UNKNOWN)
    difference = amount / count - amount_before / before
    p = counts_p(count, amount, before, amount_before)
    return Change(_verdict(difference, p), difference, p)


def _verdict(difference: float, p: float) -> Verdict:
    if p >= DAILY_ALPHA:
        return Verdict.NONE
    return Verdict.RISE if difference > 0 else Verdict.FALL


def answer(leads: Change, cost: Change, quality: Change, *, period: str) -> str:
    """The dashboard's first sentence, from tested facts only."""
    if leads.verdict == Verdict.UNKNOWN and quality.verdict in (Verdict.UNKNOWN, Verdict.EARLY):
        return f"Nothing to compare {period} with yet"
    parts = []
    if leads.verdict in (Verdict.RISE, Verdict.FALL):
        parts.append("more leads" if leads.verdict == Verdict.RISE else "fewer leads")
    if cost.verdict in (Verdict.RISE, Verdict.FALL):
        parts.append("at a higher cost" if cost.verdict == Verdict.RISE else "at a lower cost")
    if quality.verdict in (Verdict.RISE, Verdict.FALL):
        parts.append("of better quality" if quality.verdict == Verdict.RISE else "of lower quality")
    if not parts:
        return f"No clear change in {period}"
    if not parts[0].endswith("leads"):
        parts[0] = f"leads {parts[0]}"
    text = ", ".join(parts)
    return text[0].upper() + text[1:]
