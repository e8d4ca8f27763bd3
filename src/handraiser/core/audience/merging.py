"""What a merge does to segments: whoever is kept is in what either was in, until they are looked at."""

from __future__ import annotations

from django.db.models import Q

from handraiser.core.audience.models import DueLook, Exit, Membership, Touched
from handraiser.core.identity.on_merge import Aside, Merging, Move, on_merge


def _once(merging: Merging) -> None:
    """Where both are in, the kept one stays in and the other comes back when the merge is undone."""
    both = Membership.objects.filter(person_id=merging.kept).values("segment_id")
    merging.take_out(Membership.objects.filter(person_id=merging.gone, segment_id__in=both))


ON_MERGE = [
    on_merge(Membership, person=Move(where=Q(), once=("segment_id",)), first=_once),
    on_merge(Exit, person=Move()),
    on_merge(DueLook, person=Aside("a date in the diary: noted anew from both histories")),
    on_merge(Touched, person=Aside("a merge has everybody looked at anyway")),
]
