"""The lead list: who is there, who is hot, who is nobody's?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import queries, words
from handraiser.desk.rules import listing
from handraiser.desk.rules.listing import Listing
from handraiser.kit import clock
from handraiser.qualify import ideal


def state_of(request: StaffRequest) -> Listing:
    """The listing that the address (or the form) of this request means."""
    source = request.POST if request.method == "POST" else request.GET
    return listing.read(dict(source.lists()), queries.views_of(request.user))


def address(state: Listing, **more: Any) -> str:
    """The list in this state; `more` adds to the address."""
    query = "&".join(filter(None, [state.address(), urlencode(more)]))
    return reverse("desk:leads") + (f"?{query}" if query else "")


def leads(request: StaffRequest) -> HttpResponse:
    """One page of fifty, with the tabs, the filters as phrases, and the way to every other state."""
    at = clock.now()
    views = queries.views_of(request.user)
    state = listing.read(dict(request.GET.lists()), views)
    found = queries.matching(request.user, state, at=at)
    total = found.count()
    pages = max(1, -(-total // listing.PAGE_SIZE))
    page = min(state.page, pages)
    first = (page - 1) * listing.PAGE_SIZE
    rows = queries.page(found, state.sort, first=first, size=listing.PAGE_SIZE)
    if "ideal" in state.columns:
        fits = ideal.fits([lead.person_id for lead in rows], at=at)
        for lead in rows:
            lead.ideal = fits.get(lead.person_id)  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "state": state,
        "query": state.address(),
        "rows": rows,
        "total": total,
        "first": first + 1,
        "last": first + len(rows),
        "previous_page": address(state, page=page - 1) if page > 1 else "",
        "next_page": address(state, page=page + 1) if page < pages else "",
        "headings": _headings(state),
        "chips": [
            {"one": one, "label": label, "text": text, "without": address(state.without(one))}
            for one, label, text in words.phrases_for(state.filters)
        ],
        "search_pairs": replace(state, search="").pairs(),
        "may_import": request.user.may("owner", "marketer"),
        "may_change": request.user.may("owner", "marketer", "rep"),
    }
    if not rows:
        context |= _empty(request, state, at)
    if request.htmx and request.htmx.target == "list":
        return render(request, "desk/_list.html", context | {"swapped": True})
    counts = queries.counts(request.user, views, at=at)
    context["tabs"] = [
        (view.name, reverse("desk:leads") + f"?view={view.id}", view.id == state.view.id, counts[view.id])
        for view in views
    ]
    return render(request, "desk/leads.html", context)


def _headings(state: Listing) -> list[dict[str, str]]:
    shown = [("name", "Person"), *((key, listing.COLUMNS[key]) for key in state.columns)]
    headings = []
    for key, label in shown:
        sortable = key in listing.SORTS
        current = state.sort.removeprefix("-") == key
        falling = state.sort.startswith("-")
        headings.append(
            {
                "key": key,
                "label": label,
                "url": address(state.sorted_by(key)) if sortable else "",
                "sorted": ("descending" if falling else "ascending") if current else "",
            }
        )
    return headings


def _doors(request: StaffRequest) -> list[dict[str, str]]:
    """The ways in which a first lead appears; each opens with its first step."""
    doors = [
        ("capture", "Build a form", "Put it on a page; who sends it is here.", "/admin/capture/"),
        ("upload", "Import a list", "A CSV file from your last system.", "/admin/capture/imports/"),
        ("plus", "Add a lead by hand", "Somebody who called or wrote.", reverse("desk:lead_add")),
    ]
    allowed = doors if request.user.may("owner", "marketer") else doors[2:]
    allowed = [] if request.user.may("analyst") else allowed
    return [dict(zip(("icon", "title", "text", "url"), door, strict=True)) for door in allowed]


def _empty(request: StaffRequest, state: Listing, at: Any) -> dict[str, Any]:
    """Why nothing is shown: there is nobody at all, or a filter or the search leaves nobody."""
    if not Lead.objects.visible_to(request.user).exists():
        return {"nobody_at_all": True, "doors": _doors(request)}
    one, n = queries.excludes_most(request.user, state, at=at)
    if one is None:
        cleared = replace(state, filters=(), search="", page=1)
        return {"lift_all": address(cleared)}
    [(_, label, text)] = words.phrases_for((one,))
    return {
        "lift": address(state.without(one)),
        "lift_phrase": f"{label} {text}",
        "lift_count": n,
    }
