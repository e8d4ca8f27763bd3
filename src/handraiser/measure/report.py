"""The KPIs of a period as one object: what `handraiser kpi --json` prints and exports carry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from handraiser.core.staff.models import Organisation
from handraiser.kit.statistics import Rate
from handraiser.measure import queries
from handraiser.measure.queries import Cohort, Scope


def kpis(scope: Scope, *, by: str, now: datetime) -> dict[str, Any]:
    """`{"from", "to", "total": {…}, "by": [{by: value, …}]}`. Amounts in minor units of `total.currency`."""
    everything = queries.total(scope, now=now)
    whole = {
        **_numbers(everything),
        "landing_page_conversion": queries.landing_page_conversion(scope).as_dict(),
        "median_days": {step: round(days, 2) for step, days in queries.median_days(scope).items()},
        "currency": Organisation.get().currency,
    }
    return {
        "from": scope.period.start.isoformat(),
        "to": scope.period.end.isoformat(),
        "total": whole,
        "by": [
            {by: queries.shown(cohort.key), **_numbers(cohort)}
            for cohort in queries.cohorts(scope, by, now=now)
        ],
    }


def _numbers(cohort: Cohort) -> dict[str, Any]:
    return {
        "leads": cohort.leads,
        "mql": cohort.reached.get("mql", 0),
        "accepted": cohort.reached.get("accepted", 0),
        "sql": cohort.reached.get("sql", 0),
        "opportunities": cohort.reached.get("opportunity", 0),
        "customers": cohort.customers,
        "younger_than_30_days": cohort.young,
        "lead_to_customer_rate": cohort.share("customer").as_dict(),
        "mql_rate": cohort.share("mql").as_dict(),
        "accepted_rate": cohort.share("accepted", of="mql").as_dict(),
        "sql_rate": cohort.share("sql").as_dict(),
        "mql_to_sql_rate": cohort.share("sql", of="mql").as_dict(),
        "spend": cohort.spend,
        "revenue": cohort.revenue,
        "cost_per_lead": cohort.cost_per_lead.as_dict(),
        "cac": cohort.cac.as_dict(),
        "roi": cohort.roi.as_dict(4),
        "roas": cohort.roas.as_dict(4),
    }


def table(scope: Scope, *, by: str, now: datetime) -> Iterator[str]:
    """The same as lines of text, for a terminal."""
    yield f"Leads opened from {scope.period.start} to {scope.period.last_day}, by {by}"
    yield ""
    yield f"{by:<28} {'leads':>8} {'MQL':>8} {'customers':>10}  lead to customer (95 % range)"
    rows = [(queries.shown(cohort.key), cohort) for cohort in queries.cohorts(scope, by, now=now)]
    for name, cohort in [*rows, ("All", queries.total(scope, now=now))]:
        yield (
            f"{name[:28]:<28} {cohort.leads:>8,} {cohort.reached.get('mql', 0):>8,} {cohort.customers:>10,}"
            f"  {_range(cohort.share('customer'))}"
        )
    yield ""
    yield "Customers are leads of the period that were ever won, to this day."


def _range(share: Rate) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "unknown"
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
