"""When time alone may change whether a condition is true, and what can change it besides.

A window forgets: each event leaves it to the millisecond so many days after it occurred. Which event's leaving
matters follows from the condition, so nobody is looked at between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def happened(node: c.Performed | c.LastPerformed, moments: Sequence[Any], since: Any) -> bool:
    """The truth of a condition on events from the newest of them that `leaving` numbers; None: there is none.

    Of `LastPerformed` the newest ever is given, and `since`, when its window begins.
    """
    if isinstance(node, c.LastPerformed):
        return moments[0] is not None and (moments[0] > since) == (node.ago == "less")
    if node.amount == "at_least":
        return moments[0] is not None
    if node.amount == "at_most" or node.times == 0:
        return moments[0] is None
    return moments[0] is not None and moments[1] is None


def by_time(node: c.Leaf) -> bool:
    """Whether time alone may change the truth of this."""
    if isinstance(node, c.Attribute):
        return node.test in ("within", "more_than_ago")
    return leaving(node) is not None


def at_best(node: c.Condition, *, hope: bool = True) -> c.Condition:
    """The condition with whatever time may change taken as it suits it best; without `hope`, worst.

    Of whom the best is false, or the worst is true, time changes nothing. What that leaves undecided is all there
    is: groups that are true of everybody or of nobody are one of the two.
    """
    match node:
        case c.AllOf():
            parts = _asked([at_best(one, hope=hope) for one in node.of], without=EVERYBODY)
            return NOBODY if NOBODY in parts else c.AllOf(parts)
        case c.AnyOf():
            parts = _asked([at_best(one, hope=hope) for one in node.of], without=NOBODY)
            return EVERYBODY if EVERYBODY in parts else c.AnyOf(parts)
        case c.NoneOf():
            parts = _asked([at_best(one, hope=not hope) for one in node.of], without=NOBODY)
            return NOBODY if EVERYBODY in parts else c.NoneOf(parts) if parts else EVERYBODY
        case _:
            return (EVERYBODY if hope else NOBODY) if by_time(node) else node


def _asked(parts: list[c.Condition], *, without: c.Condition) -> tuple[c.Condition, ...]:
    return tuple(one for one in parts if one != without)


def parted(node: c.Condition) -> tuple[c.AllOf, c.AllOf]:
    """A condition as two that must both be true: what time does not change, and what it may."""
    still: list[c.Condition] = []
    moving: list[c.Condition] = []

    def part(one: c.Condition) -> None:
        if isinstance(one, c.AllOf):
            for child in one.of:
                part(child)
        else:
            (moving if any(by_time(leaf) for _, leaf in c.leaves(one)) else still).append(one)

    part(node)
    return c.AllOf(tuple(still)), c.AllOf(tuple(moving))


def told_by(root: c.Condition) -> frozenset[str]:
    """The facts that can change the truth of a condition. Other segments, points and lists announce themselves."""
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
            case c.Listed():
                names |= TOLD_BY["person"]
    return frozenset(names)


def reads(root: c.Condition, untold: type[c.Score] | type[c.Listed]) -> bool:
    """Whether a condition asks for points, or for a list: both move without a fact."""
    return any(isinstance(leaf, untold) for _, leaf in c.leaves(root))
