"""Every table of Measure as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.statistics import Rate
from handraiser.measure import queries
from handraiser.measure.queries import Cohort, Scope
from handraiser.measure.rules import periods
from handraiser.measure.views import filters

EXPORTS = {
    "channel": "channels",
    "source": "sources",
    "campaign": "campaigns",
    "landing_page": "landing-pages",
}
_BY = {name: dimension for dimension, name in EXPORTS.items()}


@require_safe
def export(request: StaffRequest, what: str) -> HttpResponse:
    """One table: funnel, leads, channels, sources, campaigns or landing-pages."""
    now = clock.now()
    scope = filters.read(request, now).scope
    if what == "funnel":
        rows = _funnel(queries.total(scope, now=now), scope)
    elif what == "leads":
        rows = _volume(scope)
    elif what in _BY:
        rows = _cohorts(queries.cohorts(scope, _BY[what], now=now), _BY[what])
    else:
        raise Http404
    name = f"{what}-{scope.period.start}-to-{scope.period.last_day}.csv"
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")
    csv.writer(response).writerows(rows)
    return response


def _range(share: Rate) -> tuple[object, object, object]:
    said = share.as_dict()
    return said["value"], said["low"], said["high"]


def _funnel(cohort: Cohort, scope: Scope) -> Iterable[Iterable[object]]:
    waits = queries.median_days(scope)
    yield ("step", "leads", "of the step before", "low", "high", "median days from the step before")
    yield ("lead", cohort.leads, "", "", "", "")
    for previous, step in zip(queries.STEPS, queries.STEPS[1:], strict=False):
        wait = waits.get(step)
        share = _range(cohort.share(step, of=previous))
        yield (step, cohort.reached.get(step, 0), *share, "" if wait is None else round(wait, 2))


def _volume(scope: Scope) -> Iterable[Iterable[object]]:
    yield ("from day", "leads", "partly in the period")
    for bucket in periods.series(scope.period, queries.leads_by_day(scope)):
        yield (bucket.start.isoformat(), bucket.count, "yes" if bucket.partial else "")


def _cohorts(cohorts: Iterable[Cohort], by: str) -> Iterable[Iterable[object]]:
    yield (
        by,
        *("leads", "mql", "accepted", "sql", "opportunities", "customers"),
        *("mql rate", "low", "high", "lead to customer", "low", "high"),
        *("spend in minor units", "revenue in minor units", "cost per lead", "cost per customer", "roi"),
    )
    for cohort in cohorts:
        key = cohort.key
        yield (
            f"'{key}" if key.startswith(("=", "+", "-", "@")) else queries.shown(key),
            *(cohort.reached.get(step, 0) for step in queries.STEPS),
            *_range(cohort.share("mql")),
            *_range(cohort.share("customer")),
            cohort.spend,
            cohort.revenue,
            cohort.cost_per_lead.as_dict()["value"],
            cohort.cac.as_dict()["value"],
            cohort.roi.as_dict(4)["value"],
        )
