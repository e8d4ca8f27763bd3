"""What the command palette finds of the desk: people, companies, and things to do."""

from __future__ import annotations

from django.urls import reverse

from handraiser.console.finding import Found
from handraiser.core.people.models import Lead, Person
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import SELLERS
from handraiser.desk import companies, queries

PEOPLE = 6
COMPANIES = 3


def find(user: User, words: str) -> list[Found]:
    """People first, then companies, then actions; without words the leads that did something last."""
    return [*_people(user, words), *(_companies(user, words) if words else []), *_actions(user, words)]


def _people(user: User, words: str) -> list[Found]:
    rows = Lead.objects.visible_to(user).filter(person__erased_at=None).with_people()
    rows = queries.searched(rows, words) if words else rows.open()
    return [
        Found(
            label=lead.person.name,
            url=reverse("desk:lead", args=[lead.id]),
            kind="Lead" if lead.closed_at is None else "Closed lead",
            icon="lead",
            detail=_who(lead.person),
        )
        for lead in rows.order_by("-last_activity_at", "-id")[: PEOPLE if words else 4]
    ]


def _who(person: Person) -> str:
    place = person.company.name if person.company else person.email
    return ", ".join(filter(None, [person.job_title, place]))


def _companies(user: User, words: str) -> list[Found]:
    rows = companies.searched(companies.visible_to(user), words).order_by("name")[:COMPANIES]
    return [
        Found(row.name, reverse("desk:company", args=[row.id]), "Company", "company", detail=row.domain)
        for row in rows
    ]


def _actions(user: User, words: str) -> list[Found]:
    wanted = all(word in "add a lead by hand" for word in words.lower().split())
    if user.role not in SELLERS or not wanted:
        return []
    return [Found("Add lead", reverse("desk:lead_add"), "Action", "plus")]
