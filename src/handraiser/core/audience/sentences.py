"""How segments read on a timeline."""

from __future__ import annotations

from typing import Any

from handraiser.core.audience.models import Segment
from handraiser.core.people.sentences import Sentence

_WHY = {"time": " as time went on", "rebuild": " by its new conditions"}


def _told(verb: str, body: dict[str, Any]) -> Sentence:
    name = Segment.objects.filter(id=body.get("segment", "")).values_list("name", flat=True).first()
    which = f"segment **{name.replace('*', '')}**" if name else "a segment that is gone"
    return Sentence("users", f"{verb} {which}{_WHY.get(body.get('why', ''), '')}", "system")


SENTENCES = {
    "audience.segment_joined": lambda body: _told("Entered", body),
    "audience.segment_left": lambda body: _told("Left", body),
}
