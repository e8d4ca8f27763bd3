"""Who is who for programs: merging people, and undoing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Header, Router, Schema
from pydantic import Field

from handraiser.core.identity import aliases
from handraiser.core.identity.actions import merges as actions
from handraiser.core.identity.models import Merge
from handraiser.core.journal import idempotency
from handraiser.core.people.models import Person
from handraiser.core.staff.api_auth import PROBLEMS, Id, KeyAuth, Text
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

router = Router(tags=["people"])

IdempotencyKey = Header("", alias="Idempotency-Key", max_length=100)


class MergeIn(Schema):
    """Who goes into the person of the address, and which values win where both say something."""

    gone: Id = Field(description="Id of the person who goes; it stays an alias for ever.")
    choices: dict[Text, Text] = Field(
        default_factory=dict,
        description='By field: "kept" or "gone". Else the kept value, if there is one.',
        max_length=100,
    )


class MergeOut(Schema):
    """A merge. `undone_at` is null while it holds."""

    id: str
    kept: str
    gone: str
    at: datetime
    undone_at: datetime | None

    @staticmethod
    def of(merge: Merge) -> dict[str, Any]:
        """The answer for one merge."""
        return {
            "id": merge.id,
            "kept": merge.kept_id,
            "gone": merge.gone_id,
            "at": merge.at.isoformat(),
            "undone_at": merge.undone_at.isoformat() if merge.undone_at else None,
        }


class Merges(Schema):
    """The merges that made a person, the newest first."""

    merges: list[MergeOut]


def _scope(request: HttpRequest) -> str:
    return f"{request.auth.id} {request.method} {request.path}"  # type: ignore[attr-defined]


def _by(request: HttpRequest) -> str:
    return str(request.auth.id)  # type: ignore[attr-defined]


@router.get("/people/{person_id}/merges", response={200: Merges, **PROBLEMS}, auth=KeyAuth("leads:read"))
def list_merges(request: HttpRequest, person_id: Id):
    """The merges that made a person."""
    current = aliases.current(person_id)
    if not Person.objects.filter(id=current).exists():
        raise DomainError("no_person", "There is no person with this id.", kind="missing")
    found = Merge.objects.filter(kept=current).order_by("-at", "-id")[:200]
    return {"merges": [MergeOut.of(merge) for merge in found]}


@router.post("/people/{person_id}/merge", response={200: MergeOut, **PROBLEMS}, auth=KeyAuth("leads:write"))
def merge_people(request: HttpRequest, person_id: Id, payload: MergeIn, key: str = IdempotencyKey):
    """Make one person of two. Everything goes over; of permissions the strictest holds; it can be undone."""
    _, answer = idempotency.once(
        scope=_scope(request),
        key=key,
        request=payload.model_dump(),
        at=clock.now(),
        work=lambda: (
            200,
            MergeOut.of(
                actions.merge(
                    keep=person_id,
                    gone=payload.gone,
                    at=clock.now(),
                    by=_by(request),
                    choices=payload.choices,
                )
            ),
        ),
    )
    return answer


@router.post("/merges/{merge_id}/undo", response={200: MergeOut, **PROBLEMS}, auth=KeyAuth("leads:write"))
def undo_merge(request: HttpRequest, merge_id: Id, key: str = IdempotencyKey):
    """Make two people of one again. Merges of one person are undone in reverse."""
    _, answer = idempotency.once(
        scope=_scope(request),
        key=key,
        request={},
        at=clock.now(),
        work=lambda: (
            200,
            MergeOut.of(actions.unmerge(merge=merge_id, at=clock.now(), by=_by(request))),
        ),
    )
    return answer
