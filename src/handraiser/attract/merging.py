"""What a merge does to what was told of people from outside."""

from __future__ import annotations

from handraiser.attract.models import Identification
from handraiser.core.identity.on_merge import Leave, on_merge

ON_MERGE = [on_merge(Identification, person_id=Leave("whom it named when it came"))]
