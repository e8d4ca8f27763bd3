"""What a merge does to what people sent and got."""

from __future__ import annotations

from handraiser.capture.imports.models import ImportRow
from handraiser.capture.models import MagnetGrant, Submission
from handraiser.core.identity.on_merge import Leave, Move, on_merge

ON_MERGE = [
    on_merge(Submission, person=Move(), lead=Move()),
    on_merge(MagnetGrant, person=Move(), lead=Move()),
    on_merge(ImportRow, made=Leave("an undo removes what it finds; a merged person has a history and stays")),
]
