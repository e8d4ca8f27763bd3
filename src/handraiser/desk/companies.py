"""Companies as somebody may see them: through the leads they may see."""

from __future__ import annotations

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from handraiser.core.people.models import Company, Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role


def visible_to(user: User) -> QuerySet[Company]:
    """All companies; for a sales rep those with a lead of their own or of nobody."""
    if user.role != Role.REP:
        return Company.objects.all()
    theirs = Lead.objects.visible_to(user).filter(person__company=OuterRef("pk"))
    return Company.objects.filter(Exists(theirs))


def searched(companies: QuerySet[Company], words: str) -> QuerySet[Company]:
    """Those whose name, domain or industry holds every word."""
    for word in words.split()[:6]:
        companies = companies.filter(
            Q(name__icontains=word) | Q(domain__icontains=word) | Q(industry__icontains=word)
        )
    return companies


def with_figures(page: list[Company], user: User) -> list[Company]:
    """Give each of a page `people_n`, `open_n`, `hottest` and `seen_at`, in one query."""
    rows = (
        Lead.objects.visible_to(user)
        .filter(person__company__in=page, person__erased_at=None)
        .order_by()
        .values("person__company")
        .annotate(
            people_n=Count("person", distinct=True),
            open_n=Count("id", filter=Q(closed_at=None)),
            hottest=Max("points", filter=Q(closed_at=None)),
            seen_at=Max("last_activity_at"),
        )
    )
    found = {row.pop("person__company"): row for row in rows}
    for company in page:
        for name in ("people_n", "open_n", "hottest", "seen_at"):
            setattr(
                company, name, found.get(company.id, {}).get(name) or (0 if name.endswith("_n") else None)
            )
    return page
