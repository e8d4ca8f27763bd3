"""What an agreement is worth: Fellegi and Sunter (1969), learned by expectation-maximisation, without labels.

For each column m is how often a level of agreement is seen in pairs of one person, u in pairs of two. A pair's
weight is the sum of log2(m/u) over its columns, and its probability follows from the share of matches among the
compared pairs. Both are drawn to plain expectations as if `_PRIOR` pairs had been seen already, so that twenty
records do not teach nonsense; a few thousand do not feel it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handraiser.core.identity.rules.duplicates.columns import LEVELS, MISSING

Pattern = tuple[int, ...]

_PRIOR = 8.0
_ROUNDS = 60
_M = (0.80, 0.12, 0.03, 0.05)  # one person: mostly equal, sometimes mistyped, seldom another value
_SETTLED = 1e-6


@dataclass(frozen=True, slots=True)
class Weights:
    """The learned shares: by column, by level; and how many of the compared pairs are matches."""

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

    `chance` is how often each level is seen between two records taken at random, by column: where u starts.
    """
    width = len(chance)
    total = sum(counts.values())
    u = [list(levels) for levels in chance]
    weights = Weights([list(_M) for _ in range(width)], u, min(0.2, max(1e-4, records / (10 * max(total, 1)))))
    for _ in range(_ROUNDS):
        matched = [[_PRIOR * _M[level] for level in range(LEVELS)] for _ in range(width)]
        other = [[_PRIOR * chance[at][level] for level in range(LEVELS)] for at in range(width)]
        matches = 0.0
        for pattern, times in counts.items():
            here = times * weights.probability(pattern)
            matches += here
            for at, level in enumerate(pattern):
                if level != MISSING:
                    matched[at][level] += here
                    other[at][level] += times - here
        share = min(0.5, max(1e-6, (matches + 0.01) / (total + 1)))
        fresh = Weights([_shares(one) for one in matched], [_shares(one) for one in other], share)
        settled = abs(fresh.share - weights.share) < _SETTLED
        weights = fresh
        if settled:
            break
    return weights


def _shares(seen: Sequence[float]) -> list[float]:
    total = sum(seen)
    return [max(count / total, 1e-5) for count in seen]
