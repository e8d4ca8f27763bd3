"""What is asked of routes, hand-offs and deals: by the screens, and by `measure`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from handraiser.convert.models import Deal, DealStage, HandOff, HandOffState, Pipeline, Route, RouteMember
from handraiser.convert.models.deals import DealQuerySet
from handraiser.convert.rules import board as rules
from handraiser.convert.rules import routing
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import SELLERS
from handraiser.kit.statistics import Rate, rate

CARDS_A_COLUMN = 20

# --- routing ------------------------------------------------------------------------------------------


def turn(*, route: Route, avoid: Collection[int] = ()) -> list[routing.Member]:
    """The members in the order of the turn, each with the reason why they take no lead now."""
    members = RouteMember.objects.filter(route=route).select_related("user").order_by("position", "id")
    return [
        routing.Member(member.user_id, member.user.get_short_name(), _unavailable(member, avoid))
        for member in members
    ]


def _unavailable(member: RouteMember, avoid: Collection[int]) -> str:
    user = member.user
    if not user.is_active:
        return "has left"
    if user.role not in SELLERS:
        return "reads only"
    if not user.takes_leads:
        return "takes no leads now"
    if not member.on:
        return "is switched off"
    if member.user_id in avoid:
        return "gave it back"
    return ""


def who_is_next(*, route: Route, avoid: Collection[int] = ()) -> routing.Choice:
    """Who would get the next lead that nobody owns, and why."""
    return routing.next_in_turn(turn(route=route, avoid=avoid), last_served=route.last_served_id)


# --- hand-offs ----------------------------------------------------------------------------------------


def waiting_for(user: User) -> QuerySet[HandOff]:
    """The offers that this person is to answer, the most urgent first; for managers, everybody's."""
    rows = HandOff.objects.visible_to(user).waiting().with_leads()
    return rows.order_by(F("answer_by").asc(nulls_last=True), "offered_at", "id")


@dataclass(frozen=True)
class Acceptance:
    """How offers of a period were answered. `reasons` counts the rejections by reason, commonest first."""

    offered: int
    waiting: int
    accepted: Rate
    in_time: Rate
    reasons: tuple[tuple[str, int], ...]


def acceptance(*, since: datetime, until: datetime, user: User | None = None) -> Acceptance:
    """Answers to the offers of a period, for one rep or for all.

    `accepted` is of those answered; `in_time` of those with a clock that were answered or whose time is up.
    """
    rows = HandOff.objects.filter(offered_at__gte=since, offered_at__lt=until)
    if user is not None:
        rows = rows.filter(Q(answered_by=user) | Q(owner=user, answered_by=None))
    answered = Q(state__in=(HandOffState.ACCEPTED, HandOffState.REJECTED))
    timed = Q(answer_by__isnull=False) & (answered | Q(state=HandOffState.WAITING, answer_by__lt=until))
    counts = rows.aggregate(
        offered=Count("id"),
        waiting=Count("id", filter=Q(state=HandOffState.WAITING)),
        accepted=Count("id", filter=Q(state=HandOffState.ACCEPTED)),
        answered=Count("id", filter=answered),
        timed=Count("id", filter=timed),
        in_time=Count("id", filter=timed & answered & Q(answered_at__lte=F("answer_by"))),
    )
    reasons = (
        rows.filter(state=HandOffState.REJECTED)
        .values_list("reason")
        .annotate(n=Count("id"))
        .order_by("-n", "reason")
    )
    return Acceptance(
        offered=counts["offered"],
        waiting=counts["waiting"],
        accepted=rate(counts["accepted"], counts["answered"]),
        in_time=rate(counts["in_time"], counts["timed"]),
        reasons=tuple(reasons),
    )


# --- deals --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One stage of the board: how many deals, their sum, what they are likely to bring, the first cards.

    `unsummed` deals have no amount yet, or one in another currency.
    """

    stage: DealStage
    count: int
    amount: int
    unsummed: int
    likely: rules.Likely
    cards: list[Deal]

    @property
    def folded(self) -> int:
        """How many more there are than cards."""
        return self.count - len(self.cards)


def board(*, pipeline: Pipeline, deals: DealQuerySet, currency: str, whole: str = "") -> list[Column]:
    """The open stages with their cards by next step, sums in this currency.

    `whole` is the id of a stage to show unfolded.
    """
    open_stages = list(pipeline.stages.filter(kind=DealStage.Kind.OPEN).order_by("position", "id"))
    sums = {
        row["stage"]: row
        for row in deals.filter(stage__in=open_stages)
        .values("stage")
        .annotate(n=Count("id"), **_sums(currency))
    }
    history = _history(pipeline)
    return [
        _column(stage, deals, sums.get(stage.id), history, whole=stage.id == whole) for stage in open_stages
    ]


def _sums(currency: str) -> dict[str, Sum | Count]:
    here = Q(currency=currency)
    return {"total": Sum("amount", filter=here), "known": Count("amount", filter=here)}


@dataclass(frozen=True)
class _Closed:
    """How many deals closed, and how many of them were won, by the position they came to."""

    by_position: dict[int, tuple[int, int]]

    def reached(self, position: int) -> tuple[int, int]:
        """(won, closed) of those that came at least so far."""
        rows = [row for at, row in self.by_position.items() if at >= position]
        return sum(won for won, _ in rows), sum(closed for _, closed in rows)


def _history(pipeline: Pipeline) -> _Closed:
    closed = Deal.objects.filter(pipeline=pipeline, furthest__isnull=False).exclude(won_at=None, lost_at=None)
    rows = closed.values_list("furthest__position").annotate(
        won=Count("id", filter=Q(won_at__isnull=False)), n=Count("id")
    )
    return _Closed({position: (won, n) for position, won, n in rows})


def _column(
    stage: DealStage, deals: DealQuerySet, sums: Mapping[str, Any] | None, history: _Closed, *, whole: bool
) -> Column:
    count = sums["n"] if sums else 0
    amount = (sums["total"] or 0) if sums else 0
    won, closed = history.reached(stage.position)
    cards = deals.filter(stage=stage).with_people().order_by(F("next_step_at").asc(nulls_last=True), "id")
    return Column(
        stage=stage,
        count=count,
        amount=amount,
        unsummed=count - sums["known"] if sums else 0,
        likely=rules.likely(open_amount=amount, won=won, closed=closed, closed_in_all=history.reached(0)[1]),
        cards=list(cards if whole else cards[:CARDS_A_COLUMN]) if count else [],
    )


def stuck(*, pipeline: Pipeline, deals: DealQuerySet, now: datetime) -> DealQuerySet:
    """Open deals that need somebody: as `rules.board.stuck_because`, in the database."""
    stages = pipeline.stages.filter(kind=DealStage.Kind.OPEN)
    needs = Q(next_step="") | Q(next_step_at__lt=now)
    for stage in stages.exclude(expected_days=None):
        needs |= Q(stage=stage, stage_at__lte=now - timedelta(days=(stage.expected_days or 0) + 1))
    return deals.filter(needs, stage__in=stages)


def won_between(*, deals: DealQuerySet, since: datetime, until: datetime) -> DealQuerySet:
    """Those of these deals that were won in a period, newest first."""
    return deals.filter(won_at__gte=since, won_at__lt=until).order_by("-won_at", "-id")


def total(*, deals: QuerySet[Deal], currency: str) -> int:
    """The known amounts in this currency, added up."""
    return deals.order_by().aggregate(**_sums(currency))["total"] or 0


def deals_of(*, lead: Lead, user: User) -> QuerySet[Deal]:
    """The deals of a lead that this person may see, newest first."""
    return Deal.objects.visible_to(user).filter(lead=lead).with_people().order_by("-opened_at", "-id")


@dataclass(frozen=True)
class Sale:
    """What was won with one lead: the first win, how many, and their sum by currency in minor units.

    A win of unknown amount counts as a win and adds nothing to the sum.
    """

    lead: str
    first_won_at: datetime
    wins: int
    unknown_amounts: int
    amount: int
    currency: str


def sales(*, leads: Iterable[str] | QuerySet[Lead] | None = None) -> list[Sale]:
    """Won deals added up by lead and currency: for revenue by source and cohort. None: of all leads."""
    won = Deal.objects.exclude(won_at=None)
    if leads is not None:
        won = won.filter(lead__in=leads if isinstance(leads, QuerySet) else list(leads))
    rows = (
        won.values("lead", "currency")
        .annotate(first=Min("won_at"), n=Count("id"), known=Count("amount"), sum=Sum("amount"))
        .order_by("lead", "currency")
    )
    return [
        Sale(
            lead=row["lead"],
            first_won_at=row["first"],
            wins=row["n"],
            unknown_amounts=row["n"] - row["known"],
            amount=row["sum"] or 0,
            currency=row["currency"],
        )
        for row in rows
    ]
