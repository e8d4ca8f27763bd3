"""Which part somebody plays when a company buys, as their job title tells; unknown when it tells nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from re import findall


class Role(StrEnum):
    """The parts of a buying committee, and not knowing which."""

    BUYER = "buyer"
    CHAMPION = "champion"
    TECHNICAL = "technical"
    USER = "user"
    UNKNOWN = "unknown"


LABELS = {
    Role.BUYER: "Economic buyer",
    Role.CHAMPION: "Champion",
    Role.TECHNICAL: "Technical",
    Role.USER: "User",
    Role.UNKNOWN: "Role unknown",
}
COMMITTEE = (Role.BUYER, Role.CHAMPION, Role.TECHNICAL, Role.USER)

# Whole words of titles by role. The phrase that comes first in a title decides, of two there the longer.
PHRASES: dict[str, tuple[str, ...]] = {
    role: tuple(phrase.strip() for phrase in phrases.split(","))
    for role, phrases in {
        Role.BUYER: "chief, ceo, cfo, cmo, coo, cro, owner, founder, proprietor, managing director,"
        "president, vp, svp, evp, vice president, partner, general manager, finance director",
        Role.CHAMPION: "director, head, manager, lead, team lead",
        Role.TECHNICAL: "cto, cio, ciso, chief technology, chief information, engineer, developer, architect, it,"
        "security, data, administrator, devops, technical, software, systems",
        Role.USER: "analyst, specialist, coordinator, assistant, associate, intern, trainee, student, clerk,"
        "officer, executive, account executive, account manager, consultant, designer, editor, writer",
    }.items()
}


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(findall(r"[^\W_]+", text.casefold()))


def role_of(title: str, phrases: Mapping[str, Sequence[str]] = PHRASES) -> Role:
    """The role that a job title tells: "VP of Marketing" is a buyer, "Intern" a user, "" unknown."""
    words = _words(title)
    best: tuple[int, int, Role] | None = None
    for role in COMMITTEE:
        for phrase in phrases.get(role, ()):
            asked = _words(phrase)
            for place in range(len(words) - len(asked) + 1) if asked else ():
                if words[place : place + len(asked)] == asked:
                    found = (place, -len(asked), role)
                    if best is None or found[:2] < best[:2]:
                        best = found
                    break
    return best[2] if best else Role.UNKNOWN
