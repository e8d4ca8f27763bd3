"""Deals for programs: read, open, take to another stage."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from handraiser.convert.actions import deals as actions
from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.core.identity import aliases
from handraiser.core.journal import idempotency
from handraiser.core.people.models import Lead
from handraiser.core.staff.api_auth import PROBLEMS, Id, KeyAuth, LongText, Text
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

router = Router(tags=["deals"])

IdempotencyKey = Header("", alias="Idempotency-Key", max_length=100)


class DealOut(Schema):
    """A deal. `amount` in minor units of `currency`; null is unknown. `version` goes with each change."""

    id: str
    lead_id: str
    person_id: str
    title: str
    amount: int | None
    currency: str
    pipeline: str
    stage: str
    owner: str
    next_step: str
    next_step_at: datetime | None
    opened_at: datetime
    won_at: datetime | None
    lost_at: datetime | None
    lost_reason: str
    external_id: str
    version: int

    @staticmethod
    def of(deal: Deal) -> dict[str, Any]:
        """The answer for one deal; needs `with_people()` and its pipeline."""
        moments = {
            name: moment.isoformat() if (moment := getattr(deal, name)) else None
            for name in ("next_step_at", "opened_at", "won_at", "lost_at")
        }
        return moments | {
            "id": deal.id,
            "lead_id": deal.lead_id,
            "person_id": deal.person_id,
            "title": deal.title,
            "amount": deal.amount,
            "currency": deal.currency,
            "pipeline": deal.pipeline.name,
            "stage": deal.stage.name,
            "owner": deal.owner.email if deal.owner else "",
            "next_step": deal.next_step,
            "lost_reason": deal.lost_reason,
            "external_id": deal.external_id,
            "version": deal.version,
        }


class DealPage(Schema):
    """Up to `limit` deals, newest first; `next` is the cursor of the following page, or null."""

    deals: list[DealOut]
    next: str | None


class DealIn(Schema):
    """A deal to open for a lead. Without a stage it enters the default pipeline at its first."""

    lead_id: Id
    title: Text = Field(min_length=1, max_length=200)
    amount: int | None = Field(None, ge=0, le=actions.LARGEST_AMOUNT, description="Minor units.")
    currency: Text = Field("", pattern=r"^([A-Z]{3})?$", description="Empty: the organisation's.")
    stage: Text = Field("", description="Name of an open stage of the default pipeline.")
    next_step: Text = Field("", max_length=200)
    external_id: Text = Field("", max_length=120)


class MoveIn(Schema):
    """Where a deal goes. The won stage wins it; the lost stage needs a reason."""

    stage: Text
    version: int = Field(ge=0, le=2**31 - 1, description="As last read: nobody overwrites unseen changes.")
    reason: Text = ""
    note: LongText = ""


def _deal(deal_id: str) -> Deal:
    deal = Deal.objects.with_people().select_related("pipeline").filter(id=deal_id).first()
    if deal is None:
        raise DomainError("no_deal", "There is no deal with this id.", kind="missing")
    return deal


def _stage(pipeline: Pipeline, name: str) -> DealStage:
    stage = pipeline.stages.filter(name=name).order_by("position").first()
    if stage is None:
        raise DomainError("unknown_stage", f"{pipeline} has no such stage.", field="stage")
    return stage


def _scope(request: HttpRequest) -> str:
    return f"{request.auth.id} {request.method} {request.path}"  # type: ignore[attr-defined]


@router.get("/deals", response={200: DealPage, **PROBLEMS}, auth=KeyAuth("deals:read"))
def list_deals(request: HttpRequest, cursor: Id = "", limit: int = Query(50, ge=1, le=200), lead_id: Id = ""):
    """Deals, newest id first. Pass `next` of an answer as `cursor` for the following page."""
    rows = Deal.objects.with_people().select_related("pipeline").order_by("-id")
    if cursor:
        rows = rows.filter(id__lt=cursor)
    if lead_id:
        rows = rows.filter(lead=aliases.current(lead_id))
    page = list(rows[: limit + 1])
    more = len(page) > limit
    return {
        "deals": [DealOut.of(deal) for deal in page[:limit]],
        "next": page[limit - 1].id if more else None,
    }


@router.get("/deals/{deal_id}", response={200: DealOut, **PROBLEMS}, auth=KeyAuth("deals:read"))
def get_deal(request: HttpRequest, deal_id: Id):
    """One deal."""
    return DealOut.of(_deal(deal_id))


@router.post("/deals", response={201: DealOut, **PROBLEMS}, auth=KeyAuth("deals:write"))
def open_deal(request: HttpRequest, payload: DealIn, key: str = IdempotencyKey):
    """Open a deal; its lead becomes an opportunity."""
    status, answer = idempotency.once(
        scope=_scope(request),
        key=key,
        request=payload.model_dump(),
        at=clock.now(),
        work=lambda: (201, _open(payload)),
    )
    return Status(status, answer)


def _open(payload: DealIn) -> dict[str, Any]:
    lead = Lead.objects.with_people().filter(id=aliases.current(payload.lead_id)).first()
    if lead is None:
        raise DomainError("no_lead", "There is no lead with this id.", kind="missing", field="lead_id")
    deal = actions.open(
        lead=lead,
        title=payload.title,
        amount=payload.amount,
        currency=payload.currency,
        stage=_stage(Pipeline.default(), payload.stage) if payload.stage else None,
        next_step=payload.next_step,
        external_id=payload.external_id,
        at=clock.now(),
    )
    return DealOut.of(_deal(deal.id))


@router.post("/deals/{deal_id}/move", response={200: DealOut, **PROBLEMS}, auth=KeyAuth("deals:write"))
def move_deal(request: HttpRequest, deal_id: Id, payload: MoveIn, key: str = IdempotencyKey):
    """Take a deal to another stage of its pipeline, by the stage's name."""
    status, answer = idempotency.once(
        scope=_scope(request),
        key=key,
        request=payload.model_dump(),
        at=clock.now(),
        work=lambda: (200, _move(deal_id, payload)),
    )
    return Status(status, answer)


def _move(deal_id: str, payload: MoveIn) -> dict[str, Any]:
    deal = _deal(deal_id)
    moved = actions.move(
        deal=deal,
        to=_stage(deal.pipeline, payload.stage),
        version=payload.version,
        reason=payload.reason,
        note=payload.note,
        at=clock.now(),
    )
    return DealOut.of(_deal(moved.id))
