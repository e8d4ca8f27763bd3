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


def listing(request: StaffRequest) -> HttpResponse:
    """Companies by name, fifty a page."""
    words = request.GET.get("q", "").strip()[:200]
    found = companies.searched(companies.visible_to(request.user), words).order_by(Lower("name"), "id")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": companies.with_figures(list(page.object_list), request.user),
        "words": words,
    }
    part = request.htmx and request.htmx.target == "list"
    return render(request, "desk/_companies.html" if part else "desk/companies.html", context)


def company(request: StaffRequest, company_id: str) -> HttpResponse:
    """One company: its people with their leads, its deals."""
    row = get_object_or_404(companies.visible_to(request.user), id=company_id)
    leads = Lead.objects.visible_to(request.user).filter(person__company=row, person__erased_at=None)
    deals = Deal.objects.visible_to(request.user).filter(lead__in=leads).with_people().order_by("-opened_at")
    context = {
        "company": row,
        "leads": leads.with_people().order_by("-points", "-id")[:200],
        "deals": deals[:50],
    }
    return render(request, "desk/company.html", context)
