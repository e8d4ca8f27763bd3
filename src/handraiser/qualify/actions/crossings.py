"""Leads that cross a line by their points: who becomes MQL and who leaves, at which moment, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handraiser.core.people.models import Lead
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event
from handraiser.qualify import queries
from handraiser.qualify.actions import stages
from handraiser.qualify.models import RuleSet, StageChange
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import Exclusion, Rules

STAGES = ("lead", "mql")  # between these two points move a lead


class Passage(NamedTuple):
    """An open lead in one of `STAGES`, its points of before, and what it was worth since.

    `totals` are (moment in milliseconds, cause, points), oldest first. `out`: why it is left out, if it is;
    `set_before`: the number of the rule set that gave the points of before, None if it was the live one.
    """

    lead: str
    stage: str
    points: int
    totals: Sequence[tuple[int, Event | None, int]]
    out: Exclusion | None
    set_before: int | None


class _Crossing(NamedTuple):
    """Where a lead became MQL or left: when (ms), by which event, with how many points.

    `out`: why it is left out.
    """

    at: int
    cause: Event | None
    total: int
    to: str
    out: str = ""


def follow(passages: Sequence[Passage], *, live: RuleSet, new_rules: bool) -> None:
    """Move the leads that crossed a line on their way, each at that moment; inside the caller's transaction.

    `new_rules`: not what they did but a new rule set is the reason.
    """
    if not passages:
        return
    # Whom somebody moved stays there until the points cross the line anew.
    moved = {
        row[0] for row in rows.values(StageChange, ["lead_id"], {"lead_id": [one.lead for one in passages]})
    }
    earlier = {one.set_before for one in passages} - {None, live.number}
    lines = {number: queries.line_of(number) for number in earlier if number is not None}
    found = {
        one.lead: crossed
        for one in passages
        if (
            crossed := _crossed(live.rules, one, moved=one.lead in moved, line=lines.get(one.set_before or 0))
        )
    }
    if not found:
        return
    why = f"{stages.RULE_SET_PUBLISHED}: " if new_rules else ""
    moves = []
    for lead in sorted(rows.find(Lead, {"id": list(found)}), key=lambda lead: lead.id):
        for crossing in found[lead.id]:
            # An event from before the lead was opened made it qualified, but not before it was there.
            at = max(clock.from_ms(crossing.at), lead.stage_at)
            reason = f"{why}{_reason(live.rules, crossing)}"
            moves.append(stages.ByPoints(lead, crossing.to, at, reason, crossing.cause))
    stages.follow(moves, rule_set_number=live.number)


def _crossed(rules: Rules, one: Passage, *, moved: bool, line: int | None) -> list[_Crossing]:
    """`line` is the one to leave under the rule set of before, if it was another."""
    threshold, leave = rules.threshold, rules.leaves_below
    if one.out and leave is None:
        leave = threshold  # who never leaves for fewer points leaves when left out
    crossed: list[_Crossing] = []
    stage, before = one.stage, one.points
    # Whoever stood above the line of before and not above a higher one of now has fallen below it.
    stood = leave is not None and before >= (leave if line is None else line)
    for at, cause, total in one.totals:
        if stage == "lead" and total >= threshold and (before < threshold or not moved):
            stage = "mql"
            crossed.append(_Crossing(at, cause, total, stage))
        elif stage == "mql" and leave is not None and stood and total < leave:
            stage, moved = "lead", True
            crossed.append(_Crossing(at, cause, total, stage, one.out.reason if one.out else ""))
        before, stood = total, leave is not None and total >= leave
    return crossed


def _reason(rules: Rules, crossing: _Crossing) -> str:
    total = wording.shown(crossing.total)
    if crossing.to == "mql":
        return f"{total} of {wording.plain(rules.threshold)} points"
    if crossing.out:
        return wording.left_out(crossing.out)
    return f"{total} points, below {wording.plain(rules.leaves_below or 0)}"
