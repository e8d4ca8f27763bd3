"""Reads of companies as buying committees: who is engaged, in which part, and what it is worth together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import F, QuerySet

from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import Company, Lead, Person
from handraiser.kit import rows
from handraiser.qualify.models import Account
from handraiser.qualify.rules import accounts as rules
from handraiser.qualify.rules.accounts import AccountScore, Member
from handraiser.qualify.rules.titles import LABELS, Role, role_of
from handraiser.qualify.rules.vocabulary import FACTS

_AT_ONCE = 5_000  # ids in one statement

# One table at a time, by keys; see `qualify.queries`.
_PEOPLE = "select id, company_id, job_title from people_person where company_id {in} and erased_at is null"
_POINTS = """
    select person_id, max(engagement_points) from people_lead
    where person_id {in} and closed_at is null group by person_id"""
_SEEN = f"""
    select distinct person_id from identity_timeline
    where person_id {{in}} and occurred_at >= %s and name in ({", ".join(f"'{name}'" for name in sorted(FACTS))})"""


def members(companies: Iterable[str], *, at: datetime) -> dict[str, list[Member]]:
    """The people with open leads of these companies: a fixed number of statements for some thousand people.

    Engagement that lies wholly before the window of 90 days counts as none.
    """
    wanted = sorted(set(companies))
    people = rows.ask(Person, _PEOPLE, [wanted]) if wanted else []
    points: dict[str, int] = {}
    for some in _parts([row[0] for row in people]):
        points |= dict(rows.ask(Lead, _POINTS, [some]))
    since = rows.moment(TimelineItem, at - timedelta(days=rules.WINDOW_DAYS))
    lately: set[str] = set()
    for some in _parts([person for person, held in points.items() if held >= rules.ENGAGED]):
        lately |= {row[0] for row in rows.ask(TimelineItem, _SEEN, [some, since])}
    found: dict[str, list[Member]] = defaultdict(list)
    for person, company, title in people:
        if person in points:
            engagement = points[person] if person in lately else 0
            found[company].append(Member(person, role_of(title), engagement))
    return found


def _parts(ids: Sequence[str]) -> Iterable[list[str]]:
    left = iter(sorted(ids))
    while some := list(islice(left, _AT_ONCE)):
        yield some


@dataclass(frozen=True)
class Seat:
    """One part of the committee: the visible people who have it, and whether one of all its people is engaged."""

    role: Role
    label: str
    engaged: bool
    people: tuple[tuple[Person, bool], ...]
    others: int


@dataclass(frozen=True)
class Committee:
    """A company as a buying committee: its score line by line, and its seats."""

    score: AccountScore
    seats: tuple[Seat, ...]

    @property
    def missing(self) -> str:
        """The seats where nobody is engaged, in words: "economic buyer and user"."""
        names = [LABELS[role].lower() for role in self.score.missing]
        return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def of(company: Company, *, visible: Iterable[Person], at: datetime) -> Committee:
    """How a company stands now. Only people in `visible` are named; others are counted."""
    here = members([company.id], at=at).get(company.id, [])
    named = {person.id: person for person in visible}
    seats = []
    for role in Role:
        there = [member for member in here if member.role is role]
        if role is Role.UNKNOWN and not there:
            continue
        known = tuple((named[one.person], one.engaged) for one in there if one.person in named)
        seats.append(
            Seat(role, LABELS[role], any(one.engaged for one in there), known, len(there) - len(known))
        )
    return Committee(rules.score(here), tuple(seats))


def best_first(companies: QuerySet[Company]) -> QuerySet[Company]:
    """In the order of their scores; those never scored come last."""
    return companies.order_by(F("qualify_account__hundredths").desc(nulls_last=True), "id")


def with_scores(page: Sequence[Any]) -> None:
    """Give each company of a page `account` (the kept row, or None), in one query."""
    kept = Account.objects.in_bulk([company.id for company in page])
    for company in page:
        company.account = kept.get(company.id)
