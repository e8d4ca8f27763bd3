"""What a merge does to changes of many leads at once."""

from __future__ import annotations

from handraiser.core.identity.on_merge import Leave, on_merge
from handraiser.desk.models import BulkChange

_GOING_ON = Leave("a change under way passes over leads that are gone")

ON_MERGE = [on_merge(BulkChange, lead_ids=_GOING_ON, before=_GOING_ON)]
