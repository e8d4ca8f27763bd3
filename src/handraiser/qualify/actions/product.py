"""Making leads PQLs: the one place that writes `ProductLead`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import EventTracked
from handraiser.core.journal.events.qualify import ProductQualified
from handraiser.core.people.models import Lead
from handraiser.kit import clock, rows
from handraiser.qualify import queries
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.models import ProductLead
from handraiser.qualify.rules import product, scoring
from handraiser.qualify.rules.rule_set import Rules
from handraiser.qualify.rules.scoring import Evidence

_LEADS = """
    select id, person_id, offer_line_id, opened_at from people_lead
    where person_id {in} and closed_at is null"""
_EVENTS = """
    select person_id, message_id, occurred_at, visitor, {json}body from identity_timeline
    where person_id {in} and name = %s"""
_CHUNK = 200  # leads in a transaction
_body = msgspec.json.Decoder(dict[str, Any]).decode


def waited_for(*, at: datetime) -> frozenset[str]:
    """The names, as `product.named` tells them, of the product events that make a PQL now."""
    return frozenset(product.named(signal.event) for signal in rule_sets.live(at=at).rules.signals)


def look_at_everybody(now: Callable[[], datetime]) -> int:
    """Make PQLs of whoever meets a signal of the live set already; returns how many became one.

    They are PQLs from when the set went live: nobody waited for these events before. Cut off, it is begun again,
    and finds whom it had not come to.
    """
    at = now()
    live, wanted = rule_sets.live(at=at), waited_for(at=at)
    named = Cast(KeyTextTransform("event", "body"), TextField())
    done = TimelineItem.objects.filter(name=EventTracked.name).annotate(said=named)
    said = done.order_by().values_list("said", flat=True).distinct()
    spellings = [name for name in said if name and product.named(name) in wanted]
    if not spellings:
        return 0
    used = done.filter(person=OuterRef("person_id"), said__in=spellings)
    leads = Lead.objects.filter(Exists(used), closed_at=None, product_lead=None).order_by("id")
    made, last = 0, ""
    while some := list(leads.filter(id__gt=last).values_list("id", "person_id")[:_CHUNK]):
        made += look({person for _, person in some}, at=now(), since=live.published_at)
        last = some[-1][0]
    return made


def look(people: Collection[str], *, at: datetime, since: datetime | None = None) -> int:
    """Make PQLs of the open leads of these people whose product events are enough; returns how many became one.

    A lead is one at most once, from the event that completed a signal, or from when it was opened, or from `since`,
    if that was later. Who is left out becomes none. It is announced once, whatever is merged or read again.
    """
    live = rule_sets.live(at=at)
    rules = live.rules
    if not rules.signals or not people:
        return 0
    with transaction.atomic():
        leads = rows.ask(Lead, _LEADS, [sorted(people)])
        there = {
            row[0] for row in rows.values(ProductLead, ["lead_id"], {"lead_id": [row[0] for row in leads]})
        }
        leads = [row for row in leads if row[0] not in there]
        events = _events({row[1] for row in leads})
        made, facts = [], []
        out = _left_out(rules, [row[0] for row in leads if row[1] in events])
        for lead, person, line, opened_at in leads:
            found = product.qualified(rules.signals, events.get(person, ()))
            if found is None or lead in out:
                continue
            signal, event = found
            begins = max(clock.from_ms(event.at), rows.when(opened_at), *([since] if since else []))
            made.append((lead, begins, signal.event[:200], event.id, live.number))
            same = blake2b(f"{event.id}:{line}".encode(), digest_size=16).hexdigest()
            fact = ProductQualified(signal=signal.event[:200], event=event.id, rule_set=live.id)
            facts.append(outbox.prepare(fact, at=begins, person=person, lead=lead, message_id=f"pql:{same}"))
        rows.put(ProductLead, ["lead_id", "at", "signal", "event", "rule_set_number"], made, key=["lead_id"])
        outbox.publish_all(facts)
    return len(made)


def _events(people: Collection[str]) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = defaultdict(list)
    if people:
        for person, key, at, visitor, body in rows.ask(
            TimelineItem, _EVENTS, [sorted(people), EventTracked.name]
        ):
            found[person].append(
                Evidence(key, EventTracked.name, rows.milliseconds(at), visitor, _body(body))
            )
    return found


def _left_out(rules: Rules, leads: Collection[str]) -> set[str]:
    if not rules.exclusions or not leads:
        return set()
    known = queries.known(leads)
    return {lead for lead, what in known.items() if scoring.left_out(rules, what.person | what.lead)}
