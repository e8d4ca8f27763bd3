"""What is done to one lead from its page: notes, tasks, owner, stage, fields, contact data."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from handraiser.console.toasts import toast
from handraiser.core.people.actions import leads, notes, people, tasks
from handraiser.core.people.models import Lead, Task
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.desk import fields, queries, words
from handraiser.desk.actions import persons
from handraiser.desk.views.dialogs import declined, dialog, sent_on
from handraiser.desk.views.lead import lead_of
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages


def back_to(request: StaffRequest, lead: Lead) -> str:
    """The address of the lead page, in the list it was opened from (`back` of the form)."""
    back = request.POST.get("back", "")
    here = reverse("desk:lead", args=[lead.id])
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if safe and back.startswith("/admin/") else here


# --- notes --------------------------------------------------------------------------------------------


def note_ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """A field for a note."""
    lead = lead_of(request, lead_id)
    return dialog(request, "desk/_note.html", _with(request, lead), title="Note")


@require_POST
def note(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Write a note."""
    lead, at = lead_of(request, lead_id), clock.now()
    try:
        with transaction.atomic():
            text = request.POST.get("text", "")[:20_000]
            notes.add(person=lead.person, lead=lead, author=request.user, text=text, at=at)
            leads.note_activity(lead_ids=[lead.id], sentence="Note written", at=at)
    except DomainError as error:
        return declined(request, "desk/_note.html", _with(request, lead) | {"error": error}, title="Note")
    toast(request, "Note written.")
    return sent_on(request, back_to(request, lead))


def _with(request: StaffRequest, lead: Lead) -> dict[str, Any]:
    source = request.POST if request.method == "POST" else request.GET
    return {"lead": lead, "person": lead.person, "values": source, "back": source.get("back", "")}


# --- tasks --------------------------------------------------------------------------------------------


def task_ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Fields for a task."""
    lead = lead_of(request, lead_id)
    return dialog(request, "desk/_task.html", _task_context(request, lead), title="Task")


def _task_context(request: StaffRequest, lead: Lead) -> dict[str, Any]:
    return _with(request, lead) | {
        "kinds": [("call", "Call"), ("email", "Email"), ("meeting", "Meeting"), ("other", "Other")],
        "owners": queries.owners(request.user),
    }


@require_POST
def task(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Add a task for oneself or a colleague."""
    lead, at = lead_of(request, lead_id), clock.now()
    try:
        assignee = User.objects.filter(id=_number(request.POST.get("assignee")), is_active=True).first()
        tasks.add(
            title=request.POST.get("title", ""),
            kind=request.POST.get("task_kind", "other"),
            person=lead.person,
            lead=lead,
            assignee=assignee or request.user,
            due_at=_due(request),
            at=at,
            by=str(request.user.id),
        )
    except DomainError as error:
        context = _task_context(request, lead) | {"error": error}
        return declined(request, "desk/_task.html", context, title="Task")
    toast(request, "Task added.")
    return sent_on(request, back_to(request, lead))


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 10 else -1


def _due(request: StaffRequest) -> datetime | None:
    """The day and time of a form, in the reader's zone; without a time, five in the afternoon."""
    day, hour = request.POST.get("due", ""), request.POST.get("hour", "")
    if not day:
        return None
    try:
        moment = datetime.combine(
            datetime.fromisoformat(day).date(), time.fromisoformat(hour) if hour else time(17)
        )
    except ValueError as error:
        raise DomainError("not_a_day", "This is not a day and time.", field="due") from error
    return moment.replace(tzinfo=queries.zone_of(request.user))


def _task_of(request: StaffRequest, task_id: str) -> Task:
    """A task of a lead that this person may see, or one of their own without a lead."""
    visible = Q(lead__in=Lead.objects.visible_to(request.user)) | Q(lead=None, assignee=request.user)
    return get_object_or_404(Task.objects.filter(visible).select_related("lead"), id=task_id)


@require_POST
def task_done(request: StaffRequest, task_id: str) -> HttpResponse:
    """Tick a task off."""
    row, at = _task_of(request, task_id), clock.now()
    tasks.complete(task=row, at=at, by=str(request.user.id))
    if row.lead_id:
        leads.note_activity(lead_ids=[row.lead_id], sentence=f"Done: {row.title}"[:200], at=at)
    toast(request, f"Done: {row.title}", undo=reverse("desk:task_reopen", args=[row.id]))
    return redirect(_where(request))


@require_POST
def task_reopen(request: StaffRequest, task_id: str) -> HttpResponse:
    """Take "done" back."""
    row = _task_of(request, task_id)
    tasks.reopen(task=row)
    toast(request, f"Open again: {row.title}")
    return redirect(_where(request))


def _where(request: StaffRequest) -> str:
    """The page that the form stood on."""
    back = request.headers.get("Referer", "")
    return back if back.startswith(request.build_absolute_uri("/admin/")) else reverse("desk:today")


# --- owner and stage ------------------------------------------------------------------------------------


def owner_ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Whom to give the lead to."""
    lead = lead_of(request, lead_id)
    context = _with(request, lead) | {"owners": queries.owners(request.user)}
    return dialog(request, "desk/_owner.html", context, title="Owner")


@require_POST
def owner(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Give the lead to somebody, or set it free."""
    lead, at = lead_of(request, lead_id), clock.now()
    chosen = User.objects.filter(id=_number(request.POST.get("owner")), is_active=True).first()
    if chosen is None and request.POST.get("owner") != "nobody":
        error = DomainError("no_owner", "Choose who gets it.", field="owner")
        context = _with(request, lead) | {"owners": queries.owners(request.user), "error": error}
        return declined(request, "desk/_owner.html", context, title="Owner")
    if leads.assign(lead=lead, owner=chosen, at=at, why="by hand", by=str(request.user.id)):
        toast(request, f"{lead.person.name} now belongs to {chosen.name if chosen else 'nobody'}.")
    still_visible = Lead.objects.visible_to(request.user).filter(id=lead.id).exists()
    return sent_on(request, back_to(request, lead) if still_visible else reverse("desk:leads"))


def stage_ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Which stage, and why."""
    lead = lead_of(request, lead_id)
    return dialog(request, "desk/_stage.html", _stage_context(request, lead), title="Stage")


def _stage_context(request: StaffRequest, lead: Lead) -> dict[str, Any]:
    choices = [(key, label) for key, label in words.STAGES.items() if key != lead.stage]
    return _with(request, lead) | {"stages": choices}


@require_POST
def stage(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Move the lead to another stage."""
    lead, at = lead_of(request, lead_id), clock.now()
    to, seen = request.POST.get("stage", ""), request.POST.get("seen", lead.stage)
    # What the person saw decides: somebody else may have moved the lead meanwhile.
    lead.stage = seen
    try:
        stages.move(
            lead=lead, to=to, at=at, reason=request.POST.get("reason", "")[:300], by=str(request.user.id)
        )
    except DomainError as error:
        lead.refresh_from_db()
        context = _stage_context(request, lead) | {"error": error}
        return declined(request, "desk/_stage.html", context, title="Stage")
    toast(request, f"{lead.person.name} moved to {words.STAGES[to]}.")
    return sent_on(request, back_to(request, lead))


# --- what is known of them ------------------------------------------------------------------------------


def person_ask(request: StaffRequest, lead_id: str) -> HttpResponse:
    """The details of the person, to change."""
    lead = lead_of(request, lead_id)
    return dialog(request, "desk/_person.html", _person_context(request, lead), title="Edit person")


INPUTS = (
    ("first_name", "First name", "text"),
    ("last_name", "Last name", "text"),
    ("job_title", "Role", "text"),
    ("company_name", "Company", "text"),
    ("email", "Email", "email"),
    ("phone", "Phone", "tel"),
)


def _person_context(request: StaffRequest, lead: Lead) -> dict[str, Any]:
    person = lead.person
    stored = {name: getattr(person, name, "") for name, *_ in INPUTS}
    stored["company_name"] = person.company.name if person.company else ""
    sent = request.POST if request.method == "POST" else stored
    rows = [(name, label, kind, sent.get(name, "")) for name, label, kind in INPUTS]
    return _with(request, lead) | {"inputs": rows}


@require_POST
def person(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Change what is known of the person."""
    lead = lead_of(request, lead_id)
    values = {name: request.POST[name].strip()[:200] for name, *_ in INPUTS if name in request.POST}
    try:
        changed = persons.change(person=lead.person, values=values, by=request.user, at=clock.now())
    except DomainError as error:
        context = _person_context(request, lead) | {"error": error}
        return declined(request, "desk/_person.html", context, title="Edit person")
    if changed:
        toast(request, "Saved.")
    return sent_on(request, back_to(request, lead))


@require_POST
def custom(request: StaffRequest, lead_id: str) -> HttpResponse:
    """Save the custom fields."""
    lead, at = lead_of(request, lead_id), clock.now()
    of_person, of_lead = fields.changed(fields.of(lead), request.POST.dict())
    with transaction.atomic():
        if of_person:
            people.change(person=lead.person, values=of_person, at=at, by=str(request.user.id), proven=True)
        if of_lead:
            persons.change_lead_fields(lead=lead, values=of_lead, at=at)
    if of_person or of_lead:
        toast(request, "Saved.")
    return redirect(back_to(request, lead))
