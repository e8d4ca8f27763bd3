"""What a merge does to enrolments: nobody is inside a sequence twice."""

from __future__ import annotations

from django.db.models import Q

from handraiser.core.identity.on_merge import Move, on_merge
from handraiser.nurture.models import Enrolment

_INSIDE = Q(state__in=(Enrolment.State.ACTIVE, Enrolment.State.PAUSED))

ON_MERGE = [
    on_merge(
        Enrolment,
        person=Move(
            where=_INSIDE,
            once=("sequence_id",),
            otherwise={"state": Enrolment.State.EXITED.value, "reason": "merged", "due_at": None},
        ),
        lead=Move(),
    ),
]
