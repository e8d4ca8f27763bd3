"""Making sequences, editing their draft, publishing it."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.journal.events.nurture import SequencePublished
from handraiser.core.staff.models import User
from handraiser.kit.errors import DomainError
from handraiser.nurture.actions import letters
from handraiser.nurture.models import Sequence, SequenceVersion
from handraiser.nurture.rules import flow

EMPTY: dict[str, Any] = {"trigger": {}, "exits": ["customer", "demo", "unsubscribed"], "steps": []}
FRESH: dict[str, dict[str, Any]] = {
    "wait": {"amount": 1, "unit": "days"},
    "email": {"subject": "", "body": "Hi {{ first_name|there }},\n\n", "sender": "organisation"},
    "condition": {"test": {"type": "visited", "path": "/pricing", "days": 3}, "yes": [], "no": []},
    "task": {"title": "", "task": "call", "hours": 24},
    "exit": {},
}
DRAFT, LIVE, RETIRED = SequenceVersion.State.DRAFT, SequenceVersion.State.LIVE, SequenceVersion.State.RETIRED


@transaction.atomic
def create(*, name: str, at: datetime, plan: Mapping[str, Any] | None = None) -> Sequence:
    """Make a sequence with a first draft. Raises DomainError("no_name")."""
    if not name.strip():
        raise DomainError("no_name", "A sequence needs a name.", field="name")
    sequence = Sequence.objects.create(name=name.strip()[:120], created_at=at)
    content = copy.deepcopy(dict(plan or EMPTY))
    SequenceVersion.objects.create(sequence=sequence, number=1, flow=content, created_at=at)
    return sequence


def current(sequence: Sequence) -> SequenceVersion:
    """What the editor shows: the draft, else the live version, else the newest."""
    order: dict[str, int] = {DRAFT: 0, LIVE: 1, RETIRED: 2}
    return min(sequence.versions.all(), key=lambda version: (order[version.state], -version.number))


@transaction.atomic
def draft(sequence: Sequence, *, at: datetime, of: SequenceVersion | None = None) -> SequenceVersion:
    """The draft, made from the live version (or from `of`, which replaces an existing draft) if needed."""
    Sequence.objects.select_for_update().get(id=sequence.id)
    existing = sequence.versions.filter(state=DRAFT).first()
    if existing is not None:
        if of is not None:
            existing.flow = copy.deepcopy(of.flow)
            existing.save(update_fields=["flow"])
        return existing
    source = of or current(sequence)
    number = max(sequence.versions.values_list("number", flat=True)) + 1
    return SequenceVersion.objects.create(
        sequence=sequence, number=number, flow=copy.deepcopy(source.flow), created_at=at
    )


@transaction.atomic
def discard(sequence: Sequence) -> None:
    """Throw the draft away. Raises DomainError("only_version") when nothing else is there."""
    if not sequence.versions.exclude(state=DRAFT).exists():
        raise DomainError(
            "only_version", "This draft is all there is; it was never published.", kind="conflict"
        )
    sequence.versions.filter(state=DRAFT).delete()


def set_start(
    sequence: Sequence, *, trigger: Mapping[str, Any], exits: list[str], at: datetime
) -> SequenceVersion:
    """Say in the draft what sets the sequence off and what ends it."""
    version = draft(sequence, at=at)
    version.flow["trigger"] = dict(trigger)
    version.flow["exits"] = [name for name in flow.EXITS if name in exits or name == "unsubscribed"]
    version.save(update_fields=["flow"])
    return version


def add_step(
    sequence: Sequence, *, kind: str, at: datetime, after: str = "", inside: str = "", branch: str = ""
) -> str:
    """Add a fresh step to the draft: after a step, at the head of a condition's branch, or first of all.

    Returns its key. Raises DomainError("unknown_step") or ("unknown_kind").
    """
    if kind not in flow.KINDS:
        raise DomainError("unknown_kind", f"{kind} is not a kind of step.", field="kind")
    version = draft(sequence, at=at)
    steps = version.flow["steps"]
    step = {"key": f"s{secrets.token_hex(5)}", "kind": kind, **copy.deepcopy(FRESH[kind])}
    if inside:
        condition = flow.find(steps, inside)
        if condition is None or condition["kind"] != "condition" or branch not in ("yes", "no"):
            raise _gone()
        condition[branch].insert(0, step)
    elif after:
        found = flow.holder(steps, after)
        if found is None:
            raise _gone()
        found[0].insert(found[1] + 1, step)
    else:
        steps.insert(0, step)
    version.save(update_fields=["flow"])
    return str(step["key"])


def change_step(sequence: Sequence, *, key: str, values: Mapping[str, Any], at: datetime) -> None:
    """Write a step's fields in the draft; its kind and branches stay. Raises DomainError("unknown_step")."""
    version = draft(sequence, at=at)
    step = flow.find(version.flow["steps"], key)
    if step is None:
        raise _gone()
    fixed = ("key", "kind", "yes", "no")
    step.update({name: value for name, value in values.items() if name not in fixed})
    version.save(update_fields=["flow"])


def move_step(sequence: Sequence, *, key: str, by: int, at: datetime) -> None:
    """Move a step up (-1) or down (1) among its neighbours; at the edge nothing happens."""
    version = draft(sequence, at=at)
    found = flow.holder(version.flow["steps"], key)
    if found is None:
        raise _gone()
    steps, place = found
    to = min(max(place + by, 0), len(steps) - 1)
    steps.insert(to, steps.pop(place))
    version.save(update_fields=["flow"])


def remove_step(sequence: Sequence, *, key: str, at: datetime) -> None:
    """Take a step out of the draft; a condition goes with its branches."""
    version = draft(sequence, at=at)
    found = flow.holder(version.flow["steps"], key)
    if found is None:
        raise _gone()
    del found[0][found[1]]
    version.save(update_fields=["flow"])


def _gone() -> DomainError:
    return DomainError("unknown_step", "This step is no longer there. Load the page again.", kind="missing")


@transaction.atomic
def publish(sequence: Sequence, *, at: datetime, by: User | None = None) -> SequenceVersion:
    """Make the draft live: who enters from now on gets it, who is inside stays on their version.

    Raises DomainError("no_draft") or ("not_ready") with the first problem.
    """
    Sequence.objects.select_for_update().get(id=sequence.id)
    version = sequence.versions.filter(state=DRAFT).first()
    if version is None:
        raise DomainError("no_draft", "There is nothing new to publish.", kind="conflict")
    wrong = flow.problems(version.flow, letters.check)
    if wrong:
        raise DomainError("not_ready", wrong[0][1])
    sequence.versions.filter(state=LIVE).update(state=RETIRED)
    version.state, version.published_at, version.published_by = LIVE, at, by
    version.save(update_fields=["state", "published_at", "published_by"])
    outbox.publish(SequencePublished(sequence=sequence.id, number=version.number), at=at)
    return version


def pause(sequence: Sequence, *, at: datetime) -> None:
    """Nobody enters and nobody moves until it is resumed."""
    Sequence.objects.filter(id=sequence.id, paused_at=None).update(paused_at=at)


def resume(sequence: Sequence) -> None:
    """Go on; what fell due in between goes out now."""
    Sequence.objects.filter(id=sequence.id).update(paused_at=None)
