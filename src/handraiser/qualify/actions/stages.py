"""Moving leads through the stages: the one place that writes `Lead.stage`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import StageChanged
from handraiser.core.people.models import Lead, OfferLine
from handraiser.kit import rows
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError
from handraiser.qualify.models import StageChange
from handraiser.qualify.rules import stages as rules

# How the reason begins when another rule set counts an old lead differently: nobody is told of those.
RULE_SET_PUBLISHED = "rule set published"


@transaction.atomic
def move(
    lead: Lead,
    to: str,
    *,
    at: datetime,
    reason: str = "",
    by: str = "",
    rule_set_number: int | None = None,
) -> StageChange | None:
    """Move a lead; returns the change, or None when it stands there already.

    `by` is the id of a member of staff, "" for the rules. `reason` goes into the journal: a named reason or
    our own words, never what somebody typed about a person.
    Raises DomainError: unknown_stage, reason_missing, recycled_is_closed, another_lead_is_open, stage_changed
    (somebody moved it since `lead` was read).
    """
    current = Lead.objects.select_for_update().get(id=lead.id)
    if current.stage == to:
        lead.stage, lead.stage_at, lead.closed_at = current.stage, current.stage_at, current.closed_at
        return None
    if current.stage != lead.stage:
        raise DomainError(
            "stage_changed",
            f"Somebody moved this lead to {rules.LABELS[current.stage]} a moment ago. Look, then decide.",
            kind="conflict",
        )
    refusal = rules.refusal(current=current.stage, to=to, reason=reason)
    if refusal:
        raise DomainError(refusal[0], refusal[1], kind="invalid", field="reason")
    closed_at = (current.closed_at or at) if to in rules.CLOSED else None
    if closed_at is None and current.closed_at is not None:
        _refuse_second_open_lead(current)
    [change] = _record(
        [current],
        to=to,
        moments={current.id: at},
        reasons={current.id: reason},
        by=by,
        rule_set_number=rule_set_number,
    )
    Lead.objects.filter(id=current.id).update(stage=to, stage_at=at, closed_at=closed_at)
    lead.stage, lead.stage_at, lead.closed_at = to, at, closed_at
    return change


class ByPoints(NamedTuple):
    """A lead moves because its points crossed a line; `cause` is the event that did it, None for time alone."""

    lead: Lead
    to: str
    at: datetime
    reason: str
    cause: Event | None


def follow(moves: Sequence[ByPoints], *, rule_set_number: int) -> None:
    """Move leads between lead and MQL as their points went, many at a time. Call it inside a transaction.

    The moves of one lead are in order. A lead that stands elsewhere meanwhile stays there.
    """
    todo = list(moves)
    while todo:
        # One step of each lead at a time: the second begins where the first ended.
        first = {move.lead.id: move for move in reversed(todo)}
        todo = [move for move in todo if first[move.lead.id] is not move]
        for to, before in (("mql", "lead"), ("lead", "mql")):
            ready = [move for move in first.values() if move.to == to and move.lead.stage == before]
            if not ready:
                continue
            _record(
                [move.lead for move in ready],
                to=to,
                moments={move.lead.id: move.at for move in ready},
                reasons={move.lead.id: move.reason for move in ready},
                by="",
                rule_set_number=rule_set_number,
                causes={move.lead.id: move.cause for move in ready if move.cause},
            )
            with connection.cursor() as cursor:
                cursor.executemany(
                    "update people_lead set stage = %s, stage_at = %s where id = %s and stage = %s",
                    [(to, _stored(move.at), move.lead.id, before) for move in ready],
                )
            for move in ready:
                move.lead.stage, move.lead.stage_at = to, move.at


def _stored(moment: datetime) -> Any:
    """A moment as this database keeps it; raw SQL passes the ORM's conversion by."""
    return connection.ops.adapt_datetimefield_value(moment)


_NUMBERS = "select lead_id, max(number) from qualify_stage_change where lead_id {in} group by lead_id"


def _record(
    leads: Sequence[Lead],
    *,
    to: str,
    moments: Mapping[str, datetime],
    reasons: Mapping[str, str],
    by: str,
    rule_set_number: int | None,
    causes: Mapping[str, Event] | None = None,
) -> list[StageChange]:
    """Write the history and announce it. The unique number makes two movers at once impossible."""
    numbers = dict(rows.ask(StageChange, _NUMBERS, [[lead.id for lead in leads]]))
    changes = [
        StageChange(
            lead=lead,
            number=numbers.get(lead.id, 0) + 1,
            previous=lead.stage,
            stage=to,
            at=moments[lead.id],
            by=by,
            reason=reasons[lead.id][:300],
            rule_set_number=rule_set_number,
        )
        for lead in leads
    ]
    rows.insert(changes)
    outbox.publish_all(
        [
            outbox.prepare(
                StageChanged(stage=to, previous=change.previous, reason=change.reason, by=by),
                at=change.at,
                person=lead.person_id,
                lead=lead.id,
                cause=(causes or {}).get(lead.id),
                message_id=f"stage:{lead.id}:{change.number}",
            )
            for lead, change in zip(leads, changes, strict=True)
        ]
    )
    return changes


def _refuse_second_open_lead(lead: Lead) -> None:
    line: OfferLine = lead.offer_line
    if Lead.objects.filter(person=lead.person_id, offer_line=line, closed_at=None).exists():
        raise DomainError(
            "another_lead_is_open",
            f"This person already has an open lead for {line}. Work on that one.",
            kind="conflict",
        )
