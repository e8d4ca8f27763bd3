"""Keeping the scores of companies: marked when something of their people changes, worked out by the sweep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from handraiser.core.people.models import Person
from handraiser.kit import rows
from handraiser.qualify import accounts
from handraiser.qualify.models import Account
from handraiser.qualify.rules import accounts as rules

_CHUNK = 200
# Points move without being announced, up by small steps and down with time.
_LIVELY = timedelta(hours=1)
_QUIET = timedelta(days=1)
_COMPANIES = "select distinct company_id from people_person where id {in} and company_id is not null"


def mark(people: Iterable[str], *, at: datetime) -> None:
    """The companies of these people are due. Call it inside a transaction."""
    wanted = sorted(set(people))
    found = [row[0] for row in rows.ask(Person, _COMPANIES, [wanted])] if wanted else []
    names = ["company", "hundredths", "engaged", "people", "missing", "due_at"]
    marked = [(company, 0, 0, 0, "", at) for company in sorted(found)]
    rows.put(Account, names, marked, key=["company"], changes=["due_at"])


def due(now: datetime) -> int:
    """Work out the scores that are due, at most 200; returns how many."""
    found = Account.objects.filter(due_at__lte=now).order_by("due_at").values_list("company_id", flat=True)
    companies = list(found[:_CHUNK])
    if companies:
        with transaction.atomic():
            work_out(companies, at=now)
    return len(companies)


def work_out(companies: Iterable[str], *, at: datetime) -> None:
    """Work out and keep the scores of these companies, which are marked already. Inside a transaction."""
    wanted = sorted(set(companies))
    members = accounts.members(wanted, at=at)
    changed = []
    for company in wanted:
        here = members.get(company, [])
        found = rules.score(here)
        lively = any(member.engagement > 0 for member in here) or found.hundredths
        next_at = at + (_LIVELY if lively else _QUIET) if here else None
        missing = ",".join(found.missing) if here else ""
        changed.append((found.hundredths, found.engaged, found.people, missing, at, next_at, company))
    names = ["hundredths", "engaged", "people", "missing", "counted_at", "due_at", "company"]
    rows.change(Account, names[:-1], changed)
