"""Pieces for the desk: include the template with what the function returns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handraiser.core.people.models import Lead
from handraiser.qualify import queries


def why(lead: Lead, as_of: datetime | None = None) -> dict[str, Any]:
    """For `qualify/why.html`: why this lead has its points, now or at a past moment."""
    return {"lead": lead, "why": queries.why(lead, as_of)}


def history(lead: Lead) -> dict[str, Any]:
    """For `qualify/history.html`: how the lead came to its stage."""
    return {"lead": lead, "history": queries.stage_history(lead)}
