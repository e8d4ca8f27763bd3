"""Keeping what sales said of leads, with what each lead was like at that moment."""

from __future__ import annotations

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.kit.envelope import Event
from handraiser.qualify import queries
from handraiser.qualify.models import SalesAnswer
from handraiser.qualify.rules.feedback import REASONS, Outcome

_TAKEN = ("accepted", "sql", "opportunity", "customer")
_GONE = ("recycled", "disqualified")
_OF_HAND_OFFS = ("accepted by sales", "rejected by sales")  # how convert words these moves


def hear(event: Event) -> None:
    """Keep one answer: of a hand-off, or of somebody who moved an MQL by hand. Once, however often it is told.

    Inside a transaction.
    """
    found = _answer(event)
    if found is None or not event.lead:
        return
    key, outcome, reason, by = found
    if SalesAnswer.objects.filter(key=key).exists():
        return
    lead = Lead.objects.filter(id=event.lead).select_related("person__company").first()
    if lead is None:
        return
    moment = clock.from_ms(event.occurred_at)
    rule_set = queries.rule_set_at(moment)
    score = queries.score_at(lead, rule_set.rules, moment) if rule_set else None
    SalesAnswer.objects.create(
        key=key,
        lead=lead,
        outcome=outcome,
        reason=reason,
        by=by,
        at=moment,
        source=lead.source,
        channel=lead.channel,
        points=score.total if score else 0,
        grade=score.grade if score else "",
        rule_set_number=rule_set.number if rule_set else None,
        rules=[line.rule for line in score.lines] if score else [],
    )


def _answer(event: Event) -> tuple[str, Outcome, str, str] | None:
    """(key, outcome, reason, by) of a fact that answers; None if it answers nothing.

    A hand-off also moves the stage, in the same breath; that change says so in its reason and is not counted twice.
    """
    body = event.body
    if event.name == "convert.hand_off_accepted":
        return body["hand_off"], Outcome.ACCEPTED, "", str(body["owner"])
    if event.name == "convert.hand_off_rejected":
        reason = body["reason"] if body["reason"] in REASONS else "other"
        return body["hand_off"], Outcome.REJECTED, reason, str(body["owner"])
    by_hand = body.get("by") and not str(body.get("reason", "")).startswith(_OF_HAND_OFFS)
    if body.get("previous") != "mql" or not by_hand:
        return None
    if body["stage"] in _TAKEN:
        return event.message_id, Outcome.ACCEPTED, "", str(body["by"])
    if body["stage"] in _GONE:
        reason = "not_now" if body["stage"] == "recycled" else "other"
        return event.message_id, Outcome.REJECTED, reason, str(body["by"])
    return None
