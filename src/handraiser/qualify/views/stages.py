"""The stages: one definition for marketing and sales, with how many leads stand where."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify import queries
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.stages import STAGES
from handraiser.qualify.views.rule_sets import tabs

RECENT = timedelta(days=30)


@require_GET
def stages(request: HttpRequest) -> HttpResponse:
    """What each stage means, who moves a lead there, how many are there and came in 30 days."""
    now = clock.now()
    live = rule_sets.live(at=now)
    mine = Lead.objects.visible_to(request.user)
    counts = queries.stage_counts(mine)
    came = queries.arrivals(since=now - RECENT)
    rows = [(stage, counts[stage.key], came[stage.key]) for stage in STAGES]
    return render(
        request,
        "qualify/stages.html",
        {
            "tabs": tabs("stages"),
            "rows": rows,
            "live": live,
            "signals": len(live.rules.signals),
            "product_now": mine.filter(closed_at=None).exclude(product_lead=None).count(),
            "product_came": mine.filter(product_lead__at__gte=now - RECENT).count(),
            "threshold": wording.plain(live.rules.threshold),
            "total": sum(counts.values()),
        },
    )
