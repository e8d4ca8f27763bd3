"""What sales works with: whose turn it is, the hand-offs, the deals."""

from __future__ import annotations

from handraiser.convert.models.deals import Deal, DealStage, Pipeline
from handraiser.convert.models.hand_offs import HandOff, HandOffState
from handraiser.convert.models.routes import Route, RouteMember

__all__ = ["Deal", "DealStage", "HandOff", "HandOffState", "Pipeline", "Route", "RouteMember"]
