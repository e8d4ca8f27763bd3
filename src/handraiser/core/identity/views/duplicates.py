"""Who is twice in the records? The pairs that the finder proposes, and what to do with each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.core.identity import aliases, preview
from handraiser.core.identity.actions import duplicates, merges
from handraiser.core.identity.models import LikelyPair, Search
from handraiser.core.identity.tasks import find_duplicates
from handraiser.core.people.models import Lead, Person
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

_SHOWN = 25
_FIELDS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "phone": "Phone",
    "company__name": "Company",
    "job_title": "Role",
    "country": "Country",
}


def toast(request: StaffRequest, text: str, *, undo: str = "") -> None:
    """What was done, and the way back, as the shell shows it."""
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")


@require_GET
def index(request: StaffRequest) -> HttpResponse:
    """The pairs, the likeliest first; `show=apart` lists those that are not the same."""
    apart = request.GET.get("show") == "apart"
    state = LikelyPair.State.NOT_THE_SAME if apart else LikelyPair.State.OPEN
    pairs = LikelyPair.objects.filter(state=state).select_related("one__company", "other__company")
    page = Paginator(pairs.order_by("-probability", "id"), _SHOWN).get_page(request.GET.get("page"))
    counts = {
        state: LikelyPair.objects.filter(state=state).count()
        for state in (LikelyPair.State.OPEN, LikelyPair.State.NOT_THE_SAME)
    }
    here = reverse("identity:duplicates")
    context = {
        "page": page,
        "rows": [{"pair": pair, "evidence": _evidence(pair)} for pair in page],
        "apart": apart,
        "tabs": [
            ("To decide", here, not apart, counts[LikelyPair.State.OPEN]),
            ("Not the same", f"{here}?show=apart", apart, counts[LikelyPair.State.NOT_THE_SAME]),
        ],
        "search": Search.objects.order_by("-asked_at", "-id").first(),
    }
    return render(request, "identity/duplicates.html", context)


def _evidence(pair: LikelyPair) -> list[dict[str, str]]:
    """Side by side, what speaks for it and against it: the strongest four."""
    lines = []
    for name, how, bits in pair.reasons[:4]:
        field, _, deeper = str(name).partition("__")
        sides = []
        for person in (pair.one, pair.other):
            value = getattr(person, field, None) if field in _FIELDS or deeper else None
            if deeper and value is not None:
                value = getattr(value, deeper)
            sides.append(str(value or person.attributes.get(name) or ""))
        lines.append(
            {
                "label": _FIELDS.get(str(name), str(name).replace("_", " ").capitalize()),
                "one": sides[0],
                "other": sides[1],
                "how": how,
                "for_it": bits > 0,
            }
        )
    return lines


@require_POST
def search(request: StaffRequest) -> HttpResponse:
    """Look through everybody; the process of tasks does it."""
    try:
        this = duplicates.ask(at=clock.now(), by=str(request.user.id))
    except DomainError as error:
        toast(request, error.message)
    else:
        find_duplicates.enqueue(this.id)
        toast(request, "The search began")
    return HttpResponseRedirect(reverse("identity:duplicates"), status=303)


@require_POST
def apart(request: StaffRequest) -> HttpResponse:
    """Not the same person: remembered for ever, or until somebody takes it back."""
    pair = duplicates.keep_apart(
        one=request.POST.get("one", ""),
        other=request.POST.get("other", ""),
        at=clock.now(),
        by=str(request.user.id),
    )
    toast(request, "Kept apart", undo=reverse("identity:reconsider", args=[pair.id]))
    return HttpResponseRedirect(reverse("identity:duplicates"), status=303)


@require_POST
def reconsider(request: StaffRequest, pair_id: str) -> HttpResponse:
    """Propose the two again."""
    duplicates.reconsider(pair_id=pair_id)
    toast(request, "Proposed again")
    return HttpResponseRedirect(reverse("identity:duplicates"), status=303)


@require_GET
def compare(request: StaffRequest) -> HttpResponse:
    """Two people side by side: which values win, and what follows. `keep` and `gone` name them."""
    keep, gone = (aliases.current(request.GET.get(name, "")) for name in ("keep", "gone"))
    found = Person.objects.select_related("company").in_bulk([keep, gone])
    if keep == gone and keep in found:
        return redirect("identity:person", keep)
    if len(found) < 2:
        raise Http404("There are no two such people.")
    one, other = sorted((keep, gone))
    context = {
        "preview": preview.of(found[keep], found[gone]),
        "pair": LikelyPair.objects.filter(one=one, other=other).first(),
    }
    return render(request, "identity/merge.html", context)


@require_POST
def merge(request: StaffRequest) -> HttpResponse:
    """Make one of them."""
    chosen = {
        name.removeprefix("field:"): value
        for name, value in request.POST.items()
        if name.startswith("field:") and isinstance(value, str)
    }
    this = merges.merge(
        keep=request.POST.get("keep", ""),
        gone=request.POST.get("gone", ""),
        at=clock.now(),
        by=str(request.user.id),
        choices=chosen,
    )
    toast(
        request,
        f"Merged into {Person.objects.get(id=this.kept_id)}",
        undo=reverse("identity:unmerge", args=[this.id]),
    )
    return HttpResponseRedirect(reverse("identity:duplicates"), status=303)


@require_POST
def unmerge(request: StaffRequest, merge_id: str) -> HttpResponse:
    """Make two of them again."""
    this = merges.unmerge(merge=merge_id, at=clock.now(), by=str(request.user.id))
    toast(request, "They are two people again")
    return HttpResponseRedirect(reverse("identity:person", args=[this.kept_id]), status=303)


@require_GET
def person(request: StaffRequest, person_id: str) -> HttpResponse:
    """Somebody by any id that ever named them: their newest lead's page, or what is known if there is none."""
    current = aliases.current(person_id)
    if current != person_id:
        return redirect("identity:person", current)
    this = get_object_or_404(Person.objects.select_related("company"), id=person_id)
    leads = Lead.objects.filter(person=this)
    seen = leads.visible_to(request.user).order_by("-opened_at", "-id").first()
    if seen:
        # The desk's own address, written out: it lies above this folder.
        return redirect(f"/admin/leads/{seen.id}/")
    if leads.exists():
        raise Http404("There is no such person.")
    context: dict[str, Any] = {
        "person": this,
        "fields": preview.known(this),
        "identifiers": this.identifiers.order_by("kind", "value"),
        "merges": list(this.merges.filter(undone_at=None).order_by("-at", "-id")[:20]),
        "may_merge": request.user.may("owner", "marketer"),
    }
    return render(request, "identity/person.html", context)
