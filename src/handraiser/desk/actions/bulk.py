"""Changing many leads at once: in chunks that let others write between, and so that it can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from handraiser.core.people.actions import leads, tasks
from handraiser.core.people.models import Lead, Stage
from handraiser.core.staff.models import User
from handraiser.desk.models import BulkChange
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

AT_ONCE = 100  # more than this goes on in the loop
KEPT = timedelta(days=30)
CHUNK = 20  # keeps the write lock under 100 ms


def start(
    *, kind: str, values: dict[str, Any], lead_ids: Sequence[str], by: User, at: datetime
) -> BulkChange:
    """Write down what is to be done; `carry_on` does it. Leads that `by` may not see are left out.

    Raises DomainError("nothing_selected"), ("unknown_change"), ("unknown_owner"), ("unknown_stage") or
    ("empty_task").
    """
    _check(kind, values)
    wanted = list(dict.fromkeys(lead_ids))
    seen: set[str] = set()
    for first in range(0, len(wanted), 500):
        part = wanted[first : first + 500]
        seen |= set(Lead.objects.visible_to(by).filter(id__in=part).values_list("id", flat=True))
    allowed = [lead_id for lead_id in wanted if lead_id in seen]
    if not allowed:
        raise DomainError("nothing_selected", "Select at least one lead.")
    BulkChange.objects.filter(made_at__lt=at - KEPT).delete()
    return BulkChange.objects.create(kind=kind, values=values, lead_ids=allowed, made_by=by, made_at=at)


def _check(kind: str, values: dict[str, Any]) -> None:
    if kind == "assign":
        owner = values.get("owner")
        if owner is not None and not User.objects.filter(id=owner, is_active=True).exists():
            raise DomainError("unknown_owner", "This person no longer works here.", field="owner")
    elif kind == "stage":
        if values.get("stage") not in Stage.values:
            raise DomainError("unknown_stage", "Choose a stage.", field="stage")
    elif kind == "task":
        if not str(values.get("title", "")).strip():
            raise DomainError("empty_task", "A task needs a title.", field="title")
    else:
        raise DomainError("unknown_change", "This cannot be done to many leads at once.")


def carry_on(*, change_id: str, at: datetime) -> bool:
    """Do the next chunk; False when nothing is left. Killed between two chunks, it goes on where it was."""
    with transaction.atomic():
        change = BulkChange.objects.select_for_update().select_related("made_by").get(id=change_id)
        part = change.lead_ids[change.handled : change.handled + CHUNK]
        if not part:
            return False
        rows = {lead.id: lead for lead in Lead.objects.filter(id__in=part).select_related("person")}
        declined = Counter(change.declined)
        for lead_id in part:
            lead = rows.get(lead_id)
            if lead is None:
                declined["Erased or merged meanwhile."] += 1
                continue
            before = _before(change, lead)
            try:
                with transaction.atomic():
                    changed = _do(change, lead, at=at)
            except DomainError as error:
                declined[error.message] += 1
                continue
            if changed:
                change.before[lead_id] = before
                change.changed += 1
            else:
                declined["It was so already."] += 1
        change.handled += len(part)
        change.declined = dict(declined)
        if change.handled == len(change.lead_ids):
            change.lead_ids = []
        change.save(update_fields=["lead_ids", "handled", "changed", "before", "declined"])
        return bool(change.lead_ids)


def go_on(now: datetime) -> int:
    """Do the next chunk of the oldest change that is not finished; returns how many leads were gone through.

    What a request began and did not finish, because it was too much or was cut off, ends here.
    """
    change = BulkChange.objects.exclude(lead_ids=[]).order_by("made_at", "id").first()
    if change is None:
        return 0
    carry_on(change_id=change.id, at=now)
    return min(CHUNK, len(change.lead_ids) - change.handled)


def _before(change: BulkChange, lead: Lead) -> Any:
    return {"assign": lead.owner_id, "stage": lead.stage, "task": None}[change.kind]


def _do(change: BulkChange, lead: Lead, *, at: datetime) -> bool:
    by = str(change.made_by_id)
    if change.kind == "assign":
        owner = User.objects.filter(id=change.values["owner"]).first() if change.values["owner"] else None
        return leads.assign(lead=lead, owner=owner, at=at, why="by hand", by=by)
    if change.kind == "stage":
        if lead.stage == change.values["stage"]:
            return False
        stages.move(
            lead=lead, to=change.values["stage"], at=at, reason=change.values.get("reason", ""), by=by
        )
        return True
    due = change.values.get("due_at")
    tasks.add(
        title=change.values["title"],
        kind=change.values.get("kind", "other"),
        person=lead.person,
        lead=lead,
        assignee=lead.owner or change.made_by,
        due_at=datetime.fromisoformat(due) if due else None,
        at=at,
        by=by,
    )
    return True


def undo(*, change: BulkChange, by: User, at: datetime) -> int:
    """Give leads back to whom they belonged, unless somebody assigned them again since; returns how many.

    Raises DomainError("cannot_undo") for another's change, another kind, or a second time.
    """
    if change.kind != "assign" or change.made_by_id != by.id:
        raise DomainError("cannot_undo", "Only your own assigning can be undone here.", kind="refused")
    if not BulkChange.objects.filter(id=change.id, undone_at=None).update(undone_at=at):
        raise DomainError("cannot_undo", "This was undone already.", kind="conflict")
    # Whatever was not gone through yet stays as it is.
    BulkChange.objects.filter(id=change.id).update(lead_ids=[])
    change.refresh_from_db()
    owners = User.objects.in_bulk({owner for owner in change.before.values() if owner})
    undone = 0
    items = list(change.before.items())
    for first in range(0, len(items), CHUNK):
        with transaction.atomic():
            part = dict(items[first : first + CHUNK])
            unchanged = Lead.objects.filter(id__in=part, owner_id=change.values["owner"])
            for lead in unchanged:
                undone += leads.assign(
                    lead=lead, owner=owners.get(part[lead.id]), at=at, why="undone", by=str(by.id)
                )
    return undone
