"""The rules of the house: whose turn, how offers were answered, which steps deals take."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.convert import queries
from handraiser.convert.actions import pipelines, routes
from handraiser.convert.forms import major, minor
from handraiser.convert.models import DealStage, HandOff, HandOffState, Pipeline, Route, RouteMember
from handraiser.convert.reasons import Reject
from handraiser.convert.rules.routing import next_in_turn
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS, SELLERS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

PERIOD = timedelta(days=90)
T = TypeVar("T")


def _tabs(current: str) -> list[tuple[str, str, bool, None]]:
    lines = (("Routing", "routing"), ("Hand-offs", "hand_offs"), ("Pipelines", "pipelines"))
    return [(label, reverse(f"convert:{name}"), name == current, None) for label, name in lines]


@require_GET
def routing(request: StaffRequest) -> HttpResponse:
    """Who would get the next lead and why; the turn and its members."""
    route = Route.catch_all()
    routes.fill(route=route)
    members = list(RouteMember.objects.filter(route=route).select_related("user").order_by("position", "id"))
    turn = queries.turn(route=route)
    choice = next_in_turn(turn, last_served=route.last_served_id)
    others = User.objects.filter(is_active=True, role__in=SELLERS)
    return render(
        request,
        "convert/routing.html",
        {
            "tabs": _tabs("routing"),
            "route": route,
            "members": list(zip(members, turn, strict=True)),
            "choice": choice,
            "next": next((member.user for member in members if member.user_id == choice.user), None),
            "others": others.exclude(id__in=[member.user_id for member in members]).order_by("name"),
            "may_change": request.user.role in EDITORS,
        },
    )


@require_POST
def change_routing(request: StaffRequest) -> HttpResponse:
    """Switch a member, move them in the turn, let somebody join, or set the time to answer."""
    route = Route.catch_all()
    what = request.POST.get("do", "")
    if what in ("on", "off"):
        member = get_object_or_404(RouteMember, route=route, user_id=_user_id(request))
        routes.switch(member=member, on=what == "on")
        toast(
            request, f"{member.user} takes turns again." if what == "on" else f"{member.user} is passed over."
        )
    elif what in ("up", "down"):
        _step(route, _user_id(request), -1 if what == "up" else 1)
    elif what == "join":
        user = get_object_or_404(User, id=_user_id(request), is_active=True)
        routes.join(route=route, user=user)
        toast(request, f"{user} takes turns from now on.")
    elif what == "minutes":
        text = request.POST.get("minutes", "")
        routes.set_answer_time(route=route, minutes=int(text) if text.isdigit() else 0)
        toast(request, "Saved. It holds for the next hand-offs.")
    else:
        raise DomainError("unknown_change", "Choose what to change.")
    return HttpResponseRedirect(reverse("convert:routing"))


def _user_id(request: StaffRequest) -> int:
    text = request.POST.get("user", "")
    return int(text) if text.isdigit() and len(text) < 18 else 0


def _step(route: Route, user_id: int, step: int) -> None:
    members = RouteMember.objects.filter(route=route).order_by("position", "id")
    routes.reorder(
        route=route, user_ids=_stepped(list(members.values_list("user_id", flat=True)), user_id, step)
    )


def _stepped(order: list[T], one: T, step: int) -> list[T]:
    """The order with one of its members a place further up or down; the ends stay."""
    if one in order:
        place = order.index(one)
        other = min(max(place + step, 0), len(order) - 1)
        order[place], order[other] = order[other], order[place]
    return order


@require_GET
def hand_offs(request: StaffRequest) -> HttpResponse:
    """Every offer with its answer, and how often each reason was given in 90 days."""
    state = request.GET.get("state", "")
    rows = HandOff.objects.visible_to(request.user).with_leads().order_by("-offered_at", "-id")
    if state in HandOffState.values:
        rows = rows.filter(state=state)
    now = clock.now()
    said = queries.acceptance(since=now - PERIOD, until=now)
    return render(
        request,
        "convert/hand_offs.html",
        {
            "tabs": _tabs("hand_offs"),
            "page": Paginator(rows, 50).get_page(request.GET.get("page")),
            "said": said,
            "reasons": [(Reject(key).label, n) for key, n in said.reasons],
            "state": state,
            "states": HandOffState.choices,
        },
    )


@require_GET
def pipeline_list(request: StaffRequest) -> HttpResponse:
    """The pipelines with their stages."""
    Pipeline.default()
    currency = Organisation.get().currency
    found = Pipeline.objects.prefetch_related("stages").order_by("-is_default", "name")
    return render(
        request,
        "convert/pipelines.html",
        {
            "tabs": _tabs("pipelines"),
            "pipelines": [
                (
                    pipeline,
                    sorted(pipeline.stages.all(), key=lambda stage: (stage.position, stage.id)),
                    major(pipeline.month_goal, currency),
                )
                for pipeline in found
            ],
            "currency": currency,
            "may_change": request.user.role in EDITORS,
        },
    )


@require_POST
def change_pipeline(request: StaffRequest, pipeline_id: str) -> HttpResponse:
    """Name, order, add or remove a stage, or set the month's goal."""
    pipeline = get_object_or_404(Pipeline, id=pipeline_id)
    what = request.POST.get("do", "")
    if what == "add":
        pipelines.add_stage(pipeline=pipeline, name=request.POST.get("name", ""))
        toast(request, "Stage added.")
    elif what == "goal":
        pipelines.set_goal(pipeline=pipeline, month_goal=_goal(request.POST.get("goal", "")))
        toast(request, "Goal saved.")
    else:
        stage = get_object_or_404(DealStage, pipeline=pipeline, id=request.POST.get("stage", ""))
        _change_stage(request, pipeline, stage, what)
    return HttpResponseRedirect(reverse("convert:pipelines"))


def _change_stage(request: StaffRequest, pipeline: Pipeline, stage: DealStage, what: str) -> None:
    if what == "rename":
        days = request.POST.get("expected_days", "")
        pipelines.rename(
            stage=stage,
            name=request.POST.get("name", ""),
            expected_days=int(days) if days.isdigit() and len(days) < 5 else None,
        )
        toast(request, "Stage saved.")
    elif what in ("up", "down"):
        rows = pipeline.stages.filter(kind=DealStage.Kind.OPEN).order_by("position", "id")
        order = _stepped(list(rows.values_list("id", flat=True)), stage.id, -1 if what == "up" else 1)
        pipelines.reorder(pipeline=pipeline, stage_ids=order)
    elif what == "remove":
        pipelines.remove_stage(stage=stage)
        toast(request, f"{stage.name} removed.")
    else:
        raise DomainError("unknown_change", "Choose what to change.")


def _goal(text: str) -> int | None:
    try:
        return minor(Decimal(text), Organisation.get().currency) if text.strip() else None
    except InvalidOperation:
        raise DomainError("goal", "A goal is a number. Example: 90000", field="goal") from None
