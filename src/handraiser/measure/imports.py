"""Importing what was spent. The engine is `capture.imports`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handraiser.capture.imports.kinds import Kind, Memory, Plan, Refusal, Setting
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Target
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import SpendRemoved
from handraiser.kit.errors import DomainError
from handraiser.measure.actions import spend
from handraiser.measure.models import Spend

TARGETS = (
    Target("channel", "Channel", ("medium",)),
    Target("source", "Source", ("platform", "network")),
    Target("campaign", "Campaign", ("campaign name", "utm campaign")),
    Target("from_date", "First day", ("from", "start", "start date", "date", "day", "reporting starts")),
    Target("to_date", "Last day", ("to", "end", "end date", "reporting ends")),
    Target("amount", "Amount", ("cost", "spend", "amount spent", "budget")),
    Target("currency", "Currency", ("currency code",)),
    Target("external_id", "Id in the other system", ("id",)),
)


def _plan(plans: Sequence[Plan], setting: Setting, memory: Memory) -> None:
    given = {_external(plan, setting) for plan in plans}
    known: set[str] = memory.setdefault("known", set())
    known |= set(Spend.objects.filter(external_id__in=given).values_list("external_id", flat=True))
    for plan in plans:
        _decide(plan, setting, known)


def _external(plan: Plan, setting: Setting) -> str:
    """The row's own id, or one that follows from what it says: the same day of a campaign counts once."""
    values = plan.values
    own = values.get("external_id", "")
    said = (values.get(key, "") for key in ("channel", "source", "campaign", "from_date", "to_date"))
    return f"{setting.mapping.system}:{own or hashlib.sha256('|'.join(said).encode()).hexdigest()}"[:120]


def _decide(plan: Plan, setting: Setting, known: set[str]) -> None:
    values = plan.values
    try:
        first = rules.read_day(values.get("from_date", ""), setting.mapping)
        last = rules.read_day(values["to_date"], setting.mapping) if "to_date" in values else first
    except ValueError as error:
        return plan.refuse(Refusal.BAD_DATE, str(error))
    try:
        amount = rules.read_minor(values.get("amount", ""), setting.mapping)
        currency = values.get("currency", setting.currency).upper()
        spend.check(
            channel=values.get("channel", ""), from_date=first, to_date=last, amount=amount, currency=currency
        )
    except ValueError as error:
        return plan.refuse(Refusal.BAD_AMOUNT, str(error))
    except DomainError as error:
        refusal = {"no_channel": Refusal.MISSING, "days": Refusal.BAD_DATE}.get(
            error.code, Refusal.BAD_AMOUNT
        )
        return plan.refuse(refusal, error.message)
    if (
        len(values["channel"]) > 40
        or len(values.get("source", "")) > 120
        or len(values.get("campaign", "")) > 200
    ):
        return plan.refuse(Refusal.TOO_LONG, "A channel has at most 40 characters, a campaign 200.")
    external = _external(plan, setting)
    if external in known:
        plan.outcome = "joined"
        return None
    known.add(external)
    plan.facts = {"from": first, "to": last, "amount": amount, "currency": currency, "external": external}
    return None


def _write(plans: Sequence[Plan], setting: Setting) -> None:
    rows = []
    for plan in plans:
        if plan.outcome != "created":
            continue
        facts = plan.facts
        row = Spend(
            channel=plan.values["channel"],
            source=plan.values.get("source", ""),
            campaign=plan.values.get("campaign", ""),
            from_date=facts["from"],
            to_date=facts["to"],
            amount=facts["amount"],
            currency=facts["currency"],
            external_id=facts["external"],
            entered_at=setting.at,
        )
        plan.made = {"spend": row.id}
        rows.append(row)
    Spend.objects.bulk_create(rows)
    outbox.publish_all([spend.announcement(row, setting.at) for row in rows])


def _undo(made: dict[int, dict[str, Any]], at: datetime) -> set[int]:
    rows = Spend.objects.filter(id__in=[entry["spend"] for entry in made.values()])
    outbox.publish_all([outbox.prepare(SpendRemoved(spend=row.id), at=at) for row in rows])
    rows.delete()
    return set()


KIND = Kind(
    key="spend",
    label="Spend",
    noun="entered",
    known_as="known already",
    targets=TARGETS,
    needs=(("channel",), ("from_date",), ("amount",)),
    entities=frozenset(),
    plan=_plan,
    write=_write,
    undo=_undo,
)
