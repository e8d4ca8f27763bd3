"""The lead page: who is this, why now, what do I do next, may I?"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from handraiser.capture.models import Submission
from handraiser.convert import panels as sales
from handraiser.convert.models import HandOff
from handraiser.core.identity import aliases
from handraiser.core.identity.models import Merge
from handraiser.core.people.models import Lead, Person, Task
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import answers, contact, fields, queries, timeline
from handraiser.desk.points import by_event
from handraiser.desk.rules import next_step
from handraiser.desk.rules.listing import Listing
from handraiser.desk.today import clock_of
from handraiser.desk.views.dialogs import dialog
from handraiser.desk.views.leads import address, state_of
from handraiser.kit import clock
from handraiser.qualify import ideal
from handraiser.qualify.explanations import Why, why
from handraiser.qualify.panels import checked, foretold, what_we_know

NEIGHBOURS = 10_000  # a longer list is not walked from the lead page


def lead_of(request: StaffRequest, lead_id: str) -> Lead:
    """The lead of an address, if this person may see it; else it does not exist."""
    rows = Lead.objects.visible_to(request.user).with_people().select_related("offer_line", "recycled_from")
    lead = rows.filter(id=lead_id).first()
    if lead is None:
        raise Http404("There is no such lead.")
    return lead


def lead(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Everything about one lead. `show`, `find` and `upto` choose from the timeline, `before` goes on with earlier
    events, `jump` lists its years.

    A lead that became one with another in a merge is met there.
    """
    at = clock.now()
    user = request.user
    try:
        lead = lead_of(request, lead_id)
    except Http404:
        if (current := aliases.current(lead_id)) == lead_id:
            raise
        return redirect("desk:lead", current)
    explained = why(lead)
    state = state_of(request)
    context: dict[str, Any] = {
        "lead": lead,
        "person": lead.person,
        "may_change": user.may("owner", "marketer", "rep"),
        "query": state.address(),
    }
    part = _part(request)
    context |= _timeline(request, lead, explained, state, at, part)
    if part:
        return render(request, part, context)
    context |= _beside(request, lead, explained, at)
    context |= _place(request, lead, state, at)
    return render(request, "desk/lead.html", context)


def _part(request: StaffRequest) -> str:
    """The part of the page that htmx asks for."""
    parts = {
        "timeline": "desk/_timeline.html",
        "earlier": "desk/_timeline_days.html",
        "tl-years": "desk/_timeline_years.html",
    }
    return parts.get(request.htmx.target or "", "") if request.htmx else ""


def _timeline(
    request: StaffRequest, lead: Lead, explained: Why | None, state: Listing, at: datetime, part: str
) -> dict[str, Any]:
    """The timeline that the address asks for, and the ways to every other state of it."""
    asked = timeline.Asked.read(request.GET)
    zone = queries.zone_of(request.user)
    context: dict[str, Any] = {"asked": asked, "state_pairs": state.pairs()}
    here, listed = reverse("desk:lead", args=[lead.id]), state.address()

    def there(**changes: str | None) -> str:
        pairs = {**asked.pairs(), **changes}
        chosen = urlencode({key: value for key, value in pairs.items() if value})
        query = "&".join(filter(None, [listed, chosen]))
        return here + (f"?{query}" if query else "")

    if part.endswith("years.html") or "jump" in request.GET:
        context["years"] = [
            (
                year,
                there(upto=str(year.year), find=None),
                [(month, there(upto=f"{month.first:%Y-%m}", find=None)) for month in year.months],
            )
            for year in timeline.years(lead, asked.group, zone)
        ]
    if part.endswith("years.html"):
        return context
    shown = timeline.of(lead, asked, points=by_event(explained), zone=zone, at=at)
    last_day = f"{shown.days[-1].date:%Y-%m-%d}" if shown.days else None
    return context | {
        "timeline": shown,
        "begun": request.GET.get("day", "") if part.endswith("days.html") else "",
        "groups": [(key, label, there(show=key)) for key, label in timeline.GROUPS.items()],
        "earlier": there(before=str(shown.earlier), day=last_day) if shown.earlier else "",
        "everything": there(show=None, find=None),
        "without_words": there(find=None),
        "to_newest": there(upto=None),
        "jump": there(jump="1"),
        "export": there().replace(here, reverse("desk:timeline_export", args=[lead.id])),
    }


def _beside(request: StaffRequest, lead: Lead, explained: Why | None, at: datetime) -> dict[str, Any]:
    """What stands beside the timeline: why, tasks, contact, deals, fields, answers, look-alikes."""
    user, person = request.user, lead.person
    hand_off = HandOff.objects.visible_to(user).waiting().filter(lead=lead).with_leads().first()
    tasks = list(
        Task.objects.filter(lead=lead, done_at=None).select_related("assignee").order_by("due_at", "id")[:20]
    )
    reach = contact.of(person)
    deals = sales.deals_panel(lead=lead, user=user)
    open_deal = next((deal for deal in deals.deals if deal.won_at is None and deal.lost_at is None), None)
    sent = Submission.objects.filter(lead=lead, state=Submission.State.ACCEPTED).select_related(
        "version", "form"
    )
    return {
        "why": explained,
        "checked": checked(lead),
        "ideal": ideal.of_lead(lead, at=at),
        "sheets": what_we_know(lead)["sheets"],
        "foretold": foretold(lead),
        "local_clock": f"{local:%H:%M}" if (local := _local(person, at)) else "",
        "hand_off": hand_off,
        "clock": clock_of(hand_off, at) if hand_off else None,
        "may_answer": hand_off is not None and user.may("owner", "marketer", "rep"),
        "tasks": tasks,
        "now": at,
        "contact": reach,
        "panel": deals,
        "packet": sales.packet(hand_off=hand_off, user=user, at=at, brief=True) if hand_off else None,
        "custom": fields.of(lead),
        "submissions": [(row, answers.of(row)) for row in sent.order_by("-submitted_at")[:3]],
        "alike": _alike(request, lead),
        "merges": list(Merge.objects.filter(kept=person, undone_at=None).order_by("-at", "-id")[:20]),
        "may_merge": user.may("owner", "marketer"),
        "other_leads": Lead.objects.visible_to(user)
        .filter(person=person)
        .exclude(id=lead.id)
        .select_related("offer_line")
        .order_by("-opened_at")[:5],
        "suggestion": next_step.suggest(
            next_step.Situation(
                stage=lead.stage,
                waiting=hand_off is not None,
                owned=lead.owner_id is not None,
                callable=not reach.call.closed,
                writable=not reach.email.closed,
                task=tasks[0].title if tasks else "",
                task_late=bool(tasks and tasks[0].due_at and tasks[0].due_at < at),
                deal=open_deal.title if open_deal else "",
                deal_step=open_deal.next_step if open_deal else "",
                missing=explained.missing[0] if explained and explained.missing else "",
                asked=lead.raised_with,
            )
        ),
    }


def _local(person: Person, at: datetime) -> datetime | None:
    """The time where they are, if we know where that is."""
    try:
        return at.astimezone(ZoneInfo(person.time_zone)) if person.time_zone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _alike(request: StaffRequest, lead: Lead) -> list[Lead]:
    """Leads of other people who have the same number, or the same name in the same company."""
    person = lead.person
    same = Q(pk__in=[])
    if person.phone:
        same |= Q(phone=person.phone)
    if person.last_name and person.company_id:
        same |= Q(
            first_name__iexact=person.first_name,
            last_name__iexact=person.last_name,
            company=person.company_id,
        )
    others = Person.objects.filter(same, erased_at=None).exclude(id=person.id)
    rows = Lead.objects.visible_to(request.user).filter(person__in=others).with_people()
    return list(rows.order_by("-opened_at")[:3])


def _place(request: StaffRequest, lead: Lead, state: Listing, at: datetime) -> dict[str, Any]:
    """Where this lead stands in the list it was opened from, and its neighbours."""
    found = queries.ordered(queries.matching(request.user, state, at=at), state.sort)
    ids = list(found.values_list("id", flat=True)[:NEIGHBOURS])
    context: dict[str, Any] = {"back": address(state), "total": len(ids)}
    if lead.id not in ids:
        return context
    place = ids.index(lead.id)
    query = f"?{state.address()}" if state.address() else ""
    if place > 0:
        context["previous"] = reverse("desk:lead", args=[ids[place - 1]]) + query
    if place + 1 < len(ids):
        context["next"] = reverse("desk:lead", args=[ids[place + 1]]) + query
    return context | {"position": place + 1}


def explain(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Why this lead has its points, as a dialog over a list."""
    lead = lead_of(request, lead_id)
    context = {"lead": lead, "why": why(lead)}
    return dialog(request, "desk/_why_dialog.html", context, title=f"Why {lead.score}")
