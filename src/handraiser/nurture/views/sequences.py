"""The list of sequences; making, publishing and testing one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST, require_safe

from handraiser.capture.models import Form
from handraiser.console.toasts import toast
from handraiser.core.delivery.rules import personalise
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.nurture import queries
from handraiser.nurture.actions import letters
from handraiser.nurture.actions import sequences as actions
from handraiser.nurture.models import Sequence
from handraiser.nurture.rules import flow, words
from handraiser.nurture.starters import STARTERS, fitting
from handraiser.nurture.views.shared import form_names, frame, tabs_of, trigger_words


@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """All sequences, who is in them, what came of them."""
    names = form_names()
    rows = queries.listing()
    for row in rows:
        row["trigger_words"] = words.trigger(row["trigger"], names)
    context = {
        "rows": rows,
        "inside": sum(row["standing"].inside for row in rows),
        "may_change": request.user.may(*EDITORS),
        "tab_items": tabs_of("sequences"),
    }
    return render(request, "nurture/sequences.html", context)


@require_safe
def new(request: StaffRequest) -> HttpResponse:
    """Choose what to begin with."""
    return render(request, "nurture/new.html", _beginning())


def _beginning(error: DomainError | None = None, name: str = "") -> dict[str, Any]:
    """What to begin with; first what a form that is live sets off."""
    intents = set(Form.objects.exclude(live=None).values_list("intent", flat=True))
    return {"starters": fitting(intents), "intents": intents, "error": error, "name": name}


@require_POST
def create(request: StaffRequest) -> HttpResponse:
    """Make the sequence and open its steps."""
    starter = STARTERS.get(request.POST.get("starter", ""))
    name = request.POST.get("name", "").strip() or (starter.name if starter else "")
    try:
        sequence = actions.create(name=name, at=clock.now(), plan=starter.plan if starter else None)
    except DomainError as error:
        return render(request, "nurture/new.html", _beginning(error, name), status=error.status)
    return redirect("nurture:steps", sequence.id)


def _find(sequence_id: str) -> Sequence:
    return get_object_or_404(Sequence, id=sequence_id)


@require_safe
def review(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Before publishing: what is wrong, what changes, whom it touches."""
    sequence = _find(sequence_id)
    context = frame(request, sequence, "steps")
    draft, live = context["draft"], context["live"]
    if draft is None:
        return redirect("nurture:steps", sequence.id)
    before = {step["key"]: step for step in flow.walk(live.flow["steps"])} if live else {}
    now_steps = {step["key"]: step for step in flow.walk(draft.flow["steps"])}
    context |= {
        "problems": [
            (now_steps.get(key), words.title(now_steps[key]) if key in now_steps else "", sentence)
            for key, sentence in flow.problems(draft.flow, letters.check)
        ],
        "added": [words.title(step) for key, step in now_steps.items() if key not in before],
        "changed": [
            _difference(before[key], step)
            for key, step in now_steps.items()
            if key in before and _own(before[key]) != _own(step)
        ],
        "removed": [words.title(step) for key, step in before.items() if key not in now_steps],
        "trigger_words": trigger_words(draft.flow["trigger"]),
        "trigger_changed": bool(live) and live.flow["trigger"] != draft.flow["trigger"],
        "emails": sum(step["kind"] == "email" for step in now_steps.values()),
    }
    return render(request, "nurture/review.html", context)


def _own(step: flow.Step) -> flow.Step:
    return {name: value for name, value in step.items() if name not in ("yes", "no")}


def _difference(before: flow.Step, after: flow.Step) -> str:
    """A changed step in words: with its old title when that is what changed."""
    old, new = words.title(before), words.title(after)
    name = f"Wait {new}" if after["kind"] == "wait" else new
    return f"{name} (was {old})" if old != new else name


@require_POST
def publish(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Make the draft live."""
    version = actions.publish(_find(sequence_id), at=clock.now(), by=request.user)
    toast(request, f"Version {version.number} is live.")
    return redirect("nurture:steps", sequence_id)


@require_POST
def discard(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Throw the draft away."""
    actions.discard(_find(sequence_id))
    toast(request, "The draft was discarded.")
    return redirect("nurture:steps", sequence_id)


@require_POST
def pause(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Nobody enters and nobody moves."""
    actions.pause(_find(sequence_id), at=clock.now())
    toast(request, "Paused.", undo=reverse("nurture:resume", args=[sequence_id]))
    return redirect("nurture:steps", sequence_id)


@require_POST
def resume(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Go on."""
    actions.resume(_find(sequence_id))
    toast(request, "Running again.")
    return redirect("nurture:steps", sequence_id)


@require_safe
def versions(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """Every version, and who is still in it."""
    sequence = _find(sequence_id)
    inside = queries.inside_by_version(sequence)
    rows = [
        {
            "version": version,
            "people": inside.get(version.number, 0),
            "steps": version.kinds.total(),
            "emails": version.kinds["email"],
        }
        for version in sequence.versions.select_related("published_by").order_by("-number")
    ]
    return render(request, "nurture/versions.html", frame(request, sequence, "versions") | {"rows": rows})


@require_POST
def again(request: StaffRequest, sequence_id: str, number: int) -> HttpResponse:
    """Start the draft from an earlier version."""
    sequence = _find(sequence_id)
    source = get_object_or_404(sequence.versions, number=number)
    actions.draft(sequence, at=clock.now(), of=source)
    toast(request, f"The draft is now what version {number} was.")
    return redirect("nurture:steps", sequence_id)


@require_safe
def dry_run(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """A calendar of what would happen to somebody, and when. Nothing is sent."""
    sequence = _find(sequence_id)
    version = actions.current(sequence)
    steps = version.flow["steps"]
    conditions = [step for step in flow.walk(steps) if step["kind"] == "condition"]
    answers = {step["key"]: request.GET.get(step["key"], "no") for step in conditions}
    leads = list(
        Lead.objects.select_related("person", "person__company", "owner").order_by("-opened_at")[:20]
    )
    chosen = next((lead for lead in leads if lead.id == request.GET.get("as")), leads[0] if leads else None)
    organisation = Organisation.get()
    values = letters.values(chosen.person, chosen, organisation) if chosen else {}
    now = clock.now()
    happenings = flow.simulate(steps, at=now, answers=answers)
    days: list[dict] = []
    for line in happenings:
        date = localtime(line.at).date()
        if not days or days[-1]["date"] != date:
            days.append(
                {"date": date, "at": line.at, "lines": [], "after": (line.at - now) // timedelta(days=1)}
            )
        email = line.step["kind"] == "email"
        title = words.title(line.step)
        days[-1]["lines"].append(
            {
                "at": line.at,
                "kind": line.step["kind"],
                "title": personalise.fill(title, values) if email else title,
                "outcome": line.outcome,
                "key": line.step["key"],
            }
        )
    context = frame(request, sequence, "dry_run") | {
        "version": version,
        "questions": [(step["key"], words.title(step), answers[step["key"]]) for step in conditions],
        "leads": leads,
        "chosen": chosen,
        "days": days,
        "emails": sum(line.step["kind"] == "email" for line in happenings),
        "end": happenings[-1].at if happenings else None,
    }
    return render(request, "nurture/dry_run.html", context)
