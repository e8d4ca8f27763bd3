"""Things to be done by somebody."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.people import TaskAdded, TaskDone
from handraiser.core.people.models import Lead, Person, Task
from handraiser.core.staff.models import User
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

KINDS = ("call", "email", "meeting", "other")


@transaction.atomic
def add(
    *,
    title: str,
    kind: str,
    person: Person | None,
    lead: Lead | None,
    assignee: User | None,
    due_at: datetime | None,
    at: datetime,
    by: str = "",
) -> Task:
    """Add a task. Raises DomainError("empty_task") or ("unknown_kind")."""
    if not title.strip():
        raise DomainError("empty_task", "A task needs a title.", field="title")
    if kind not in KINDS:
        raise DomainError("unknown_kind", f"A task is one of {', '.join(KINDS)}.", field="kind")
    task = Task.objects.create(
        title=title.strip()[:200],
        kind=kind,
        person=person,
        lead=lead,
        assignee=assignee,
        due_at=due_at,
        created_at=at,
    )
    outbox.publish(
        TaskAdded(task=task.id, kind=kind, due_at=clock.ms(due_at) if due_at else None, by=by),
        at=at,
        person=person.id if person else None,
        lead=lead.id if lead else None,
    )
    return task


@transaction.atomic
def complete(*, task: Task, at: datetime, by: str) -> bool:
    """Mark a task done; False if it was done already."""
    if not Task.objects.filter(id=task.id, done_at=None).update(done_at=at):
        return False
    outbox.publish(TaskDone(task=task.id, by=by), at=at, person=task.person_id, lead=task.lead_id)
    return True


@transaction.atomic
def reopen(*, task: Task) -> None:
    """Take back "done"."""
    Task.objects.filter(id=task.id).update(done_at=None)
