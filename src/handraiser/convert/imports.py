"""Importing deals that were won elsewhere. The engine is `capture.imports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from handraiser.capture.imports.kinds import Kind, Memory, Plan, Refusal, Setting
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Target
from handraiser.convert.actions import deals
from handraiser.convert.models import Deal
from handraiser.core.identity.rules import normal_email
from handraiser.core.people.models import Identifier, Lead, Stage
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

EARLY = "won_before_first_contact"
TARGETS = (
    Target("lead_external_id", "Lead's id in the other system", ("lead id", "contact id", "mql id")),
    Target("email", "Email of the person", ("e-mail", "mail", "email address")),
    Target("external_id", "Deal's own id", ("id", "deal id", "opportunity id")),
    Target("won_at", "Won at", ("won date", "close date", "closed at", "date")),
    Target("amount", "Amount", ("value", "revenue", "deal value")),
    Target("currency", "Currency", ("currency code",)),
    Target("title", "What they bought", ("deal", "deal name", "name", "product")),
)


def _plan(plans: Sequence[Plan], setting: Setting, memory: Memory) -> None:
    leads = _leads_of(plans, setting)
    given = {plan.values["external_id"] for plan in plans if plan.values.get("external_id")}
    known: set[str] = memory.setdefault("known", set())
    known |= set(Deal.objects.filter(external_id__in=given).values_list("external_id", flat=True))
    for plan in plans:
        _decide(plan, setting, leads, known)


def _key(plan: Plan, setting: Setting) -> tuple[str, str] | None:
    if external := plan.values.get("lead_external_id"):
        return f"external:{setting.mapping.system}", external
    address = normal_email(plan.values.get("email", ""))
    return ("email", address) if address else None


def _leads_of(plans: Sequence[Plan], setting: Setting) -> dict[tuple[str, str], Lead]:
    """The lead that each row speaks of: by its external id, else the person's newest."""
    wanted: dict[str, set[str]] = {}
    for plan in plans:
        if key := _key(plan, setting):
            wanted.setdefault(key[0], set()).add(key[1])
    people: dict[str, list[tuple[str, str]]] = {}
    for kind, values in wanted.items():
        rows = Identifier.objects.filter(kind=kind, value__in=values).values_list("value", "person_id")
        for value, person in rows:
            people.setdefault(person, []).append((kind, value))
    found: dict[tuple[str, str], Lead] = {}
    for lead in (
        Lead.objects.filter(person_id__in=people).select_related("person").order_by("opened_at", "id")
    ):
        for kind, value in people[lead.person_id]:
            exact = found.get((kind, value))
            if exact is None or exact.external_id != value:
                found[(kind, value)] = lead
    return found


def _decide(plan: Plan, setting: Setting, leads: dict[tuple[str, str], Lead], known: set[str]) -> None:
    values = plan.values
    key = _key(plan, setting)
    if key is None:
        return plan.refuse(Refusal.NOBODY, "The row does not say whose deal it is.")
    lead = leads.get(key)
    if lead is None:
        return plan.refuse(Refusal.NO_LEAD, f"No lead is known by “{key[1][:80]}”. Import the leads first.")
    try:
        won_at = rules.read_moment(values.get("won_at", ""), setting.mapping)
    except ValueError as error:
        return plan.refuse(Refusal.BAD_DATE, str(error))
    if won_at > setting.at:
        return plan.refuse(Refusal.BAD_DATE, f"“{values['won_at']}” lies in the future.")
    try:
        amount = rules.read_minor(values["amount"], setting.mapping) if "amount" in values else None
        if amount is not None and not 0 <= amount <= deals.LARGEST_AMOUNT:
            raise ValueError(f"“{values['amount'][:40]}” is not an amount that a deal can have.")
    except ValueError as error:
        return plan.refuse(Refusal.BAD_AMOUNT, str(error))
    if len(values.get("external_id", "")) > 120 or len(values.get("title", "")) > 200:
        return plan.refuse(Refusal.TOO_LONG, "The deal's id has at most 120 characters, its title 200.")
    currency = values.get("currency", setting.currency).upper()
    if len(currency) != 3 or not currency.isalpha():
        return plan.refuse(Refusal.BAD_AMOUNT, f"“{currency[:20]}” is not a currency like GBP.")
    external = values.get("external_id", "") or f"{setting.import_id}:{plan.row.number}"
    if external in known:
        plan.outcome = "joined"
        return None
    if lead.stage == Stage.RECYCLED:
        return plan.refuse(Refusal.NOT_WON, "The lead was recycled, which closed it for good.")
    known.add(external)
    if won_at < lead.opened_at:
        plan.remark = EARLY
    plan.facts = {
        "won": deals.Won(
            lead=lead,
            won_at=won_at,
            external_id=external,
            amount=amount,
            currency=currency,
            title=values.get("title", "") or "Won deal",
            attributes={
                target.partition(".")[2]: value
                for target, value in values.items()
                if target.startswith("deal.")
            },
        )
    }
    return None


def _write(plans: Sequence[Plan], setting: Setting) -> None:
    new = {plan.facts["won"].external_id: plan for plan in plans if plan.outcome == "created"}
    before = {external: plan.facts["won"].lead.stage for external, plan in new.items()}
    recorded = deals.record_won_many(rows=[plan.facts["won"] for plan in new.values()])
    for deal in recorded.deals:
        new[deal.external_id].made = {"deal": deal.id, "before": before[deal.external_id]}


def _undo(made: dict[int, dict[str, Any]], at: datetime) -> set[int]:
    """Remove the imported deals; a lead that has no other won deal goes back to the stage it had."""
    numbers = {entry["deal"]: number for number, entry in made.items()}
    kept: set[int] = set()
    for deal in Deal.objects.filter(id__in=numbers).select_related("lead"):
        number = numbers[deal.id]
        if deal.version > 1 or deal.won_at is None:
            kept.add(number)
            continue
        lead = deal.lead
        deal.delete()
        other = Deal.objects.filter(lead=lead).exclude(won_at=None)
        if lead.stage == Stage.CUSTOMER and not other.exists():
            try:
                stages.move(lead, made[number]["before"], at=at, reason="import undone")
            except DomainError:
                # Another lead of the person is open by now; this one stays closed as it is.
                continue
    return kept


KIND = Kind(
    key="deals",
    label="Won deals",
    noun="recorded",
    known_as="known already",
    targets=TARGETS,
    needs=(("lead_external_id", "email"), ("won_at",)),
    entities=frozenset({"deal"}),
    plan=_plan,
    write=_write,
    undo=_undo,
    remarks={EARLY: ("deal was won before its first contact", "deals were won before their first contact")},
    chunk=25,
)
