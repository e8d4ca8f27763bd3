"""From records to pairs that are probably one person, each with its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations

from handraiser.core.identity.rules.duplicates import blocking, weights
from handraiser.core.identity.rules.duplicates.columns import KINDS, LEVELS, MISSING, Column, guess
from handraiser.core.identity.rules.duplicates.weights import Pattern

LIKELY = 0.5
_LEVEL_WORDS = ("equal", "nearly equal", "similar", "different", "missing")
_CHANCE_PAIRS = 20_000
# As if six pairs had been seen: strangers seldom agree.
_EXPECTED = (0.06, 0.06, 0.2, 5.68)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records by their numbers; `reasons` are (column, how it agrees, bits), the strongest first."""

    one: int
    other: int
    probability: float
    reasons: tuple[tuple[str, str, float], ...]


def find(
    records: Sequence[Mapping[str, str]],
    columns: Sequence[Column] = (),
    *,
    at_least: float = LIKELY,
) -> list[Pair]:
    """Pairs of records that are probably one person, the most probable first.

    Without `columns` their roles are guessed from the values of all that the first record names. No labels are
    used, and neither the order of the records nor the names of the columns matter.
    """
    chosen = list(columns) or guess(records, records[0].keys() if records else ())
    if not chosen or len(records) < 2:
        return []
    cells = [_cleaned(record, chosen) for record in records]
    candidates = blocking.pairs(cells, chosen)
    if not candidates:
        return []
    comparers = [KINDS[column.kind].compare for column in chosen]

    def pattern(one: int, other: int) -> Pattern:
        return tuple(
            compare(a, b) if a and b else MISSING
            for compare, a, b in zip(comparers, cells[one], cells[other], strict=True)
        )

    # There are far fewer patterns than pairs: each is kept once.
    once: dict[Pattern, Pattern] = {}
    patterns = [once.setdefault(seen, seen) for seen in (pattern(*pair) for pair in candidates)]
    learned = weights.learn(Counter(patterns), _chance(cells, pattern), records=len(records))
    names = [column.name for column in chosen]
    found = []
    known: dict[Pattern, tuple[float, tuple[tuple[str, str, float], ...]]] = {}
    for (one, other), seen in zip(candidates, patterns, strict=True):
        if seen not in known:
            known[seen] = (learned.probability(seen), _reasons(names, seen, learned))
        probability, reasons = known[seen]
        if probability >= at_least:
            found.append(Pair(one, other, probability, reasons))
    return sorted(found, key=lambda pair: (-pair.probability, pair.one, pair.other))


def _cleaned(record: Mapping[str, str], columns: Sequence[Column]) -> list[str]:
    return [KINDS[column.kind].clean(str(record.get(column.name) or "")) for column in columns]


def _chance(cells: Sequence[Sequence[str]], pattern: Callable[[int, int], Pattern]) -> list[list[float]]:
    """How often each level is seen between records that have nothing to do with each other, by column.

    Of few records all pairs are taken; of many, those at some distances in an order that a digest of their content
    decides, so that the figure is the same whatever order they came in. In an order by content itself, what stands
    at a distance would differ in just the columns that are sorted by.
    """
    order = sorted(range(len(cells)), key=lambda number: _digest(cells[number]))
    count = len(order)
    seen = [list(_EXPECTED) for _ in cells[0]]
    for one, other in _at_random(count):
        for at, level in enumerate(pattern(order[one], order[other])):
            if level != MISSING:
                seen[at][level] += 1
    return [[levels[level] / sum(levels) for level in range(LEVELS)] for levels in seen]


def _digest(record: Sequence[str]) -> bytes:
    return blake2b("\x1f".join(sorted(record)).encode(), digest_size=8).digest()


def _at_random(count: int) -> Iterator[tuple[int, int]]:
    if count * (count - 1) // 2 <= _CHANCE_PAIRS:
        yield from combinations(range(count), 2)
        return
    distances = [count * part // 17 for part in (2, 3, 5, 7, 8)]
    step = max(1, count * len(distances) // _CHANCE_PAIRS)
    for distance in distances:
        for place in range(0, count, step):
            yield place, (place + distance) % count


def _reasons(
    names: Sequence[str], seen: Pattern, learned: weights.Weights
) -> tuple[tuple[str, str, float], ...]:
    told = [
        (name, _LEVEL_WORDS[level], round(bits, 1))
        for name, level, bits in zip(names, seen, learned.evidence(seen), strict=True)
        if level != MISSING
    ]
    return tuple(sorted(told, key=lambda reason: -abs(reason[2])))
