"""When time alone may change whether a condition is true, and what can change it besides.

A window forgets: each event leaves it to the millisecond so many days after it occurred. Which event's leaving
matters follows from the condition, so nobody is looked at between.
"""

from __future__ import annotations

from dataclasses import dataclass

from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import REWRITING, TOLD_BY

EVERYBODY, NOBODY = c.AllOf(), c.AnyOf()


@dataclass(frozen=True)
class Leaving:
    """The truth of a condition may change when one of these of the newest events in its window leaves it.

    Events are numbered from 1, the newest; where there are several numbers, it is the oldest of them that is there.
    """

    numbers: tuple[int, ...]
    days: int


def leaving(node: c.Leaf) -> Leaving | None:
    """For a condition on events; None if time changes nothing."""
    if isinstance(node, c.LastPerformed):
        return Leaving((1,), node.days)
    if isinstance(node, c.Performed) and node.days is not None:
        if node.amount == "at_least":
            return Leaving((node.times,), node.days)
        if node.amount == "at_most" or node.times == 0:
            return Leaving((node.times + 1,), node.days)
        # With more than so many the next one to leave makes it true; with just as many, false.
        return Leaving((node.times, node.times + 1), node.days)
    return None


def by_time(node: c.Leaf) -> bool:
    """Whether time alone may change the truth of this."""
    if isinstance(node, c.Attribute):
        return node.test in ("within", "more_than_ago")
    return leaving(node) is not None


def at_best(node: c.Condition, *, hope: bool = True) -> c.Condition:
    """The condition with whatever time may change taken as it suits it best; without `hope`, worst.

    Of whom the best is false, or the worst is true, time changes nothing.
    """
    match node:
        case c.AllOf():
            return c.AllOf(tuple(at_best(one, hope=hope) for one in node.of))
        case c.AnyOf():
            return c.AnyOf(tuple(at_best(one, hope=hope) for one in node.of))
        case c.NoneOf():
            return c.NoneOf(tuple(at_best(one, hope=not hope) for one in node.of))
        case _:
            return (EVERYBODY if hope else NOBODY) if by_time(node) else node


def told_by(root: c.Condition) -> frozenset[str]:
    """The facts that can change the truth of a condition. Other segments, and points, announce themselves."""
    names = set(REWRITING)
    for _, leaf in c.leaves(root):
        match leaf:
            case c.Performed() | c.LastPerformed():
                names.add(leaf.event)
            case c.Attribute():
                names |= TOLD_BY.get(leaf.key.partition(".")[0], frozenset())
            case c.Stage():
                names |= TOLD_BY["stage"]
            case c.Score():
                names |= TOLD_BY["score"]
            case c.Consent():
                names |= TOLD_BY["consent"]
    return frozenset(names)


def reads_points(root: c.Condition) -> bool:
    """Whether a condition asks for points, which move without a fact."""
    return any(isinstance(leaf, c.Score) for _, leaf in c.leaves(root))
