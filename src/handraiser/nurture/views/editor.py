"""The flow of a sequence, and the panel beside it that edits one step. All of it works by links and forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from handraiser.core.delivery.rules import personalise
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.nurture import forms, queries
from handraiser.nurture.actions import letters
from handraiser.nurture.actions import sequences as actions
from handraiser.nurture.models import Sequence
from handraiser.nurture.rules import flow, words
from handraiser.nurture.views.shared import form_names, frame

ICONS = {"wait": "wait", "email": "mail", "condition": "split", "task": "task", "exit": "flag"}
LABELS = {"wait": "Wait", "email": "Email", "condition": "Split", "task": "Task for the owner", "exit": "End"}
START = "start"


@dataclass
class Node:
    """A step as the canvas draws it."""

    step: flow.Step
    label: str
    icon: str
    title: str
    result: queries.StepResult
    problems: list[str]
    first: bool = False
    last: bool = False
    yes: list[Node] = field(default_factory=list)
    no: list[Node] = field(default_factory=list)


def _nodes(
    steps: list[flow.Step],
    results: dict[str, queries.StepResult],
    wrong: dict[str, list[str]],
    count: list[int],
) -> list[Node]:
    nodes = []
    for place, step in enumerate(steps):
        label = LABELS[step["kind"]]
        if step["kind"] == "email":
            count[0] += 1
            label = f"Email {count[0]}"
        node = Node(
            step=step,
            label=label,
            icon=ICONS[step["kind"]],
            title=words.title(step),
            result=results.get(step["key"], queries.StepResult()),
            problems=wrong.get(step["key"], []),
            first=place == 0,
            last=place == len(steps) - 1,
        )
        node.yes = _nodes(step.get("yes", []), results, wrong, count)
        node.no = _nodes(step.get("no", []), results, wrong, count)
        nodes.append(node)
    return nodes


def _find(sequence_id: str) -> Sequence:
    return get_object_or_404(Sequence, id=sequence_id)


@require_safe
def steps(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """The canvas, with one step (or the start) in the panel."""
    return _screen(request, _find(sequence_id), chosen=request.GET.get("step", ""))


def _screen(
    request: StaffRequest, sequence: Sequence, *, chosen: str, form: Any = None, status: int = 200
) -> HttpResponse:
    version = actions.current(sequence)
    plan = version.flow
    context = frame(request, sequence, "steps")
    wrong: dict[str, list[str]] = {}
    for key, sentence in flow.problems(plan, letters.check):
        wrong.setdefault(key, []).append(sentence)
    names = form_names()
    step = flow.find(plan["steps"], chosen) if chosen and chosen != START else None
    nodes = _nodes(plan["steps"], queries.step_results(sequence, plan["steps"]), wrong, [0])
    if not plan["trigger"] and not chosen:
        chosen = START
    context |= {
        "version": version,
        "nodes": nodes,
        "trigger_words": words.trigger(plan["trigger"], names),
        "exit_words": [flow.EXITS[name] for name in plan["exits"] if name in flow.EXITS],
        "start_problems": wrong.get("", []),
        "chosen": chosen,
        "step": step,
        "as_list": request.GET.get("view") == "list",
        "kinds": [(kind, LABELS[kind], ICONS[kind]) for kind in flow.KINDS],
    }
    if step is not None:
        node = _flat(nodes)[chosen]
        context |= {
            "node": node,
            "form": form or forms.FORMS[step["kind"]](initial=forms.initial(step)),
        }
        if step["kind"] == "email":
            context |= _preview(request, step)
    elif chosen == START:
        given = {"start": forms.start_value(plan["trigger"]), "exits": plan["exits"]}
        context["form"] = form or forms.StartForm(initial=given, form_names=names)
    return render(request, "nurture/steps.html", context, status=status)


def _flat(nodes: list[Node]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in nodes:
        found |= {node.step["key"]: node} | _flat(node.yes) | _flat(node.no)
    return found


def _preview(request: StaffRequest, step: flow.Step) -> dict[str, Any]:
    """The email as a real lead would read it, and what happens where a field is unknown."""
    leads = list(
        Lead.objects.select_related("person", "person__company", "owner").order_by("-opened_at")[:20]
    )
    chosen = next((lead for lead in leads if lead.id == request.GET.get("as")), leads[0] if leads else None)
    values = letters.values(chosen.person, chosen, Organisation.get()) if chosen else {}
    text = f"{step.get('subject', '')}\n{step.get('body', '')}"
    unknown = sorted(name for name in personalise.fields(text) if not values.get(name))
    return {
        "leads": leads,
        "preview_lead": chosen,
        "preview_subject": personalise.fill(step.get("subject", ""), values),
        "preview": personalise.compose(step.get("body", ""), values),
        "unknown_fields": unknown,
        "holes": sorted(personalise.without_fallback(text) & set(unknown)),
        "fields": letters.FIELDS,
    }


def _back(sequence_id: str, step: str = "") -> HttpResponse:
    where = reverse("nurture:steps", args=[sequence_id])
    return redirect(f"{where}?step={step}#{step}" if step else where)


@require_POST
def save_start(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """What sets it off and what ends it."""
    sequence = _find(sequence_id)
    form = forms.StartForm(request.POST, form_names=form_names())
    if not form.is_valid():
        return _screen(request, sequence, chosen=START, form=form, status=422)
    exits = form.cleaned_data["exits"]
    actions.set_start(sequence, trigger=form.trigger(), exits=exits, at=clock.now())
    return _back(sequence_id)


@require_POST
def add_step(request: StaffRequest, sequence_id: str) -> HttpResponse:
    """A fresh step, opened in the panel."""
    key = actions.add_step(
        _find(sequence_id),
        kind=request.POST.get("kind", ""),
        after=request.POST.get("after", ""),
        inside=request.POST.get("inside", ""),
        branch=request.POST.get("branch", ""),
        at=clock.now(),
    )
    return _back(sequence_id, key)


@require_POST
def save_step(request: StaffRequest, sequence_id: str, key: str) -> HttpResponse:
    """The panel's values."""
    sequence = _find(sequence_id)
    version = actions.current(sequence)
    step = flow.find(version.flow["steps"], key)
    if step is None:
        return _back(sequence_id)
    form = forms.FORMS[step["kind"]](request.POST)
    if not form.is_valid():
        return _screen(request, sequence, chosen=key, form=form, status=422)
    values = forms.values(step["kind"], form.cleaned_data)
    actions.change_step(sequence, key=key, values=values, at=clock.now())
    return _back(sequence_id, key)


@require_POST
def move_step(request: StaffRequest, sequence_id: str, key: str) -> HttpResponse:
    """Up or down among its neighbours."""
    by = -1 if request.POST.get("to") == "up" else 1
    actions.move_step(_find(sequence_id), key=key, by=by, at=clock.now())
    return _back(sequence_id, key)


@require_POST
def remove_step(request: StaffRequest, sequence_id: str, key: str) -> HttpResponse:
    """Out of the draft; the live version keeps it."""
    actions.remove_step(_find(sequence_id), key=key, at=clock.now())
    return _back(sequence_id)
