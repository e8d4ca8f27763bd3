"""The bar above every Measure screen: period, comparison, channel, campaign. All of it is in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse

from handraiser.attract.rules import channels
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import Role
from handraiser.measure import queries
from handraiser.measure.queries import Scope
from handraiser.measure.rules import periods
from handraiser.measure.rules.periods import Period

PERIODS = (
    ("4w", "Last 4 weeks"),
    ("13w", "Last 13 weeks"),
    ("26w", "Last 26 weeks"),
    ("52w", "Last 52 weeks"),
    ("days", "From day to day"),
)
_KEPT = ("period", "from", "to", "compare", "channel", "source", "campaign", "landing_page")


@dataclass(frozen=True)
class Filters:
    """What the bar says. `query`: the same as part of an address."""

    scope: Scope
    preset: str
    compare: bool
    query: str
    wrong: str = ""

    @property
    def before(self) -> Scope | None:
        """The scope to compare with, if one is wanted."""
        return replace(self.scope, period=self.scope.period.before) if self.compare else None


def read(request: StaffRequest, now: datetime) -> Filters:
    """The filters of this address; what cannot be read falls back to the last 13 weeks and says so."""
    asked = request.GET
    zone = Organisation.get().time_zone
    preset = asked.get("period", "13w")
    period, wrong = _period(preset, asked.get("from", ""), asked.get("to", ""), now, zone)
    limits = {name: asked[name][:400] for name in queries.DIMENSIONS if name in asked and asked[name] != "*"}
    scope = queries.scope_for(request.user, period, **limits)
    query = urlencode({name: asked[name] for name in _KEPT if name in asked})
    compare = asked.get("compare", "1") != "0"
    return Filters(scope, preset if not wrong else "13w", compare, query, wrong)


def _period(preset: str, first: str, last: str, now: datetime, zone: str) -> tuple[Period, str]:
    usual = periods.ending_today(now=now, days=periods.PRESETS.get(preset, periods.PRESETS["13w"]), zone=zone)
    if preset != "days":
        return usual, ""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        if not 2000 <= start.year <= end.year <= 2199:
            raise ValueError
        return Period(start, date.fromordinal(end.toordinal() + 1), zone), ""
    except ValueError:
        return (
            usual,
            "Choose a first and a last day, the last not before the first. Shown: the last 13 weeks.",
        )


def context(request: StaffRequest, found: Filters, *, tab: str) -> dict[str, object]:
    """What every Measure screen needs."""
    scope = found.scope
    tail = f"?{found.query}" if found.query else ""
    entries = [("Overview", "overview"), ("Funnel", "funnel"), ("Channels", "channels")]
    if request.user.role != Role.REP:
        entries.append(("Spend", "spend"))
    return {
        "filters": found,
        "period": scope.period,
        "query": found.query,
        "tab_items": [
            (label, reverse(f"measure:{name}") + ("" if name == "spend" else tail), name == tab, None)
            for label, name in entries
        ],
        "period_choices": PERIODS,
        "channel_choices": [(value, channels.label(value)) for value in queries.values_of("channel", scope)],
        "campaign_choices": [(value, queries.shown(value)) for value in queries.values_of("campaign", scope)],
        "own": scope.owner is not None,
        "currency": Organisation.get().currency,
        "limits": {name: queries.shown(value) for name, value in scope.limits.items()},
    }
