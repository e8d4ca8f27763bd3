"""The board: every open deal of a pipeline, and the moves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.convert import queries
from handraiser.convert.actions import deals as actions
from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.convert.models.deals import DealQuerySet
from handraiser.convert.reasons import LOST_SENTENCES, Lost
from handraiser.convert.rules import board as rules
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import SELLERS, Role
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

TABLE_ROWS = 200


@dataclass(frozen=True)
class Card:
    """A deal as it stands on the board or in the table."""

    deal: Deal
    days: int
    stuck: str
    icon: str
    next: str


def card(deal: Deal, now: datetime) -> Card:
    """What a card says now, in the reader's zone."""
    days = rules.days_in_stage(since=deal.stage_at, now=now)
    due = timezone.localtime(deal.next_step_at) if deal.next_step_at else None
    text = deal.next_step
    if due is not None:
        text += f", {rules.due_in_words(due, timezone.localtime(now))}"
    stuck = rules.stuck_because(
        next_step=deal.next_step,
        next_step_at=deal.next_step_at,
        days=days,
        expected_days=deal.stage.expected_days,
        now=now,
    )
    return Card(deal, days, stuck, "alert" if stuck else rules.icon_of(deal.next_step), text)


def _month(now: datetime) -> tuple[datetime, datetime]:
    """The calendar month around a moment, in the organisation's zone."""
    zone = ZoneInfo(Organisation.get().time_zone)
    first = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def _deals(user: User, query: QueryDict, pipeline: Pipeline) -> tuple[DealQuerySet, str]:
    """The deals that this person may and wants to see, and whose."""
    owner = query.get("owner", "")
    deals = Deal.objects.visible_to(user).filter(pipeline=pipeline)
    if owner == "me":
        return deals.filter(owner=user), owner
    if owner == "nobody":
        return deals.filter(owner=None), owner
    if owner.isdigit() and len(owner) < 18:
        return deals.filter(owner_id=int(owner)), owner
    return deals, ""


def _pipeline(query: QueryDict) -> Pipeline:
    wanted = query.get("pipeline", "")
    return get_object_or_404(Pipeline, id=wanted) if wanted else Pipeline.default()


def _page(user: User, query: QueryDict, address: str) -> dict[str, Any]:
    """All that the board shows at this address."""
    now = clock.now()
    pipeline = _pipeline(query)
    deals, owner = _deals(user, query, pipeline)
    since, until = _month(now)
    currency = Organisation.get().currency
    stuck = queries.stuck(pipeline=pipeline, deals=deals, now=now)
    shown = stuck if query.get("stuck") else deals
    columns = queries.board(pipeline=pipeline, deals=shown, currency=currency, whole=query.get("whole", ""))
    won = queries.won_between(deals=deals, since=since, until=until)
    stages = {stage.kind: stage for stage in pipeline.stages.exclude(kind=DealStage.Kind.OPEN)}
    keep = query.copy()
    keep.pop("whole", None)
    return {
        "pipeline": pipeline,
        "pipelines": list(Pipeline.objects.order_by("-is_default", "name")),
        "columns": [(column, [card(deal, now) for deal in column.cards]) for column in columns],
        "open_stages": [column.stage for column in columns],
        "won_stage": stages.get(DealStage.Kind.WON),
        "lost_stage": stages.get(DealStage.Kind.LOST),
        "won": [card(deal, now) for deal in won.with_people()[: queries.CARDS_A_COLUMN]],
        "won_count": won.count(),
        "won_amount": queries.total(deals=won, currency=currency),
        "month": since,
        # The goal is the firm's: one person's wins beside it would mislead.
        "show_goal": pipeline.month_goal is not None and user.role != Role.REP and not owner,
        "currency": currency,
        "owner": owner,
        "owners": _owners(user),
        "stuck_count": stuck.count(),
        "only_stuck": bool(query.get("stuck")),
        "may_sell": user.role in SELLERS,
        "lost_reasons": [(key, label, LOST_SENTENCES[key]) for key, label in Lost.choices],
        "address": address,
        "query": keep.urlencode(),
        "phone_stage": _phone_stage(query, columns),
        "count": sum(column.count for column in columns),
    }


def _phone_stage(query: QueryDict, columns: Sequence[queries.Column]) -> str:
    """The one stage that a phone shows: the wanted one, else the first that holds a deal."""
    wanted = query.get("stage", "")
    ids = [column.stage.id for column in columns]
    filled = (column.stage.id for column in columns if column.count)
    return wanted if wanted in (*ids, "won") else next(filled, next(iter(ids), "won"))


def _owners(user: User) -> list[User]:
    """Whose deals one can ask for; a rep has only their own."""
    if user.role == Role.REP:
        return []
    return list(User.objects.filter(role__in=SELLERS, is_active=True).order_by("name"))


@require_GET
def board(request: StaffRequest) -> HttpResponse:
    """The pipeline as a board, or as a table (`?view=table`)."""
    page = _page(request.user, request.GET, request.get_full_path())
    if request.GET.get("view") == "table":
        deals, _ = _deals(request.user, request.GET, page["pipeline"])
        if page["only_stuck"]:
            deals = queries.stuck(pipeline=page["pipeline"], deals=deals, now=clock.now())
        rows = deals.with_people().filter(stage__kind=DealStage.Kind.OPEN)
        rows = rows.order_by("stage__position", "next_step_at", "id")[:TABLE_ROWS]
        now = clock.now()
        return render(request, "convert/table.html", page | {"rows": [card(deal, now) for deal in rows]})
    return render(request, "convert/board.html", page)


@require_POST
def move(request: StaffRequest, deal_id: str) -> HttpResponse:
    """Take a deal to a stage; refused when it changed since this person saw it."""
    deal = get_object_or_404(Deal.objects.visible_to(request.user).with_people(), id=deal_id)
    to = get_object_or_404(DealStage, id=request.POST.get("stage", ""))
    previous = deal.stage
    try:
        moved = actions.move(
            deal=deal,
            to=to,
            version=seen_version(request),
            at=clock.now(),
            by=request.user,
            reason=request.POST.get("reason", ""),
            note=request.POST.get("note", ""),
        )
    except DomainError as error:
        if not request.headers.get("HX-Request"):
            raise
        return _board_again(request, {"declined": error}, status=error.status)
    said = f"{_name(moved)} moved to {to.name}."
    undo = ""
    if to.kind != DealStage.Kind.LOST and previous.kind != DealStage.Kind.WON:
        undo = reverse("convert:undo_move", args=[deal.id, moved.version, previous.id])
    if request.headers.get("HX-Request"):
        answer = _board_again(request, {"moved": moved.id})
        answer["HX-Trigger"] = json.dumps({"toast": {"text": said, "undo": undo}})
        return answer
    toast(request, said, undo=undo)
    return HttpResponseRedirect(_back(request))


@require_POST
def undo_move(request: StaffRequest, deal_id: str, version: int, stage_id: str) -> HttpResponse:
    """Take a deal back to where it was, unless somebody changed it since."""
    deal = get_object_or_404(Deal.objects.visible_to(request.user).with_people(), id=deal_id)
    stage = get_object_or_404(DealStage, id=stage_id)
    actions.move(deal=deal, to=stage, version=version, at=clock.now(), by=request.user)
    toast(request, f"{_name(deal)} is back in {stage.name}.")
    return HttpResponseRedirect(reverse("convert:board"))


def seen_version(request: StaffRequest) -> int:
    """The version of the deal that the person saw; 0, which no deal has, when they do not say."""
    text = request.POST.get("version", "")
    return int(text) if text.isdigit() and len(text) < 10 else 0


def _name(deal: Deal) -> str:
    return deal.company.name if deal.company else deal.person.name


def _back(request: StaffRequest) -> str:
    """Where the move was made: the board with its filters, or the deal's own page."""
    back = request.POST.get("back", "")
    return back if back.startswith(reverse("convert:board")) else reverse("convert:board")


def _board_again(request: StaffRequest, more: dict, status: int = 200) -> HttpResponse:
    """The board with the filters that the page had, which travel in `back`."""
    address = _back(request)
    page = _page(request.user, QueryDict(address.partition("?")[2]), address)
    return render(request, "convert/_board.html", page | more, status=status)
