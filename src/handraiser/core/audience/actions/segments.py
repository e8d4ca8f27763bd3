"""Making, changing and taking out segments."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from handraiser.core.audience import asking, tasks
from handraiser.core.audience.actions import memberships
from handraiser.core.audience.models import Segment, SegmentVersion
from handraiser.core.audience.rules import checking
from handraiser.core.audience.rules import conditions as c
from handraiser.core.journal import outbox
from handraiser.core.journal.events.audience import SegmentSaved
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError

# So many pieces are looked at while somebody waits; of more a worker takes the rest.
_AT_ONCE = 1


def create(*, name: str, at: datetime, draft: c.Definition | None = None) -> Segment:
    """A segment that nobody is in until it is saved. Raises DomainError: no_name, name_taken."""
    return Segment.objects.create(
        id=ids.new("segment", at_ms=clock.ms(at)),
        name=_name(name),
        draft=c.to_data(draft or c.Definition()),
        created_at=at,
    )


def _name(name: str, *, own: str = "") -> str:
    name = " ".join(name.split())
    if not name:
        raise DomainError("no_name", "A segment needs a name.", field="name")
    if len(name) > 120:
        raise DomainError("name_long", "A name has up to 120 letters.", field="name")
    if Segment.objects.filter(name__iexact=name, archived_at=None).exclude(id=own).exists():
        raise DomainError("name_taken", f"There is a segment {name} already.", kind="conflict", field="name")
    return name


def rename(*, segment: Segment, name: str) -> None:
    """Another name. Raises as `create`."""
    segment.name = _name(name, own=segment.id)
    segment.save(update_fields=["name"])


@transaction.atomic
def draft(*, segment: Segment, definition: c.Definition) -> None:
    """Keep what somebody is changing; it decides nothing until it is saved. The same as saved is no draft."""
    data = c.to_data(definition)
    segment.draft = None if data == segment.definition else data
    segment.save(update_fields=["draft"])


def discard(*, segment: Segment) -> None:
    """Forget what was being changed. One that was never saved goes with it."""
    if segment.definition is None:
        segment.delete()
        return
    segment.draft = None
    segment.save(update_fields=["draft"])


def problems(segment: Segment, definition: c.Definition) -> list[DomainError]:
    """What speaks against saving this, each with the path of the condition at fault; "without": an exception."""
    known = asking.catalogue()
    found = checking.check(definition.match, known)
    for one in definition.without:
        if one not in known.segments:
            found.append(DomainError("unknown_segment", "Choose a segment that is in use.", field="without"))
    names = {**known.segments, segment.id: segment.name}
    others = Segment.objects.filter(archived_at=None, id__in=known.segments).exclude(id=segment.id)
    uses = {other.id: c.named_segments(other.saved.condition) for other in others if other.saved is not None}
    try:
        checking.refuse_cycle(segment.id, sorted(c.named_segments(definition.condition)), uses, names)
    except DomainError as cycle:
        found.append(cycle)
    return found


def save(*, segment: Segment, definition: c.Definition, at: datetime, by: str = "") -> None:
    """Let these conditions decide from now on, and have everybody looked at.

    Of a few people that is done at once, of many by the worker. Raises the first of `problems`.
    """
    for problem in problems(segment, definition):
        raise problem
    with transaction.atomic():
        row = Segment.objects.select_for_update().get(id=segment.id)
        row.version += 1
        row.definition, row.draft, row.saved_at = c.to_data(definition), None, at
        row.save(update_fields=["version", "definition", "draft", "saved_at"])
        SegmentVersion.objects.create(
            segment=row,
            number=row.version,
            name=row.name,
            definition=row.definition,
            saved_at=at,
            saved_by=by,
        )
        memberships.begin_rebuild(row, at=at)
        outbox.publish(SegmentSaved(segment=row.id, number=row.version, by=by), at=at)
    segment.refresh_from_db()
    _begin(segment, at=at)


def _begin(segment: Segment, *, at: datetime) -> None:
    if not memberships.rebuild(segment.id, clock=lambda: at, pieces=_AT_ONCE):
        tasks.rebuild.enqueue(segment.id)
    segment.refresh_from_db()


def restore(*, segment: Segment, number: int, at: datetime, by: str = "") -> None:
    """Let an earlier version decide again, as a new one. Raises DomainError: no_version, and as `save`."""
    version = segment.versions.filter(number=number).first()
    if version is None:
        raise DomainError("no_version", "There is no such version.", kind="missing")
    save(segment=segment, definition=c.from_data(version.definition), at=at, by=by)


def users(segment_id: str) -> list[Segment]:
    """The segments in use that ask about this one."""
    others = Segment.objects.filter(archived_at=None).exclude(definition=None).exclude(id=segment_id)
    return [
        other
        for other in others.order_by("name")
        if other.saved is not None and segment_id in c.named_segments(other.saved.condition)
    ]


@transaction.atomic
def archive(*, segment: Segment, at: datetime) -> None:
    """Take it out of use: who is in stays written down, and is not kept up. Raises DomainError("in_use")."""
    if found := users(segment.id):
        told = ", ".join(other.name for other in found)
        raise DomainError(
            "in_use", f"{told} asks about this segment. Take it out there first.", kind="conflict"
        )
    segment.archived_at, segment.rebuild_upto = at, None
    segment.save(update_fields=["archived_at", "rebuild_upto"])


def unarchive(*, segment: Segment, at: datetime) -> None:
    """Take it into use again, and have everybody looked at. Raises DomainError("name_taken")."""
    _name(segment.name, own=segment.id)
    with transaction.atomic():
        segment.archived_at = None
        segment.save(update_fields=["archived_at"])
        if segment.definition is not None:
            memberships.begin_rebuild(segment, at=at)
    if segment.definition is not None:
        _begin(segment, at=at)
