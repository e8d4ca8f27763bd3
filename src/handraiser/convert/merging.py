"""What a merge does to deals and offers to reps."""

from __future__ import annotations

from django.db.models import Q

from handraiser.convert.models import Deal, HandOff
from handraiser.convert.models.hand_offs import HandOffState
from handraiser.core.identity.on_merge import Move, on_merge

ON_MERGE = [
    on_merge(Deal, person=Move(), lead=Move()),
    on_merge(
        HandOff,
        lead=Move(where=Q(state=HandOffState.WAITING), otherwise={"state": HandOffState.WITHDRAWN.value}),
    ),
]
