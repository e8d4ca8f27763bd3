"""What a merge does to scores and stages."""

from __future__ import annotations

from handraiser.core.identity.on_merge import Aside, Move, on_merge
from handraiser.qualify.models import (
    ChangedSide,
    Check,
    LookUp,
    ProductLead,
    Profile,
    ScoreState,
    StageChange,
)

ON_MERGE = [
    on_merge(ScoreState, person=Aside("a cache of one row a person: worked out anew from both histories")),
    on_merge(Profile, person=Move()),
    on_merge(Check, person=Aside("one row a person: looked at anew")),
    on_merge(LookUp, person=Aside("an answer about an address that the kept person may not have")),
    on_merge(ProductLead, lead=Aside("found anew from both histories")),
    on_merge(ChangedSide, lead=Aside("an old look at history; a new one has the lead that was kept")),
    # Of two leads that became one, one history is told: that of the lead which came further.
    on_merge(StageChange, lead=Aside("arrivals in a stage would count twice")),
]
