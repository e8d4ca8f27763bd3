"""What happened to the leads of a period: set-based counts, the same for screens, exports and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncDate

from handraiser.attract import queries as attract
from handraiser.attract.models import Conversion, Visit
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role
from handraiser.kit.statistics import Rate, rate
from handraiser.measure.models import Spend
from handraiser.measure.rules import periods
from handraiser.measure.rules.comparisons import YOUNG_DAYS
from handraiser.measure.rules.counts import Range, each, return_on
from handraiser.measure.rules.periods import Period

STEPS = ("lead", "mql", "accepted", "sql", "opportunity", "customer")
STEP_LABELS = {
    "lead": "Leads",
    "mql": "MQL",
    "accepted": "Accepted",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "customer": "Customer",
}
DIMENSIONS = ("source", "channel", "campaign", "landing_page")
_RANKS = {step: rank for rank, step in enumerate(STEPS)}
_NOT_GIVEN = "(not given)"


@dataclass(frozen=True)
class Scope:
    """Which leads are looked at. None: not limited; "" is a value: not given. `owner`: a rep's own."""

    period: Period
    source: str | None = None
    channel: str | None = None
    campaign: str | None = None
    landing_page: str | None = None
    owner: int | None = None

    @property
    def limits(self) -> dict[str, str]:
        """The dimensions that are limited, with their value."""
        return {name: value for name in DIMENSIONS if (value := getattr(self, name)) is not None}


def scope_for(user: User, period: Period, **limits: str | None) -> Scope:
    """The scope that this person may see: a sales rep measures their own leads."""
    owner = user.pk if user.role == Role.REP else None
    return Scope(period=period, owner=owner, **limits)


def shown(value: str) -> str:
    """A value of a dimension as people read it. Not given is not "unknown", which a source may say."""
    return value or _NOT_GIVEN


@dataclass(frozen=True)
class Cohort:
    """The leads of a scope, or of one value of a dimension, and what became of them. Amounts in minor units.

    `reached[step]` counts leads that took the step or a later one. `young`: opened in the last 30 days.
    `spend` is None when nothing was entered, `revenue` when won deals have no amount.
    """

    key: str
    reached: Mapping[str, int] = field(default_factory=dict)
    young: int = 0
    won: int = 0
    revenue: int | None = 0
    spend: int | None = None

    @property
    def leads(self) -> int:
        return self.reached.get("lead", 0)

    @property
    def young_said(self) -> str:
        return f"{self.young:,}"

    @property
    def customers(self) -> int:
        return self.reached.get("customer", 0)

    def share(self, step: str, of: str = "lead") -> Rate:
        """How many of those that took step `of` took `step`."""
        return rate(self.reached.get(step, 0), self.reached.get(of, 0))

    @property
    def cost_per_lead(self) -> Range:
        return each(self.spend, self.leads)

    @property
    def cac(self) -> Range:
        return each(self.spend, self.customers)

    @property
    def roi(self) -> Range:
        return return_on(self.spend, self.revenue, self.won)[0]

    @property
    def roas(self) -> Range:
        return return_on(self.spend, self.revenue, self.won)[1]


def leads_of(scope: Scope) -> QuerySet[Lead]:
    """The first leads of a scope."""
    rows = Lead.objects.filter(
        opened_at__gte=scope.period.begins_at, opened_at__lt=scope.period.ends_at, recycled_from=None
    )
    if scope.owner is not None:
        rows = rows.filter(owner_id=scope.owner)
    return rows.filter(**scope.limits)


def leads_at(scope: Scope, step: str) -> QuerySet[Lead]:
    """The rows behind a number: leads of a scope that took a step, newest first."""
    where, values = _where(scope)
    sql = f"select id from ({_reached_sql(where)}) r where reached >= %s"
    reached = RawSQL(sql, [*values, *values, _RANKS[step]])
    return leads_of(scope).filter(id__in=reached).order_by("-opened_at", "-id")


def _where(scope: Scope) -> tuple[str, list[Any]]:
    adapt = connection.ops.adapt_datetimefield_value
    parts = ["l.opened_at >= %s", "l.opened_at < %s", "l.recycled_from_id is null"]
    values: list[Any] = [adapt(scope.period.begins_at), adapt(scope.period.ends_at)]
    if scope.owner is not None:
        parts.append("l.owner_id = %s")
        values.append(scope.owner)
    for name, value in scope.limits.items():
        parts.append(f"l.{name} = %s")
        values.append(value)
    return " and ".join(parts), values


def _rank(column: str) -> str:
    whens = " ".join(f"when '{step}' then {rank}" for step, rank in _RANKS.items())
    return f"case {column} {whens} else 0 end"


def _reached_sql(where: str) -> str:
    """Per lead the furthest step. A win that was taken back is no win: only the stage of today says customer.

    Takes the values of `where` twice.
    """
    return f"""
        select l.id, l.source, l.channel, l.campaign, l.landing_page, l.opened_at,
            case when l.stage = 'customer' then 5
                 when coalesce(c.furthest, 0) > {_rank("l.stage")} then c.furthest
                 else {_rank("l.stage")} end as reached
        from people_lead l
        left join (
            select c.lead_id, max(case c.stage when 'customer' then 4 else {_rank("c.stage")} end) as furthest
            from qualify_stage_change c join people_lead l on l.id = c.lead_id
            where {where} group by c.lead_id
        ) c on c.lead_id = l.id
        where {where}"""


def cohorts(scope: Scope, by: str, *, now: datetime) -> list[Cohort]:
    """What became of the leads of a scope, by a dimension, most leads first."""
    return _cohorts(scope, by, now)


def total(scope: Scope, *, now: datetime) -> Cohort:
    """What became of all leads of a scope."""
    found = _cohorts(scope, "", now)
    return found[0] if found else Cohort(key="", spend=spend_total(scope))


def _cohorts(scope: Scope, by: str, now: datetime) -> list[Cohort]:
    if by and by not in DIMENSIONS:
        raise ValueError(f"no dimension {by}")
    where, values = _where(scope)
    key = f"r.{by}" if by else "''"
    counts = ", ".join(f"sum(case when r.reached >= {rank} then 1 else 0 end)" for rank in range(len(STEPS)))
    young_since = connection.ops.adapt_datetimefield_value(now - timedelta(days=YOUNG_DAYS))
    sql = f"""
        select {key}, {counts}, sum(case when r.opened_at > %s then 1 else 0 end),
            coalesce(sum(w.deals), 0), coalesce(sum(w.priced), 0), coalesce(sum(w.amount), 0)
        from ({_reached_sql(where)}) r
        left join (
            select d.lead_id, count(*) as deals, sum(d.amount) as amount,
                sum(case when d.amount > 0 then 1 else 0 end) as priced
            from convert_deal d join people_lead l on l.id = d.lead_id
            where d.won_at is not null and d.currency = %s and {where} group by d.lead_id
        ) w on w.lead_id = r.id
        group by 1"""
    currency = Organisation.get().currency
    with connection.cursor() as cursor:
        cursor.execute(sql, [young_since, *values, *values, currency, *values])
        rows = cursor.fetchall()
    spent = spend_by(scope, by) if by else {"": spend_total(scope)}
    found = [
        Cohort(
            key=row[0],
            reached={step: int(row[1 + rank]) for rank, step in enumerate(STEPS)},
            young=int(row[7]),
            won=int(row[8]),
            # Deals without an amount say nothing about money.
            revenue=None if row[8] and not row[9] else int(row[10]),
            spend=spent.get(row[0]),
        )
        for row in rows
        if row[1]
    ]
    known = {cohort.key for cohort in found}
    # Money that brought nobody is the row that matters most.
    if by:
        found += [
            Cohort(key=name, spend=amount) for name, amount in spent.items() if name not in known and amount
        ]
    return sorted(found, key=lambda cohort: (-cohort.leads, cohort.key))


def _spend_rows(scope: Scope) -> QuerySet[Spend]:
    rows = Spend.objects.filter(from_date__lt=scope.period.end, to_date__gte=scope.period.start)
    rows = rows.filter(currency=Organisation.get().currency)
    limits = {name: value for name, value in scope.limits.items() if name != "landing_page"}
    return rows.filter(**limits)


def _costs_known(scope: Scope) -> bool:
    """Money is entered by channel, source and campaign: it has no owner and no landing page."""
    return scope.owner is None and scope.landing_page is None


def spend_by(scope: Scope, by: str) -> dict[str, int]:
    """Money spent in the period by a dimension; a row that runs beyond it counts by its days inside."""
    if by == "landing_page" or not _costs_known(scope):
        return {}
    sums: dict[str, float] = {}
    for key, first, last, amount in _spend_rows(scope).values_list(by, "from_date", "to_date", "amount"):
        # A row without a source or campaign is of the whole channel, not of "not given".
        if key or by == "channel":
            sums[key] = sums.get(key, 0) + amount * periods.share_of(scope.period, first, last)
    return {key: round(amount) for key, amount in sums.items()}


def spend_total(scope: Scope) -> int | None:
    """Money spent in the period; None when nothing was entered for it."""
    if not _costs_known(scope):
        return None
    rows = list(_spend_rows(scope).values_list("from_date", "to_date", "amount"))
    if not rows:
        return None
    return round(sum(amount * periods.share_of(scope.period, first, last) for first, last, amount in rows))


def other_currencies() -> int:
    """Spend rows in another currency than the organisation's, which no number counts."""
    return Spend.objects.exclude(currency=Organisation.get().currency).count()


def leads_by_day(scope: Scope) -> dict[date, int]:
    """Leads by day of the organisation's zone."""
    rows = leads_of(scope).annotate(day=TruncDate("opened_at", tzinfo=ZoneInfo(scope.period.zone)))
    return dict(rows.values("day").annotate(n=Count("id")).order_by("day").values_list("day", "n"))


def median_days(scope: Scope) -> dict[str, float]:
    """The middle time to each step from the step that the lead took before it, in days."""
    where, values = _where(scope)
    seconds = (
        "extract(epoch from arrived_at - since)"
        if connection.vendor == "postgresql"
        else "(julianday(arrived_at) - julianday(since)) * 86400"
    )
    sql = f"""
        with arrivals as (
            select c.lead_id, c.stage, min(c.at) as arrived_at, l.opened_at, {_rank("c.stage")} as place
            from qualify_stage_change c join people_lead l on l.id = c.lead_id
            where {where} and c.stage in ('mql', 'accepted', 'sql', 'opportunity', 'customer')
            group by c.lead_id, c.stage, l.opened_at
        ), waits as (
            select stage, arrived_at,
                lag(arrived_at, 1, opened_at) over (partition by lead_id order by place) as since
            from arrivals
        ), ordered as (
            select stage, {seconds} as seconds,
                row_number() over (partition by stage order by {seconds}) as place,
                count(*) over (partition by stage) as n from waits
        )
        select stage, avg(seconds) from ordered where place in ((n + 1) / 2, (n + 2) / 2) group by stage"""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {stage: float(seconds) / 86400 for stage, seconds in cursor.fetchall()}


def visits_of(scope: Scope) -> int | None:
    """Visits that began in the period; None where visits cannot be told apart (a rep's own, one page)."""
    if scope.owner is not None or scope.landing_page is not None:
        return None
    rows = Visit.objects.filter(started_at__gte=scope.period.begins_at, started_at__lt=scope.period.ends_at)
    return rows.filter(**scope.limits).count()


def landing_pages(scope: Scope) -> list[attract.PageRow]:
    """The pages that forms are sent from, with the visits that saw them and the forms sent."""
    period = scope.period
    paths = Conversion.objects.exclude(path="").values_list("path", flat=True).distinct()
    return attract.pages(period.begins_at, period.ends_at, paths=list(paths))


def landing_page_conversion(scope: Scope) -> Rate:
    """Forms sent of visits, over all pages that forms are sent from."""
    if scope.owner is not None or scope.limits:
        return rate(0, 0)
    rows = landing_pages(scope)
    return rate(sum(row.conversion.hits for row in rows), sum(row.conversion.n for row in rows))


def values_of(dimension: str, scope: Scope, *, limit: int = 50) -> list[str]:
    """The values that a filter offers, most leads first."""
    open_to_all: dict[str, Any] = {dimension: None}
    wide = replace(scope, **open_to_all)
    rows = leads_of(wide).values(dimension).annotate(n=Count("id")).order_by("-n", dimension)
    return [row[dimension] for row in rows[:limit]]


def first_lead_at(user: User) -> datetime | None:
    """When counting began; None before the first lead."""
    rows = Lead.objects.filter(owner=user) if user.role == Role.REP else Lead.objects.all()
    return rows.order_by("opened_at").values_list("opened_at", flat=True).first()
