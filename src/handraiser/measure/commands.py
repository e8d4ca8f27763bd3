"""`handraiser kpi`: what the command line does, without the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.measure import queries, report
from handraiser.measure.queries import Scope
from handraiser.measure.rules.periods import Period


def kpi(*, start: str, end: str, by: str, as_json: bool, say: Callable[[str], None]) -> None:
    """Print the KPIs of [start, end). Raises DomainError for a day or dimension that cannot be read."""
    if by not in queries.DIMENSIONS:
        raise DomainError("dimension", f"Group by {', '.join(queries.DIMENSIONS)}; not by {by}.")
    try:
        period = Period(date.fromisoformat(start), date.fromisoformat(end), Organisation.get().time_zone)
    except ValueError:
        raise DomainError("period", "Give two days like 2026-01-01, the second after the first.") from None
    scope = Scope(period)
    if as_json:
        say(json.dumps(report.kpis(scope, by=by, now=clock.now()), ensure_ascii=False))
        return
    for line in report.table(scope, by=by, now=clock.now()):
        say(line)
