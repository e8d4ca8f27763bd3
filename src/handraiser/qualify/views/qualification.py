"""Asking: one question after another about a lead, and the settings of the questions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import known
from handraiser.qualify.actions import qualifications
from handraiser.qualify.known import Line, Sheet
from handraiser.qualify.models import Asking, Noted
from handraiser.qualify.rules.frameworks import FRAMEWORKS, PLACES
from handraiser.qualify.views.rule_sets import tabs


def _lead(request: StaffRequest, lead_id: str) -> Lead:
    rows = Lead.objects.visible_to(request.user).with_people()
    return get_object_or_404(rows, id=lead_id)


@require_GET
def ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """One question about a lead: `?framework=&element=`, without them the first gap."""
    lead = _lead(request, lead_id)
    sheet, line = _chosen(known.of(lead), request.GET.get("framework", ""), request.GET.get("element", ""))
    return _show(request, lead, sheet, line, _suggested(lead, line))


def _chosen(sheets: list[Sheet], framework: str, element: str) -> tuple[Sheet, Line]:
    sheet = next((one for one in sheets if one.framework.key == framework), None)
    if framework and sheet is None:
        raise Http404("This organisation does not ask by that.")
    sheet = sheet or next((one for one in sheets if one.gaps), sheets[0])
    if element:
        line = next((one for one in sheet.lines if one.element.key == element), None)
        if line is None:
            raise Http404("There is nothing like that to ask about.")
        return sheet, line
    return sheet, (sheet.gaps or sheet.lines)[0]


def _suggested(lead: Lead, line: Line) -> dict[str, Any]:
    """What the fields begin with: what is proposed, else what was noted before."""
    if line.proposal:
        found = line.proposal
        return {"value": found.value, "text": found.text, "came_from": found.came_from} | {
            "submission": found.submission,
            "said_by": lead.person.name if found.submission else "",
        }
    if line.noted and line.noted.value is not None:
        row = line.noted
        return {"value": row.value, "text": row.text, "came_from": row.came_from, "said_by": row.said_by}
    return {"came_from": "call", "said_by": lead.person.name}


def _show(
    request: StaffRequest,
    lead: Lead,
    sheet: Sheet,
    line: Line,
    given: dict[str, Any],
    error: DomainError | None = None,
) -> HttpResponse:
    place = sheet.lines.index(line)
    after = [*sheet.lines[place + 1 :], *sheet.lines[:place]]
    skip = next((one for one in after if not one.known), None)
    page = {
        "lead": lead,
        "person": lead.person,
        "sheet": sheet,
        "line": line,
        "number": place + 1,
        "given": given,
        "places": list(PLACES.items()),
        "skip": skip,
        "error": error,
        "sheets": known.of(lead) if error else None,
    }
    return render(request, "qualify/ask.html", page, status=error.status if error else 200)


@require_POST
def note(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Store an answer and go on with the next gap; after the last one back to the lead."""
    lead = _lead(request, lead_id)
    told = request.POST
    framework, element = told.get("framework", ""), told.get("element", "")
    sheet, line = _chosen(known.of(lead), framework, element)
    unknown = "unknown" in told
    raw = told.get("value", "")
    try:
        if not unknown and not raw.isdigit():
            raise DomainError("unknown_value", "Choose one of the answers.", field="value")
        row = qualifications.note(
            lead=lead,
            framework=sheet.framework.key,
            element=line.element.key,
            value=None if unknown else int(raw),
            text=told.get("text", ""),
            came_from=told.get("came_from", ""),
            said_by=told.get("said_by", ""),
            submission=told.get("submission", ""),
            by=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        return _show(request, lead, sheet, line, told.dict(), error)
    undo = f"{reverse('qualify:undo_noted', args=[lead.id])}?noted={row.id}"
    said = "is still unknown" if unknown else "is noted"
    toast(request, f"{line.element.label} {said}.", undo=undo)
    place = sheet.lines.index(line)
    following = next((one for one in sheet.lines[place + 1 :] if not one.known), None)
    if following is None or "once" in told:
        return redirect("desk:lead", lead.id)
    return redirect(_address(lead, sheet, following))


def _address(lead: Lead, sheet: Sheet, line: Line) -> str:
    query = urlencode({"framework": sheet.framework.key, "element": line.element.key})
    return f"{reverse('qualify:ask', args=[lead.id])}?{query}"


@require_POST
def undo(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Take a note back; `?noted=` names it."""
    lead = _lead(request, lead_id)
    row = get_object_or_404(Noted, id=request.GET.get("noted", ""), lead=lead)
    qualifications.undo(row=row, by=request.user, at=clock.now())
    toast(request, "Taken back. What was known before holds again.")
    query = urlencode({"framework": row.framework, "element": row.element})
    return redirect(f"{reverse('qualify:ask', args=[lead.id])}?{query}")


@require_GET
def questions(request: StaffRequest) -> HttpResponse:
    """Which frameworks are used and how each element is asked."""
    return _questions(request, Asking.get())


def _questions(request: StaffRequest, row: Asking, error: DomainError | None = None) -> HttpResponse:
    frameworks = []
    for framework in FRAMEWORKS.values():
        lines = []
        for element in framework.elements:
            place = f"{framework.key}.{element.key}"
            names = row.fields.get(place, element.names)
            lines.append((place, element, row.questions.get(place, element.question), ", ".join(names)))
        frameworks.append((framework, lines))
    page = {
        "tabs": tabs("questions"),
        "asking": row,
        "frameworks": frameworks,
        "uses": (("bant", "BANT"), ("meddic", "MEDDIC"), ("both", "Both")),
        "may_edit": request.user.may("owner", "marketer"),
        "error": error,
    }
    return render(request, "qualify/questions.html", page, status=error.status if error else 200)


@require_POST
def save_questions(request: StaffRequest) -> HttpResponse:
    """Store the frameworks and the wording."""
    told = request.POST
    try:
        qualifications.choose(
            uses=told.get("uses", ""),
            questions={key[2:]: str(value) for key, value in told.items() if key.startswith("q.")},
            fields={key[2:]: str(value) for key, value in told.items() if key.startswith("f.")},
            at=clock.now(),
        )
    except DomainError as error:
        return _questions(request, Asking.get(), error)
    toast(request, "Saved. The next question is asked like this.")
    return redirect("qualify:questions")
