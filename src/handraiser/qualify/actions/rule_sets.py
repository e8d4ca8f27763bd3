"""Drafting, publishing and rolling back rule sets. A published version never changes."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import RuleSetPublished
from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import User
from handraiser.kit.errors import DomainError
from handraiser.qualify.models import RuleSet
from handraiser.qualify.rules import files, validation
from handraiser.qualify.rules import rule_set as rules_of
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import Rules


def live(*, at: datetime) -> RuleSet:
    """The rule set that gives points; on a fresh instance the classic one is made."""
    found = RuleSet.objects.filter(state=RuleSet.State.LIVE).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return RuleSet.objects.create(
                number=1,
                state=RuleSet.State.LIVE,
                content=rules_of.to_data(CLASSIC),
                note="The classic set",
                created_at=at,
                changed_at=at,
                published_at=at,
            )
    except IntegrityError:
        return RuleSet.objects.get(state=RuleSet.State.LIVE)


@transaction.atomic
def draft_from_live(*, at: datetime) -> RuleSet:
    """The draft, made from the live set if there is none yet."""
    found = RuleSet.objects.filter(state=RuleSet.State.DRAFT).first()
    if found is not None:
        return found
    current = live(at=at)
    return RuleSet.objects.create(
        number=_next_number(), content=current.content, created_at=at, changed_at=at
    )


def change(draft: RuleSet, rules: Rules, *, at: datetime) -> RuleSet:
    """Store the draft's rules; unfinished ones may be kept, they only stop publishing.

    Raises DomainError("not_a_draft") when it was published or discarded meanwhile.
    """
    stored = RuleSet.objects.filter(id=draft.id, state=RuleSet.State.DRAFT).update(
        content=rules_of.to_data(rules), changed_at=at
    )
    if not stored:
        raise _not_a_draft()
    draft.content, draft.changed_at = rules_of.to_data(rules), at
    return draft


@transaction.atomic
def bring_in(text: str, *, at: datetime, replace: bool = False) -> RuleSet:
    """Make the draft of a file. Faults of its rules stop publishing only, as with any draft.

    Raises DomainError: rules_file (it cannot be read; the sentence names the line), or draft_exists when there is
    a draft that differs from the file and is not to be replaced.
    """
    rules = files.from_text(text)
    draft = RuleSet.objects.filter(state=RuleSet.State.DRAFT).first()
    if draft is not None and not replace and draft.rules not in (rules, live(at=at).rules):
        raise DomainError(
            "draft_exists",
            f"Draft {draft.number} holds changes. Publish or discard it first, or say that it may be replaced.",
            kind="conflict",
            field="replace",
        )
    return change(draft or draft_from_live(at=at), rules, at=at)


@transaction.atomic
def publish(draft: RuleSet, *, at: datetime, by: User | None = None, note: str = "") -> RuleSet:
    """Let the draft give the points from now on. Open leads are scored again by the sweep, in chunks.

    Raises DomainError with the first problem of its rules, or "not_a_draft".
    """
    draft = _locked(draft)
    problems = validation.check(draft.rules)
    if problems:
        raise problems[0]
    RuleSet.objects.filter(state=RuleSet.State.LIVE).update(state=RuleSet.State.RETIRED, retired_at=at)
    draft.state = RuleSet.State.LIVE
    draft.published_at = at
    draft.published_by = by
    draft.note = note.strip()[:200] or draft.note
    draft.save()
    outbox.publish(
        RuleSetPublished(rule_set=draft.id, number=draft.number),
        at=at,
        message_id=f"rules:{draft.id}:published",
    )
    _audit(by, "qualify.rule_set_published", draft, at=at)
    return draft


@transaction.atomic
def discard(draft: RuleSet, *, at: datetime, by: User | None = None) -> None:
    """Throw the draft away. Raises DomainError("not_a_draft")."""
    draft = _locked(draft)
    _audit(by, "qualify.draft_discarded", draft, at=at)
    draft.delete()


@transaction.atomic
def roll_back(to: RuleSet, *, at: datetime, by: User | None = None) -> RuleSet:
    """Make an earlier version live again, as a new version with the same rules. A draft is kept.

    Raises DomainError("not_retired") for a set that was never live or is live now.
    """
    if to.state != RuleSet.State.RETIRED:
        raise DomainError("not_retired", f"{to} is not an earlier version.", kind="conflict")
    number = _next_number()
    draft = RuleSet.objects.filter(state=RuleSet.State.DRAFT).first()
    if draft is not None:
        # Numbers grow with each publication, so the draft makes room.
        draft_number, draft.number = draft.number, number
        draft.save(update_fields=["number"])
        number = draft_number
    RuleSet.objects.filter(state=RuleSet.State.LIVE).update(state=RuleSet.State.RETIRED, retired_at=at)
    again = RuleSet.objects.create(
        number=number,
        state=RuleSet.State.LIVE,
        content=to.content,
        note=f"Back to rule set {to.number}",
        created_at=at,
        changed_at=at,
        published_at=at,
        published_by=by,
    )
    outbox.publish(
        RuleSetPublished(rule_set=again.id, number=again.number),
        at=at,
        message_id=f"rules:{again.id}:published",
    )
    _audit(by, "qualify.rule_set_rolled_back", again, at=at, to=to.number)
    return again


def _locked(draft: RuleSet) -> RuleSet:
    found = RuleSet.objects.select_for_update().filter(id=draft.id, state=RuleSet.State.DRAFT).first()
    if found is None:
        raise _not_a_draft()
    return found


def _not_a_draft() -> DomainError:
    return DomainError(
        "not_a_draft", "This draft was published or discarded meanwhile. Start a new one.", kind="conflict"
    )


def _next_number() -> int:
    return (RuleSet.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _audit(by: User | None, action: str, row: RuleSet, *, at: datetime, **detail: object) -> None:
    audit.record(actor=by or "", action=action, object=row.id, at=at, detail={"number": row.number, **detail})
