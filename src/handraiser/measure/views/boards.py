"""Overview, funnel, channels: more or fewer, better or worse, dearer or cheaper; and is it real?"""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.measure import alerts, queries, screens
from handraiser.measure.definitions import DEFINITIONS
from handraiser.measure.rules import periods
from handraiser.measure.views import filters
from handraiser.measure.views.exports import EXPORTS

_ROWS_A_PAGE = 50
_CHANNELS_SHOWN = 6
_FIRST = ("leads", "mql_rate", "cost_per_lead", "mql_to_sql_rate", "lead_to_customer_rate", "cac")


def _import_url(request: StaffRequest) -> str:
    """Where a list is imported, for those who may."""
    return reverse("imports:listing") if request.user.may(*EDITORS) else reverse("measure:overview")


@require_safe
def overview(request: StaffRequest) -> HttpResponse:
    """The dashboard."""
    now = clock.now()
    found = filters.read(request, now)
    context = filters.context(request, found, tab="overview")
    context["counted_at"] = now
    if queries.first_lead_at(request.user) is None:
        context |= {"waiting": [DEFINITIONS[key].label for key in _FIRST], "import_url": _import_url(request)}
        return render(request, "measure/empty.html", context)
    scope, before = found.scope, found.before
    cohort = queries.total(scope, now=now)
    earlier = queries.total(before, now=now) if before else None
    landing = queries.landing_page_conversion(scope)
    landing_before = queries.landing_page_conversion(before) if before else None
    columns, grid = screens.volume(periods.series(scope.period, queries.leads_by_day(scope)), scope.period)
    context |= {
        "answer": screens.answer(cohort, earlier, scope.period),
        "alerts": alerts.worth_knowing(request.user, now)[:2],
        "tiles": screens.tiles(
            cohort, earlier, (landing, landing_before), scope.period, str(context["currency"])
        ),
        "cohort": cohort,
        "bars": screens.funnel(cohort, queries.visits_of(scope), queries.median_days(scope), None),
        "lines": screens.lines(
            queries.cohorts(scope, "channel", now=now)[:_CHANNELS_SHOWN], "channel", str(context["currency"])
        ),
        "by": "channel",
        "columns": columns,
        "grid": grid,
        "weekly": len(columns) > 1 and columns[0].says.startswith("Week"),
        "landing_pages": [] if scope.owner or scope.limits else queries.landing_pages(scope)[:6],
    }
    return render(request, "measure/overview.html", context)


@require_safe
def funnel(request: StaffRequest) -> HttpResponse:
    """Each step with its drop-off, and the same by source."""
    now = clock.now()
    found = filters.read(request, now)
    context = filters.context(request, found, tab="funnel")
    by = _dimension(request)
    scope = found.scope
    cohort = queries.total(scope, now=now)
    context |= {
        "cohort": cohort,
        "bars": screens.funnel(cohort, queries.visits_of(scope), queries.median_days(scope), None),
        **_by(request, by),
        "steps": [(step, queries.STEP_LABELS[step]) for step in queries.STEPS],
        "lines": [
            (
                line,
                [
                    (step, line.cohort.reached.get(step, 0), line.cohort.share(step, of=previous))
                    for previous, step in zip(queries.STEPS, queries.STEPS[1:], strict=False)
                ],
            )
            for line in screens.lines(
                queries.cohorts(scope, by, now=now)[:_ROWS_A_PAGE], by, str(context["currency"])
            )
        ],
    }
    return render(request, "measure/funnel.html", context)


@require_safe
def channels(request: StaffRequest) -> HttpResponse:
    """What each channel, source, campaign or landing page brought, and what it cost."""
    now = clock.now()
    found = filters.read(request, now)
    context = filters.context(request, found, tab="channels")
    by = _dimension(request)
    cohorts = queries.cohorts(found.scope, by, now=now)
    page = Paginator(cohorts, _ROWS_A_PAGE).get_page(request.GET.get("page"))
    context |= {
        **_by(request, by),
        "page": page,
        "lines": screens.lines(list(page), by, str(context["currency"])),
        "total_line": screens.lines([queries.total(found.scope, now=now)], by, str(context["currency"]))[0],
        "export_name": EXPORTS[by],
        "foreign": queries.other_currencies(),
        "definitions": [
            DEFINITIONS[key] for key in ("mql_rate", "lead_to_customer_rate", "cost_per_lead", "roi")
        ],
    }
    return render(request, "measure/channels.html", context)


@require_safe
def rows(request: StaffRequest) -> HttpResponse:
    """The leads behind a number."""
    now = clock.now()
    found = filters.read(request, now)
    step = request.GET.get("step", "lead")
    if step not in queries.STEPS:
        raise Http404
    context = filters.context(request, found, tab="")
    leads = queries.leads_at(found.scope, step).select_related("person", "owner")
    page = Paginator(leads, _ROWS_A_PAGE).get_page(request.GET.get("page"))
    context |= {"step": step, "step_label": queries.STEP_LABELS[step], "page": page}
    return render(request, "measure/rows.html", context)


def _by(request: StaffRequest, by: str) -> dict[str, object]:
    """The choice of a dimension: name, label, address."""
    items = []
    for name in queries.DIMENSIONS:
        query = request.GET.copy()
        query.pop("page", None)
        query["by"] = name
        items.append((name, _label(name), f"?{query.urlencode()}"))
    return {"by": by, "by_label": _label(by), "dimension_items": items}


def _label(dimension: str) -> str:
    return dimension.replace("_", " ").capitalize()


def _dimension(request: StaffRequest) -> str:
    by = request.GET.get("by", "channel")
    if by not in queries.DIMENSIONS:
        raise Http404
    return by
