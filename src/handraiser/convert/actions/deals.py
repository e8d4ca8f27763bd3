"""Opening deals, taking them through their pipeline, winning and losing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.convert.reasons import Lost
from handraiser.core.journal import outbox
from handraiser.core.journal.events.base import Fact
from handraiser.core.journal.events.convert import DealLost, DealMoved, DealOpened, DealWon
from handraiser.core.people.models import CLOSED_STAGES, Lead, Stage
from handraiser.core.staff.models import Organisation, User
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

Kind = DealStage.Kind
# What may be changed of a deal without moving it.
FIELDS = frozenset({"title", "amount", "owner", "next_step", "next_step_at"})
LARGEST_AMOUNT = 10**15  # minor units; beyond it somebody leant on a key
# Recording moves leads too; so many at a time keep the write lock short.
CHUNK = 25


def _who(by: User | None) -> str:
    return str(by.id) if by else ""


def _publish(deal: Deal, fact: Fact, at: datetime) -> None:
    outbox.publish(fact, at=at, person=deal.person_id, lead=deal.lead_id)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    unknown = set(values) - FIELDS
    if unknown:
        raise DomainError("unknown_field", f"A deal has no {', '.join(sorted(unknown))} that can be set.")
    if "title" in values and not str(values["title"]).strip():
        raise DomainError("empty_title", "Say what they would buy. Example: Team plan", field="title")
    if values.get("amount") is not None and not 0 <= values["amount"] <= LARGEST_AMOUNT:
        raise DomainError("amount", "An amount is zero or more. Example: 4800", field="amount")
    return values


@transaction.atomic
def open(
    *,
    lead: Lead,
    title: str,
    amount: int | None,
    at: datetime,
    by: User | None = None,
    currency: str = "",
    stage: DealStage | None = None,
    owner: User | None = None,
    next_step: str = "",
    next_step_at: datetime | None = None,
    external_id: str = "",
    attributes: dict[str, Any] | None = None,
) -> Deal:
    """Open a deal for a lead, which becomes an opportunity. `amount` is in minor units, None: not known yet.

    Without an owner it belongs to the lead's; without a stage it enters the default pipeline at its first.
    Raises DomainError("empty_title"), ("amount"), ("not_open") for a stage that ends deals, ("known") for an
    external id that another deal has, or what `stages.move` declines.
    """
    _checked({"title": title, "amount": amount})
    stage = stage or first_stage(Pipeline.default())
    if stage.kind != Kind.OPEN:
        raise DomainError("not_open", f"A deal cannot begin as {stage.name}.", field="stage")
    if external_id and Deal.objects.filter(external_id=external_id).exists():
        raise DomainError("known", f"Deal {external_id} is here already.", kind="conflict")
    deal = Deal.objects.create(
        id=ids.new("deal", at_ms=clock.ms(at)),
        lead=lead,
        person_id=lead.person_id,
        company_id=lead.person.company_id,
        pipeline_id=stage.pipeline_id,
        stage=stage,
        furthest=stage,
        title=title.strip(),
        amount=amount,
        currency=currency or Organisation.get().currency,
        owner=owner or lead.owner,
        next_step=next_step.strip(),
        next_step_at=next_step_at,
        opened_at=at,
        stage_at=at,
        external_id=external_id,
        attributes=attributes or {},
        changed_at=at,
        changed_by=by,
    )
    fact = DealOpened(deal=deal.id, pipeline=deal.pipeline_id, amount=deal.amount, currency=deal.currency)
    _publish(deal, fact, at)
    if lead.stage != Stage.CUSTOMER:
        stages.move(lead=lead, to=Stage.OPPORTUNITY, at=at, reason="deal opened", by=_who(by))
    return deal


def first_stage(pipeline: Pipeline) -> DealStage:
    """Where the deals of a pipeline begin."""
    return pipeline.stages.filter(kind=Kind.OPEN).order_by("position", "id")[0]


def _change(deal: Deal, *, version: int, at: datetime, by: User | None, **values: Any) -> Deal:
    """Write, if the deal is still as `version` showed it. Raises DomainError("deal_changed") otherwise."""
    changed = Deal.objects.filter(id=deal.id, version=version).update(
        version=F("version") + 1, changed_at=at, changed_by=by, **values
    )
    fresh = Deal.objects.select_related("stage", "lead", "company", "person", "changed_by", "owner").get(
        id=deal.id
    )
    if not changed:
        name = fresh.changed_by.get_short_name() if fresh.changed_by else "Somebody"
        raise DomainError(
            "deal_changed",
            f"{name} changed this deal a moment ago: it is in {fresh.stage.name}. Look again, then decide.",
            kind="conflict",
        )
    return fresh


@transaction.atomic
def change(*, deal: Deal, values: dict[str, Any], version: int, at: datetime, by: User | None = None) -> Deal:
    """Set some of FIELDS. Raises DomainError("deal_changed") or what `open` declines."""
    return _change(deal, version=version, at=at, by=by, **_checked(values))


@transaction.atomic
def move(
    *,
    deal: Deal,
    to: DealStage,
    version: int,
    at: datetime,
    by: User | None = None,
    reason: str = "",
    note: str = "",
) -> Deal:
    """Take a deal to another stage of its pipeline: the won stage wins it, the lost stage loses it.

    Moving a won deal back takes the win back. Raises DomainError("other_pipeline"), ("deal_lost") for a deal
    that is lost, and those of `win` and `lose`.
    """
    if to.pipeline_id != deal.pipeline_id:
        raise DomainError("other_pipeline", f"{to.name} belongs to another pipeline.", field="stage")
    if deal.lost_at is not None:
        raise DomainError(
            "deal_lost", "A lost deal stays lost. Open a new one when they raise their hand again."
        )
    if to.id == deal.stage_id:
        return deal
    if to.kind == Kind.WON:
        return win(deal=deal, version=version, at=at, by=by)
    if to.kind == Kind.LOST:
        return lose(deal=deal, reason=reason, note=note, version=version, at=at, by=by)
    was_won, previous = deal.won_at is not None, deal.stage_id
    furthest = deal.furthest if deal.furthest and deal.furthest.position >= to.position else to
    moved = _change(
        deal, version=version, at=at, by=by, stage=to, stage_at=at, won_at=None, furthest=furthest
    )
    _publish(moved, DealMoved(deal=deal.id, stage=to.id, previous=previous, by=_who(by)), at)
    if was_won:
        _take_customer_back(moved, at=at, by=by)
    return moved


def _take_customer_back(deal: Deal, *, at: datetime, by: User | None) -> None:
    other = Deal.objects.filter(lead=deal.lead_id).exclude(id=deal.id).exclude(won_at=None)
    if deal.lead.stage == Stage.CUSTOMER and not other.exists():
        stages.move(lead=deal.lead, to=Stage.OPPORTUNITY, at=at, reason="the win was taken back", by=_who(by))


@transaction.atomic
def win(*, deal: Deal, version: int, at: datetime, by: User | None = None) -> Deal:
    """Win a deal: its lead is a customer. Raises DomainError("deal_lost") or ("deal_changed")."""
    if deal.lost_at is not None:
        raise DomainError(
            "deal_lost", "A lost deal stays lost. Open a new one when they raise their hand again."
        )
    if deal.won_at is not None:
        return deal
    stage = DealStage.objects.get(pipeline=deal.pipeline_id, kind=Kind.WON)
    won = _change(deal, version=version, at=at, by=by, stage=stage, stage_at=at, won_at=at)
    _publish(won, DealWon(deal=won.id, amount=won.amount, currency=won.currency, by=_who(by)), at)
    stages.move(lead=won.lead, to=Stage.CUSTOMER, at=at, reason="deal won", by=_who(by))
    return won


@transaction.atomic
def lose(
    *, deal: Deal, reason: str, version: int, at: datetime, by: User | None = None, note: str = ""
) -> Deal:
    """Lose a deal, with a reason. Its lead is recycled (a wrong fit: disqualified) unless another deal lives.

    Raises DomainError("unknown_reason"), ("deal_won") or ("deal_changed").
    """
    if reason not in Lost.values:
        raise DomainError("unknown_reason", "Choose why it was lost.", field="reason")
    if deal.won_at is not None:
        raise DomainError("deal_won", "This deal is won. Move it back first, then lose it.")
    stage = DealStage.objects.get(pipeline=deal.pipeline_id, kind=Kind.LOST)
    lost = _change(
        deal,
        version=version,
        at=at,
        by=by,
        stage=stage,
        stage_at=at,
        lost_at=at,
        lost_reason=reason,
        lost_note=note.strip(),
    )
    _publish(lost, DealLost(deal=lost.id, reason=reason, by=_who(by)), at)
    living = Deal.objects.filter(lead=lost.lead_id, lost_at=None).exists()
    if not living and lost.lead.stage not in CLOSED_STAGES:
        to = Stage.DISQUALIFIED if reason == Lost.WRONG_FIT else Stage.RECYCLED
        why = f"deal lost: {Lost(reason).label.lower()}"
        stages.move(lead=lost.lead, to=to, at=at, reason=why, by=_who(by))
    return lost


@dataclass(frozen=True)
class Won:
    """A win that happened elsewhere. `amount` in minor units, None: unknown."""

    lead: Lead
    won_at: datetime
    external_id: str
    amount: int | None = None
    currency: str = ""
    title: str = "Won deal"
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Recorded:
    """What became of recorded wins: new ones, known ones, and those won before their lead was opened."""

    deals: list[Deal] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)


def record_won(
    *,
    lead: Lead,
    won_at: datetime,
    amount: int | None,
    external_id: str,
    currency: str = "",
    title: str = "Won deal",
    attributes: dict[str, Any] | None = None,
    by: str = "",
) -> Recorded:
    """Keep one win that happened elsewhere; see `record_won_many`."""
    row = Won(lead, won_at, external_id, amount, currency, title, attributes or {})
    return record_won_many(rows=[row], by=by)


def record_won_many(*, rows: Iterable[Won], by: str = "") -> Recorded:
    """Keep wins that happened elsewhere; an external id that is here already changes nothing.

    A win before its lead's opening is kept as it is and reported in `early`: the data says so, and a wrong
    date is for its owner to mend. Deals, facts and customers carry the day of the win.
    """
    said = Recorded()
    pipeline = Pipeline.default()
    stage = pipeline.stages.get(kind=Kind.WON)
    all_rows = list(rows)
    for start in range(0, len(all_rows), CHUNK):
        with transaction.atomic():
            _record(all_rows[start : start + CHUNK], stage, said, by)
    return said


def _record(rows: Sequence[Won], stage: DealStage, said: Recorded, by: str) -> None:
    given = [row.external_id for row in rows if row.external_id]
    known = set(Deal.objects.filter(external_id__in=given).values_list("external_id", flat=True))
    currency = Organisation.get().currency
    new: list[tuple[Won, Deal]] = []
    for row in rows:
        if row.external_id and row.external_id in known:
            said.known.append(row.external_id)
            continue
        known.add(row.external_id)
        new.append((row, _won_deal(row, stage, currency)))
    Deal.objects.bulk_create(deal for _, deal in new)
    for row, deal in new:
        if row.won_at < row.lead.opened_at:
            said.early.append(row.external_id or deal.id)
        _publish(deal, DealWon(deal=deal.id, amount=deal.amount, currency=deal.currency, by=by), row.won_at)
        if row.lead.stage != Stage.CUSTOMER:
            stages.move(lead=row.lead, to=Stage.CUSTOMER, at=row.won_at, reason="deal won", by=by)
        said.deals.append(deal)


def _won_deal(row: Won, stage: DealStage, currency: str) -> Deal:
    return Deal(
        id=ids.new("deal", at_ms=clock.ms(row.won_at)),
        lead=row.lead,
        person_id=row.lead.person_id,
        company_id=row.lead.person.company_id,
        pipeline_id=stage.pipeline_id,
        stage=stage,
        title=row.title,
        amount=row.amount,
        currency=row.currency or currency,
        owner_id=row.lead.owner_id,
        opened_at=min(row.lead.opened_at, row.won_at),
        stage_at=row.won_at,
        won_at=row.won_at,
        external_id=row.external_id,
        attributes=row.attributes,
        changed_at=row.won_at,
    )
