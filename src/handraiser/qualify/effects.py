"""What a draft would change for the open leads of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify import queries
from handraiser.qualify.rules import scoring, wording
from handraiser.qualify.rules.rule_set import Rules
from handraiser.qualify.rules.scoring import Score

LIMIT = 1_000  # leads that an effect is worked out for while somebody waits


@dataclass(frozen=True)
class Side:
    """A lead that changes sides under a draft: its points before and after."""

    lead: Lead
    before: Score
    after: Score
    becomes_mql: bool
    leaves: bool

    @property
    def rises(self) -> bool:
        """More points than before."""
        return self.after.total > self.before.total

    @property
    def points_before(self) -> str:
        return wording.shown(self.before.total)

    @property
    def points_after(self) -> str:
        return wording.shown(self.after.total)


@dataclass(frozen=True)
class Effect:
    """What a rule set would do to the open leads of today, beside the live one. Not a back-test.

    `n` leads were looked at, of `all_open`; `reach_*` reach the threshold; `promoted` would become MQL when
    it is published, `demoted` would leave; `hot_*` would be hot. `sides`: those who cross a line; `with_rule`:
    how many have each rule of the draft.
    """

    n: int
    all_open: int
    reach_before: int
    reach_after: int
    hot_before: int
    hot_after: int
    changed: int
    promoted: int
    demoted: int
    sides: tuple[Side, ...]
    with_rule: Mapping[str, int]


def effect(draft: Rules, live: Rules, *, at: datetime, limit: int = LIMIT) -> Effect:
    """Compare two rule sets on the open leads, the liveliest first when there are more than `limit`."""
    open_leads = Lead.objects.filter(closed_at=None)
    liveliest = open_leads.select_related("person", "person__company").order_by("-last_activity_at", "-id")
    leads = list(liveliest[:limit])
    moments = {lead.person_id: at for lead in leads}
    # What one set does not look at changes nothing for it, so both are served by one SELECT.
    both = msgspec.structs.replace(live, rules=(*live.rules, *draft.rules))
    events = queries.evidence(both, moments)
    about = queries.known(lead.id for lead in leads)
    now_ms = clock.ms(at)
    pairs = []
    for lead in leads:
        known = about[lead.id].person | about[lead.id].lead
        before = scoring.evaluate(live, known, events[lead.person_id], now_ms=now_ms)
        after = scoring.evaluate(draft, known, events[lead.person_id], now_ms=now_ms)
        pairs.append((lead, before, after))
    sides = [
        Side(
            lead,
            before,
            after,
            becomes_mql=lead.stage == "lead" and after.total >= draft.threshold,
            leaves=_leaves(lead, before, after, live, draft),
        )
        for lead, before, after in pairs
        if (before.total >= live.threshold) != (after.total >= draft.threshold)
        or _leaves(lead, before, after, live, draft)
    ]
    return Effect(
        n=len(leads),
        all_open=open_leads.count(),
        reach_before=sum(before.total >= live.threshold for _, before, _ in pairs),
        reach_after=sum(after.total >= draft.threshold for _, _, after in pairs),
        hot_before=sum(before.temperature == "hot" for _, before, _ in pairs),
        hot_after=sum(after.temperature == "hot" for _, _, after in pairs),
        changed=sum(before.total != after.total for _, before, after in pairs),
        promoted=sum(lead.stage == "lead" and after.total >= draft.threshold for lead, _, after in pairs),
        demoted=sum(side.leaves for side in sides),
        sides=tuple(sorted(sides, key=lambda side: -side.after.total)),
        with_rule=dict(Counter(line.rule for _, _, after in pairs for line in after.lines)),
    )


def _leaves(lead: Lead, before: Score, after: Score, live: Rules, draft: Rules) -> bool:
    """Whether an MQL that stood by its points falls below the draft's line; whom somebody moved up stays."""
    line = draft.threshold if after.left_out and draft.leaves_below is None else draft.leaves_below
    if lead.stage != "mql" or line is None:
        return False
    return after.total < line and before.total >= (line if live.leaves_below is None else live.leaves_below)
