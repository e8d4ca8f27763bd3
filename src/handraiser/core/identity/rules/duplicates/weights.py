"""What an agreement is worth: Fellegi and Sunter (1969), learned by expectation-maximisation, without labels.

For each column m is how often a level of agreement is seen in pairs of one person, u in pairs of two. A pair's
weight is the sum of log2(m/u) over its columns, and its probability follows from the share of matches among all
pairs. u is counted between records taken at random, as nearly all of those are two people; m and the share are
learned from the compared pairs. m is drawn to a plain expectation as if `_PRIOR` matches had been seen already, so
that twenty records do not teach nonsense; a few hundred do not feel it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handraiser.core.identity.rules.duplicates.columns import DIFFERENT, LEVELS, MISSING

Pattern = tuple[int, ...]

_PRIOR = 20.0
_ROUNDS = 60
_M = (0.80, 0.12, 0.03, 0.05)  # one person: mostly equal, sometimes mistyped, seldom another value
_OTHERWISE = (
    0.35  # one person has another value in a column at most this often: else "match" would lose its meaning
)
_SETTLED = 1e-3


@dataclass(frozen=True, slots=True)
class Weights:
    """The learned shares: by column, by level; and how many of all pairs are matches."""

    m: list[list[float]]
    u: list[list[float]]
    share: float

    def evidence(self, pattern: Pattern) -> list[float]:
        """Bits for (+) or against (-) a match, by column."""
        return [
            0.0 if level == MISSING else math.log2(self.m[at][level] / self.u[at][level])
            for at, level in enumerate(pattern)
        ]

    def probability(self, pattern: Pattern) -> float:
        """How probable it is that a pair with this pattern is one person."""
        bits = math.log2(self.share / (1 - self.share)) + sum(self.evidence(pattern))
        return 1 / (1 + 2 ** -max(min(bits, 60), -60))


def learn(counts: Mapping[Pattern, int], chance: Sequence[Sequence[float]], *, records: int) -> Weights:
    """Learn from how often each pattern was seen among the compared pairs.

    `chance` is u: how often each level is seen between two records taken at random, by column.
    """
    width = len(chance)
    everything = records * (records - 1) / 2
    u = [list(levels) for levels in chance]
    # To begin with, one record in ten is there twice.
    weights = Weights([list(_M) for _ in range(width)], u, min(0.2, records / 10 / everything))
    for _ in range(_ROUNDS):
        matched = [[_PRIOR * _M[level] for level in range(LEVELS)] for _ in range(width)]
        matches = 0.0
        for pattern, times in counts.items():
            here = times * weights.probability(pattern)
            matches += here
            for at, level in enumerate(pattern):
                if level != MISSING:
                    matched[at][level] += here
        share = min(0.5, (matches + 0.1) / everything)
        settled = abs(share - weights.share) * everything < _SETTLED
        weights = Weights([_mostly_equal(_shares(one)) for one in matched], u, share)
        if settled:
            break
    return weights


def _shares(seen: Sequence[float]) -> list[float]:
    total = sum(seen)
    return [max(count / total, 1e-5) for count in seen]


def _mostly_equal(m: list[float]) -> list[float]:
    if m[DIFFERENT] <= _OTHERWISE:
        return m
    scale = (1 - _OTHERWISE) / (1 - m[DIFFERENT])
    return [_OTHERWISE if level == DIFFERENT else share * scale for level, share in enumerate(m)]
