"""People entering, moving through and leaving sequences."""

from __future__ import annotations

import logging
from collections.abc import Sequence as Series
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from handraiser.core.delivery import queries as delivery
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import outbox, wake
from handraiser.core.journal.events.nurture import Enrolled, EnrolmentEnded, StepDone
from handraiser.core.people.actions import tasks
from handraiser.core.people.models import Lead, Person
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError
from handraiser.nurture.actions import letters
from handraiser.nurture.models import Enrolment, SequenceVersion, StepRun
from handraiser.nurture.rules import flow

log = logging.getLogger(__name__)
BATCH = 200
ACTIVE, PAUSED = Enrolment.State.ACTIVE, Enrolment.State.PAUSED
FINISHED, EXITED = Enrolment.State.FINISHED, Enrolment.State.EXITED


def enrol(
    *,
    version: SequenceVersion,
    person: Person,
    at: datetime,
    lead: Lead | None = None,
    cause: Event | None = None,
) -> Enrolment | None:
    """Let a person into a sequence, pinned to this version; None if they are or were in it already."""
    if person.erased_at or Enrolment.objects.filter(sequence_id=version.sequence_id, person=person).exists():
        return None
    try:
        with transaction.atomic():
            enrolment = Enrolment.objects.create(
                sequence_id=version.sequence_id,
                version=version,
                person=person,
                lead=lead,
                step=flow.first(version.flow["steps"]),
                due_at=at,
                entered_at=at,
            )
            outbox.publish(
                Enrolled(sequence=version.sequence_id, number=version.number, enrolment=enrolment.id),
                at=at,
                person=person.id,
                lead=lead.id if lead else None,
                cause=cause,
            )
    except IntegrityError:  # somebody else let them in at the same moment
        return None
    return enrolment


def end(enrolment: Enrolment, *, reason: str, at: datetime, cause: Event | None = None) -> bool:
    """Take a person out for a named reason (`rules.words.REASONS`); False if they had left already."""
    state = FINISHED if reason in ("finished", "exit") else EXITED
    with transaction.atomic():
        inside = Enrolment.objects.filter(id=enrolment.id, state__in=(ACTIVE, PAUSED))
        if not inside.update(state=state, reason=reason, step="", due_at=None, ended_at=at):
            return False
        outbox.publish(
            EnrolmentEnded(sequence=enrolment.sequence_id, enrolment=enrolment.id, reason=reason),
            at=at,
            person=enrolment.person_id,
            lead=enrolment.lead_id,
            cause=cause,
        )
    return True


def stop(enrolment: Enrolment, *, at: datetime) -> None:
    """Keep a person where they are. Raises DomainError("not_inside")."""
    inside = Enrolment.objects.filter(id=enrolment.id, state=ACTIVE)
    if not inside.update(state=PAUSED, reason="by_hand"):
        raise DomainError("not_inside", "This person is not moving in the sequence.", kind="conflict")


def resume(enrolment: Enrolment, *, at: datetime) -> None:
    """Let a person go on, or try a failed step again. Raises DomainError("not_inside")."""
    with transaction.atomic():
        still = Enrolment.objects.filter(id=enrolment.id, state=PAUSED)
        if not still.update(state=ACTIVE, reason="", error=""):
            raise DomainError("not_inside", "This person does not stand still here.", kind="conflict")
        transaction.on_commit(wake.loop)


def run_due(now: datetime) -> int:
    """Carry out the next step of up to 200 people whose time has come; returns how many."""
    due = list(
        Enrolment.objects.filter(state=ACTIVE, due_at__lte=now, sequence__paused_at=None)
        .order_by("due_at", "id")
        .select_related("version", "person", "person__company", "lead", "lead__owner")[:BATCH]
    )
    known = _known([(enrolment, step) for enrolment in due if (step := _condition(enrolment))], now)
    for enrolment in due:
        try:
            _step(enrolment, known.get(enrolment.id, flow.Known()), now)
        except Exception as error:
            # One person's trouble must not hold up the others; they stand still until somebody looks.
            log.exception("a step failed", extra={"enrolment": enrolment.id, "step": enrolment.step})
            Enrolment.objects.filter(id=enrolment.id, state=ACTIVE, step=enrolment.step).update(
                state=PAUSED, reason="failed", error=f"{type(error).__name__}: {error}"[:500]
            )
    return len(due)


def _condition(enrolment: Enrolment) -> dict[str, Any] | None:
    step = flow.find(enrolment.version.flow["steps"], enrolment.step)
    return step if step is not None and step["kind"] == "condition" else None


def _known(asked: Series[tuple[Enrolment, dict[str, Any]]], now: datetime) -> dict[str, flow.Known]:
    """What the conditions ask about, for the whole batch in a fixed number of queries."""
    if not asked:
        return {}
    days = [int(step["test"]["days"]) for _, step in asked if step["test"]["type"] == "visited"]
    pages: dict[str, list[tuple[str, datetime]]] = {}
    if days:
        views = TimelineItem.objects.filter(
            person__in={enrolment.person_id for enrolment, _ in asked},
            name="attract.page_viewed",
            occurred_at__gte=now - timedelta(days=max(days)),
            occurred_at__lte=now,
        )
        for person, path, moment in views.values_list("person_id", "body__path", "occurred_at"):
            pages.setdefault(person, []).append((path or "", moment))
    before = {
        enrolment.id: letters.key(enrolment.id, email)
        for enrolment, step in asked
        if (email := flow.email_before(enrolment.version.flow["steps"], step["key"]))
    }
    reactions = delivery.reacted(list(before.values()))
    return {
        enrolment.id: flow.Known(
            stage=enrolment.lead.stage if enrolment.lead else "",
            pages=pages.get(enrolment.person_id, []),
            reactions=frozenset(reactions.get(before.get(enrolment.id, ""), ())),
        )
        for enrolment, _ in asked
    }


def _step(enrolment: Enrolment, known: flow.Known, now: datetime) -> None:
    if enrolment.person.erased_at:
        end(enrolment, reason="erased", at=now)
        return
    steps = enrolment.version.flow["steps"]
    step = flow.find(steps, enrolment.step)
    if step is None:
        end(enrolment, reason="finished", at=now)
        return
    outcome = ""
    if step["kind"] == "condition":
        outcome = "yes" if flow.holds(step["test"], known, at=now) else "no"
    due_at = now + flow.duration(step) if step["kind"] == "wait" else now
    with transaction.atomic():
        # The row moves on and the effect happens, or neither: whoever comes second finds it moved.
        here = Enrolment.objects.filter(id=enrolment.id, state=ACTIVE, step=step["key"])
        if not here.update(step=flow.after(steps, step["key"], outcome), due_at=due_at):
            return
        StepRun.objects.create(
            enrolment=enrolment, step=step["key"], kind=step["kind"], outcome=outcome, at=now
        )
        if step["kind"] == "email":
            letters.send(enrolment, step, at=now)
        elif step["kind"] == "task":
            _add_task(enrolment, step, now)
        outbox.publish(
            StepDone(
                sequence=enrolment.sequence_id,
                enrolment=enrolment.id,
                step=step["key"],
                kind=step["kind"],
                outcome=outcome,
            ),
            at=now,
            person=enrolment.person_id,
            lead=enrolment.lead_id,
        )
        if step["kind"] == "exit":
            end(enrolment, reason="exit", at=now)
        elif not flow.after(steps, step["key"], outcome) and step["kind"] != "wait":
            end(enrolment, reason="finished", at=now)


def _add_task(enrolment: Enrolment, step: dict[str, Any], now: datetime) -> None:
    tasks.add(
        title=step["title"],
        kind=step.get("task", "call"),
        person=enrolment.person,
        lead=enrolment.lead,
        assignee=enrolment.lead.owner if enrolment.lead else None,
        due_at=now + timedelta(hours=int(step.get("hours") or 24)),
        at=now,
        by=enrolment.sequence_id,
    )
