"""Companies: who is in there, and what came of them."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from handraiser.convert.models import Deal
from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import companies
from handraiser.desk.rules.listing import PAGE_SIZE
from handraiser.kit import clock
from handraiser.qualify import accounts, ideal


def listing(request: StaffRequest) -> HttpResponse:
    """Companies by name, or by `?sort=score` the best accounts first, fifty a page."""
    words = request.GET.get("q", "").strip()[:200]
    by_score = request.GET.get("sort") == "score"
    found = companies.searched(companies.visible_to(request.user), words)
    found = accounts.best_first(found) if by_score else found.order_by(Lower("name"), "id")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = companies.with_figures(list(page.object_list), request.user)
    accounts.with_scores(rows)
    context = {"page": page, "rows": rows, "words": words, "by_score": by_score}
    part = request.htmx and request.htmx.target == "list"
    return render(request, "desk/_companies.html" if part else "desk/companies.html", context)


def company(request: StaffRequest, company_id: str) -> HttpResponse:
    """One company: what it is worth as a buying committee, its people with their leads, its deals."""
    row = get_object_or_404(companies.visible_to(request.user), id=company_id)
    leads = Lead.objects.visible_to(request.user).filter(person__company=row, person__erased_at=None)
    deals = Deal.objects.visible_to(request.user).filter(lead__in=leads).with_people().order_by("-opened_at")
    at = clock.now()
    shown = list(leads.with_people().order_by("-points", "-id")[:200])
    context = {
        "company": row,
        "leads": shown,
        "committee": accounts.of(row, visible=[lead.person for lead in shown], at=at),
        "ideal": ideal.of_company(row, at=at),
        "deals": deals[:50],
    }
    return render(request, "desk/company.html", context)
