"""What a company as a whole is worth to sales: how many of its people are engaged, how deeply, and in which parts.

A score of a buying committee is never a plain sum: one eager intern is not a committee. What one person can bring
is capped, breadth counts people, and roles count once each (the marketing-qualified account of Engagio's guide:
depth by breadth within a window). All sums are of integers, so that no order of people can change one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.rules.titles import COMMITTEE, LABELS, Role

WINDOW_DAYS = 90
ENGAGED = 5 * POINT  # engagement from which somebody counts as engaged
CAP = 30 * POINT  # engagement of one person beyond which more adds nothing
WIDE = 5  # engaged people that make an account as wide as it counts
DEEP = 3  # fully engaged deciders that make it as deep as it counts

# What each part of the score can reach; together 100.
DEPTH, BREADTH, COVERAGE = 40, 30, 30

# How much of somebody's engagement counts, in percent. An unknown role is not nothing.
WEIGHT = {Role.BUYER: 100, Role.CHAMPION: 90, Role.TECHNICAL: 80, Role.USER: 60, Role.UNKNOWN: 50}
# What an engaged role brings to coverage, in percent; once, however many people have it.
COVERS = {Role.BUYER: 40, Role.CHAMPION: 25, Role.TECHNICAL: 20, Role.USER: 15}
_PARTS = 100 * CAP  # what a fully engaged decider is worth, in units of the sum


@dataclass(frozen=True)
class Member:
    """Somebody of a company, as the score sees them. `engagement`: micro-points; 0 when before the window."""

    person: str
    role: Role
    engagement: int

    @property
    def engaged(self) -> bool:
        """They did enough of late to count as a person of the committee."""
        return self.engagement >= ENGAGED


@dataclass(frozen=True)
class Line:
    """One part of the score: what it gave of what it can give, both in hundredths of a point, and why."""

    label: str
    points: int
    most: int
    reason: str

    @property
    def in_points(self) -> str:
        """What it gave, as people read it."""
        return f"+{self.points / 100:.1f}".removesuffix(".0")

    @property
    def most_points(self) -> int:
        """What it can give, in points."""
        return self.most // 100

    @property
    def share(self) -> int:
        """What it gave of that, in percent."""
        return 100 * self.points // self.most


@dataclass(frozen=True)
class AccountScore:
    """`points` from 0 to 100; `missing`: roles that nobody engaged has; `unknown`: engaged people without one."""

    points: int
    hundredths: int
    engaged: int
    people: int
    covered: tuple[Role, ...]
    missing: tuple[Role, ...]
    unknown: int
    lines: tuple[Line, ...]


def worth(member: Member) -> int:
    """What one person brings to depth: engagement up to the cap, by the weight of their role."""
    return min(max(member.engagement, 0), CAP) * WEIGHT[member.role] if member.engaged else 0


def score(members: Iterable[Member]) -> AccountScore:
    """The score of a company: depth (at most 40), breadth (30) and coverage (30).

    - Depth: each engaged person's points up to 30, weighted by role (buyer 1, champion 0.9, technical 0.8, user
      0.6, unknown 0.5), summed; three fully engaged deciders reach the whole.
    - Breadth: engaged people, five reach the whole. Somebody is engaged from 5 points on, in the last 90 days.
    - Coverage: buyer 40 %, champion 25 %, technical 20 %, user 15 %, each once. An unknown role covers nothing and
      is missing nothing: it counts in depth and breadth.

    More engagement, another person or a role that becomes known never lower it. The most that one person can reach
    as a user or of unknown role is 8 + 6 + 4.5 = 18.5; two engaged buyers or champions never have less than 23.5.
    """
    everybody = list(members)
    engaged = [member for member in everybody if member.engaged]
    depth = min(DEPTH * 100, DEPTH * 100 * sum(map(worth, engaged)) // (DEEP * _PARTS))
    breadth = BREADTH * 100 * min(len(engaged), WIDE) // WIDE
    roles = {member.role for member in engaged}
    covered = tuple(role for role in COMMITTEE if role in roles)
    missing = tuple(role for role in COMMITTEE if role not in roles)
    coverage = COVERAGE * sum(COVERS[role] for role in covered)
    hundredths = depth + breadth + coverage
    unknown = sum(member.role is Role.UNKNOWN for member in engaged)
    return AccountScore(
        points=hundredths // 100,
        hundredths=hundredths,
        engaged=len(engaged),
        people=len(everybody),
        covered=covered,
        missing=missing,
        unknown=unknown,
        lines=(
            Line("Depth", depth, DEPTH * 100, _depth_in_words(engaged)),
            Line("Breadth", breadth, BREADTH * 100, f"{len(engaged)} of {WIDE} engaged people"),
            Line("Coverage", coverage, COVERAGE * 100, _coverage_in_words(covered, unknown)),
        ),
    )


def _depth_in_words(engaged: list[Member]) -> str:
    if not engaged:
        return "Nobody did enough in 90 days"
    capped = sum(member.engagement >= CAP for member in engaged)
    told = f"{capped} of them at the cap of {CAP // POINT} points" if capped else "nobody at the cap"
    return f"Points of {len(engaged)}, by role; {told}"


def _coverage_in_words(covered: tuple[Role, ...], unknown: int) -> str:
    names = ", ".join(LABELS[role].lower() for role in covered) or "no known role"
    return f"{names}; {unknown} of unknown role" if unknown else names
