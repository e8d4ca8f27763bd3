"""Segments: the list, the editor with its counts, who is in, and taking one out of use."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from handraiser.console.toasts import toast
from handraiser.core.audience import asking, queries
from handraiser.core.audience.actions import segments as actions
from handraiser.core.audience.models import Membership, Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules import editing
from handraiser.core.audience.rules.vocabulary import Catalogue
from handraiser.core.people.models import Lead, Person
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.nurture.rules.segments import STARTERS
from handraiser.nurture.views.segment_rows import rows, subjects
from handraiser.nurture.views.shared import tabs_of

_PAGE = 50
_COUNTED_BY_ITSELF = 200_000  # people; of more somebody must ask for the exact count


def _find(segment_id: str) -> Segment:
    return get_object_or_404(Segment, id=segment_id)


@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """All segments with their numbers."""
    search, archived = request.GET.get("q", "").strip(), request.GET.get("archived") == "1"
    here = reverse("nurture:segments")
    context = {
        "rows": queries.listing(at=clock.now(), search=search, archived=archived),
        "search": search,
        "archived": archived,
        "states": [("In use", here, not archived), ("Archived", f"{here}?archived=1", archived)],
        "starters": STARTERS,
        "may_change": request.user.may(*EDITORS),
        "tab_items": tabs_of("segments"),
    }
    return render(request, "nurture/segments.html", context)


@require_POST
def create(request: StaffRequest) -> HttpResponse:
    """Begin with a starter, or with nothing, and open the editor."""
    starter = STARTERS.get(request.POST.get("starter", ""))
    wanted = request.POST.get("name", "").strip() or (starter.name if starter else "New segment")
    name, number = wanted, 2
    while Segment.objects.filter(name__iexact=name, archived_at=None).exists():
        name, number = f"{wanted} {number}", number + 1
    begun = starter.definition if starter else c.Definition(c.AllOf((c.Attribute("person.country"),)))
    made = actions.create(name=name, at=clock.now(), draft=begun)
    return redirect("nurture:segment_edit", made.id)


# ------------------------------------------------------------------------------------------ the editor


def _editor(request: StaffRequest, segment: Segment, definition: c.Definition, **more: Any) -> dict[str, Any]:
    known, now = asking.catalogue(), clock.now()
    offered = {one: name for one, name in known.segments.items() if one != segment.id}
    choices = replace(known, segments=offered)
    problems = actions.problems(segment, definition)
    alone, effect = _counted(segment, definition, known, problems, exact=bool(more.pop("exact", False)))
    return {
        "segment": segment,
        "root": rows(definition, choices, problems, alone),
        "subjects": subjects(choices),
        "without": [(one, known.segments.get(one, "A segment that is gone")) for one in definition.without],
        "others": [(one, name) for one, name in offered.items() if one not in definition.without],
        "problems": problems,
        "circle": [one.message for one in problems if one.code == "cycle" or one.field == "without"],
        "effect": effect,
        "standing": queries.standings([segment], at=now)[0],
        "changed": segment.draft is not None,
        "may_change": request.user.may(*EDITORS),
        **more,
    }


def _counted(
    segment: Segment, definition: c.Definition, known: Catalogue, problems: list[DomainError], *, exact: bool
) -> tuple[dict[c.Path, str], dict[str, Any]]:
    """How many fit each condition alone, and what saving would do."""
    now = clock.now()
    how = asking.asked(now, known)
    wrong = {one.field for one in problems}
    nodes = {
        path: node
        for path, node in c.walk(definition.match)
        if path and not any(field == _key(path) or field.startswith(_key(path) + ".") for field in wrong)
    }
    whole = not problems
    asked = [*nodes.values(), *([definition.condition] if whole else [])]
    counted = asking.count(asked, how, exact=exact) if asked else asking.Counted((), 0, True)
    about = "" if counted.exact else "about "
    alone = {path: f"{about}{count:,}" for path, count in zip(nodes, counted.counts, strict=False)}
    effect: dict[str, Any] = {"whole": whole, "exact": counted.exact, "people": counted.people}
    if whole:
        effect["count"] = counted.counts[-1]
        effect["sample"] = _with_leads(queries.some(definition.condition, at=now))
        effect["by_itself"] = counted.people <= _COUNTED_BY_ITSELF
        if segment.definition is not None and segment.draft is not None:
            effect["preview"] = queries.preview(segment, definition, at=now)
    return alone, effect


def _key(path: c.Path) -> str:
    return ".".join(str(place) for place in path)


def _with_leads(people: list[Person]) -> list[tuple[Person, str]]:
    """People with the newest of their leads, "" if they have none."""
    leads = Lead.objects.filter(person__in=people).order_by("opened_at").values_list("person_id", "id")
    newest = dict(leads)
    return [(person, newest.get(person.id, "")) for person in people]


@require_safe
def edit(request: StaffRequest, segment_id: str) -> HttpResponse:
    """The conditions, each with its count, beside who fits."""
    segment = _find(segment_id)
    context = _editor(request, segment, segment.drafted, exact=request.GET.get("exact"))
    if request.htmx and request.GET.get("exact"):
        return render(request, "nurture/_segment_effect.html", context)
    return render(request, "nurture/segment_edit.html", context)


@require_POST
def draft(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Keep what was typed, do what was pressed, and show the editor again."""
    segment = _find(segment_id)
    definition = _told(request.POST)
    actions.draft(segment=segment, definition=definition)
    error = None
    if (name := " ".join(request.POST.get("name", "").split())) != segment.name:
        try:
            actions.rename(segment=segment, name=name)
        except DomainError as refused:
            error = refused
    if request.POST.get("do") == "save" and error is None:
        return _save(request, segment, definition)
    if not request.htmx and error is None:
        return redirect("nurture:segment_edit", segment.id)
    context = _editor(request, segment, definition, name_error=error, typed=name)
    page = "nurture/_segment_form.html" if request.htmx else "nurture/segment_edit.html"
    return render(request, page, context)


def _told(post: QueryDict) -> c.Definition:
    form = {field: post.getlist(field) for field in post}
    known = asking.catalogue()
    return editing.done(editing.read(form, known), post.get("do", ""), known)


def _save(request: StaffRequest, segment: Segment, definition: c.Definition) -> HttpResponse:
    before = segment.version
    try:
        actions.save(segment=segment, definition=definition, at=clock.now(), by=str(request.user.id))
    except DomainError as refused:
        context = _editor(request, segment, definition, refused=refused)
        return render(request, "nurture/segment_edit.html", context, status=refused.status)
    undo = reverse("nurture:segment_restore", args=[segment.id, before]) if before else ""
    toast(request, f"{segment.name} is saved.", undo=undo)
    return redirect("nurture:segment", segment.id)


@require_POST
def discard(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Forget the changes; a segment that was never saved goes."""
    segment = _find(segment_id)
    never = segment.definition is None
    actions.discard(segment=segment)
    toast(request, "The changes were discarded.")
    return redirect("nurture:segments") if never else redirect("nurture:segment", segment_id)


@require_POST
def restore(request: StaffRequest, segment_id: str, number: int) -> HttpResponse:
    """Let an earlier version decide again."""
    segment = _find(segment_id)
    actions.restore(segment=segment, number=number, at=clock.now(), by=str(request.user.id))
    toast(request, f"{segment.name} is again what version {number} was.")
    return redirect("nurture:segment", segment_id)


# ---------------------------------------------------------------------------------------- the segment


@require_safe
def segment(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Who is in, and in words why."""
    one = _find(segment_id)
    if one.definition is None:
        return redirect("nurture:segment_edit", one.id)
    search = request.GET.get("q", "").strip()
    page = Paginator(queries.members(one, search=search), _PAGE).get_page(request.GET.get("page"))
    leads = {person.id: lead for person, lead in _with_leads([row.person for row in page])}
    definition = one.saved or c.Definition()
    known = asking.catalogue()
    context = {
        "segment": one,
        "standing": queries.standings([one], at=clock.now())[0],
        "page": page,
        "members": [(row, leads[row.person_id]) for row in page],
        "search": search,
        "root": rows(definition, known, [], {}),
        "without": [known.segments.get(other, "a segment that is gone") for other in definition.without],
        "may_change": request.user.may(*EDITORS),
    }
    return render(request, "nurture/segment.html", context)


@require_safe
def check(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Why somebody is in or out: of what is being changed if `draft` is asked for, else of what is saved."""
    one = _find(segment_id)
    asked = request.GET.get("person", "").strip()
    found: list[Person] = []
    if asked:
        named = Q(email__icontains=asked) | Q(last_name__istartswith=asked) | Q(first_name__istartswith=asked)
        found = list(Person.objects.filter(named | Q(id=asked), erased_at=None).order_by("-id")[:5])
        found = [person for person in found if person.id == asked or person.email == asked] or found
    definition = one.drafted if request.GET.get("draft") or one.saved is None else one.saved
    context = {"segment": one, "asked": asked, "found": found, "draft": bool(request.GET.get("draft"))}
    if len(found) == 1 and not any(problem for problem in actions.problems(one, definition)):
        context["why"] = queries.why(definition, found[0].id, at=clock.now())
    page = "nurture/_segment_check.html" if request.htmx else "nurture/segment_check.html"
    return render(request, page, context)


@require_safe
def export(request: StaffRequest, segment_id: str) -> StreamingHttpResponse:
    """Everybody who is in, as a table."""
    one = _find(segment_id)
    response = StreamingHttpResponse(_lines(one), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{one.id}.csv"'
    return response


class _Echo:
    def write(self, line: str) -> str:
        return line


def _lines(one: Segment) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    yield write(
        ["id", "first name", "last name", "email", "phone", "job title", "company", "country", "in since"]
    )
    found = Membership.objects.filter(segment=one).select_related("person", "person__company").order_by("id")
    for row in found.iterator(chunk_size=2_000):
        person = row.person
        company = person.company.name if person.company else ""
        told = [person.first_name, person.last_name, person.email, person.phone, person.job_title, company]
        # A spreadsheet would take these for formulas.
        safe = [
            f"'{cell}" if cell[:1] in ("=", "+", "-", "@") and not cell[1:2].isdigit() else cell
            for cell in told
        ]
        yield write([person.id, *safe, person.country, row.since.isoformat(timespec="seconds")])


@require_POST
def archive(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Take it out of use."""
    one = _find(segment_id)
    actions.archive(segment=one, at=clock.now())
    toast(request, f"{one.name} is archived.", undo=reverse("nurture:segment_unarchive", args=[one.id]))
    return redirect("nurture:segments")


@require_POST
def unarchive(request: StaffRequest, segment_id: str) -> HttpResponse:
    """Take it into use again."""
    one = _find(segment_id)
    actions.unarchive(segment=one, at=clock.now())
    toast(request, f"{one.name} is in use again.")
    return redirect("nurture:segment", segment_id)
