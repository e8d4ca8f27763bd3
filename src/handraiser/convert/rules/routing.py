"""Round robin: whose turn it is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """Somebody in the turn. `unavailable` says why they cannot take a lead now; empty: they can."""

    user: int
    name: str
    unavailable: str = ""


@dataclass(frozen=True)
class Choice:
    """Who gets the lead (None: nobody is free, so it is open to everybody), why, and who was passed over."""

    user: int | None
    why: str
    passed_over: tuple[Member, ...] = ()


def next_in_turn(members: Sequence[Member], *, last_served: int | None) -> Choice:
    """The first available member after the one who was served last, going round once.

    `members` are in the order of the turn. When the last one served has left the turn, it starts at the top.
    """
    order = [member.user for member in members]
    start = order.index(last_served) + 1 if last_served in order else 0
    passed_over: list[Member] = []
    for member in (*members[start:], *members[:start]):
        if not member.unavailable:
            return Choice(member.user, _why(passed_over), tuple(passed_over))
        passed_over.append(member)
    return Choice(None, "nobody in the turn is free, so it is open to everybody", tuple(passed_over))


def _why(passed_over: Sequence[Member]) -> str:
    if not passed_over:
        return "next in turn"
    reasons = ", ".join(f"{member.name} {member.unavailable}" for member in passed_over)
    return f"next in turn ({reasons})"
