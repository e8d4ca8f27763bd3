"""Receiving a file, running it through in chunks, stopping, going on, and taking it back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import F

from handraiser.capture.imports import kinds, reading
from handraiser.capture.imports.kinds import Kind, Memory, Plan, Refusal, Setting
from handraiser.capture.imports.models import Import, ImportRow, State
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.core.journal import outbox
from handraiser.core.journal.events.capture import ImportFinished, ImportUndone
from handraiser.core.people.models import FieldDefinition
from handraiser.core.staff.models import Organisation
from handraiser.kit import failpoints
from handraiser.kit.errors import DomainError

UNDO_CHUNK = 250
STALLED_AFTER = timedelta(seconds=60)
LARGEST_FILE = 200 * 1024 * 1024


@dataclass
class Forecast:
    """What a dry run found: the same counts as the import itself would show."""

    created: int = 0
    joined: int = 0
    rejected: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.created + self.joined + self.rejected


def path_of(this: Import) -> Path:
    """Where the file lies: private, and named by us."""
    return Path(settings.PRIVATE_ROOT) / "imports" / f"{this.id}.csv"


def receive(*, file: BinaryIO, name: str, kind: str, at: datetime, by: str = "") -> Import:
    """Keep a file and look at it; its columns are guessed. Raises DomainError("unreadable_file")."""
    this = Import(
        kind=kinds.of(kind).key, file_name=Path(name).name[:200] or "file.csv", by=by, uploaded_at=at
    )
    place = path_of(this)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with place.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            if copy.tell() > LARGEST_FILE:
                raise DomainError(
                    "unreadable_file", "The file is larger than 200 MB. Split it.", field="file"
                )
        shape = reading.inspect(place)
    except DomainError:
        place.unlink(missing_ok=True)
        raise
    this.encoding, this.delimiter, this.columns = shape.encoding, shape.delimiter, shape.columns
    this.rows_total, this.fingerprint = shape.rows, shape.fingerprint
    this.mapping = Mapping(columns=rules.guess(shape.columns, kinds.of(kind).targets)).as_dict()
    this.save()
    return this


def preview(*, this: Import, rows: int = 20) -> list[reading.Row]:
    """The first rows, as they are."""
    return list(islice(_rows(this, skip=0), rows))


def unfinished(*, fingerprint: str, kind: str, mapping: Mapping) -> Import | None:
    """The import of the same file with the same columns that was cut off, if there is one."""
    return (
        Import.objects.filter(
            fingerprint=fingerprint,
            kind=kind,
            mapping=mapping.as_dict(),
            state__in=(State.RUNNING, State.PAUSED),
        )
        .order_by("-uploaded_at")
        .first()
    )


def choose_columns(*, this: Import, mapping: Mapping) -> None:
    """Say which column holds what. Raises DomainError("bad_mapping") or ("import_started")."""
    kind = kinds.of(this.kind)
    rules.check(mapping, columns=this.columns, targets=kind.targets, entities=set(kind.entities))
    for group in kind.needs:
        if not mapping.targets & set(group):
            labels = {target.key: target.label for target in kind.targets}
            raise rules.bad(f"Choose a column for {' or '.join(labels[key] for key in group)}.")
    changed = Import.objects.filter(id=this.id, state=State.PREVIEWED).update(mapping=mapping.as_dict())
    if not changed:
        raise DomainError("import_started", "The import has started; its columns are fixed.", kind="conflict")
    this.mapping = mapping.as_dict()


def forget(*, this: Import) -> None:
    """Throw away a file that was never started."""
    if Import.objects.filter(id=this.id, state=State.PREVIEWED).delete()[0]:
        path_of(this).unlink(missing_ok=True)


def dry_run(*, this: Import, at: datetime, rows: int | None = None) -> Forecast:
    """What the import would do, with all rows or the first `rows`. Writes nothing."""
    kind, setting, memory = kinds.of(this.kind), _setting(this, at), Memory()
    forecast = Forecast()
    for batch in _batches(this, skip=0):
        plans = _plan(batch, kind, setting, memory)
        for plan in plans:
            setattr(forecast, plan.outcome, getattr(forecast, plan.outcome) + 1)
            for counts, key in ((forecast.refusals, plan.refusal), (forecast.remarks, plan.remark)):
                if key:
                    counts[key] = counts.get(key, 0) + 1
        if rows is not None and forecast.rows >= rows:
            break
    return forecast


def start(*, this: Import, at: datetime) -> None:
    """Set a previewed or stopped import going; `run` or a worker does the rest."""
    startable = (State.PREVIEWED, State.PAUSED, State.FAILED)
    choose = Import.objects.filter(id=this.id, state__in=startable)
    if not choose.update(state=State.RUNNING, moved_at=at, trouble=""):
        raise DomainError("cannot_start", "This import is running or at its end.", kind="conflict")
    Import.objects.filter(id=this.id, started_at=None).update(started_at=at)
    _define_custom_fields(this, at)
    this.refresh_from_db()


def stop(*, this: Import) -> None:
    """Stop after the chunk under way. What was imported stays; going on repeats nothing."""
    if not Import.objects.filter(id=this.id, state=State.RUNNING).update(state=State.PAUSED):
        raise DomainError("not_running", "This import is not running.", kind="conflict")


def run(*, import_id: str, clock: Callable[[], datetime]) -> Import:
    """Take a running import to its end, or to where somebody stopped it. Safe to call twice, or at once."""
    this = Import.objects.get(id=import_id)
    if this.state != State.RUNNING:
        return this
    kind = kinds.of(this.kind)
    try:
        for batch in _batches(this, skip=this.rows_done):
            if not _take(this, batch, kind, clock()):
                this.refresh_from_db()
                return this
    except DomainError as error:
        Import.objects.filter(id=this.id).update(state=State.FAILED, trouble=error.message[:400])
        this.refresh_from_db()
        return this
    _finish(this, clock())
    return this


def stalled(*, at: datetime) -> list[str]:
    """The imports whose process, running or undoing, seems to have died."""
    rows = Import.objects.filter(state__in=(State.RUNNING, State.UNDOING), moved_at__lt=at - STALLED_AFTER)
    return list(rows.values_list("id", flat=True)[:20])


def touch(*, import_id: str, at: datetime) -> None:
    """Say that somebody takes care of this import now."""
    Import.objects.filter(id=import_id).update(moved_at=at)


def ask_for_undo(*, this: Import, at: datetime) -> None:
    """Mark an import to be undone; `undo` or a worker does it. Raises DomainError("cannot_undo")."""
    undoable = Import.objects.filter(id=this.id, state__in=(State.DONE, State.PAUSED, State.FAILED))
    if not undoable.update(state=State.UNDOING, moved_at=at, removed=0, kept=0):
        raise DomainError("cannot_undo", "Only an import that has stopped can be undone.", kind="conflict")
    this.refresh_from_db()


def undo(*, this: Import, at: datetime) -> tuple[int, int]:
    """Take back what the import made, unless somebody worked with it since. Returns (removed, kept) rows.

    Safe to call again after a kill: what was taken back is marked in the same transaction.
    """
    if this.state != State.UNDOING:
        ask_for_undo(this=this, at=at)
    kind = kinds.of(this.kind)
    kept = 0
    last = this.rows_done + 1
    while True:
        with transaction.atomic():
            rows = list(
                ImportRow.objects.filter(file=this, number__lt=last)
                .exclude(made={})
                .order_by("-number")[:UNDO_CHUNK]
                .values_list("number", "made")
            )
            if not rows:
                break
            stay = kind.undo(dict(rows), at)
            gone = [number for number, _ in rows if number not in stay]
            # Emptied in the same transaction, so that a repeat finds nothing to do.
            ImportRow.objects.filter(file=this, number__in=gone).update(made={})
            Import.objects.filter(id=this.id).update(removed=F("removed") + len(gone), moved_at=at)
        kept, last = kept + len(stay), rows[-1][0]
        failpoints.reach("import.undone_chunk")
    with transaction.atomic():
        last_step = Import.objects.filter(id=this.id, state=State.UNDOING)
        ended = last_step.update(state=State.UNDONE, undone_at=at, kept=kept)
        this.refresh_from_db()
        if ended:
            fact = ImportUndone(import_id=this.id, kind=this.kind, removed=this.removed, kept=kept)
            outbox.publish(fact, at=at)
    return this.removed, this.kept


def _setting(this: Import, at: datetime) -> Setting:
    organisation = Organisation.get()
    return Setting(
        import_id=this.id,
        columns=this.columns,
        mapping=Mapping.from_dict(this.mapping),
        at=at,
        country=organisation.country,
        currency=organisation.currency,
    )


def _rows(this: Import, *, skip: int) -> Iterator[reading.Row]:
    return reading.rows(
        path_of(this), encoding=this.encoding, delimiter=this.delimiter, columns=this.columns, skip=skip
    )


def _batches(this: Import, *, skip: int) -> Iterator[list[reading.Row]]:
    rows, size = _rows(this, skip=skip), kinds.of(this.kind).chunk
    while batch := list(islice(rows, size)):
        yield batch


def _plan(batch: list[reading.Row], kind: Kind, setting: Setting, memory: Memory) -> list[Plan]:
    plans = [Plan(row=row) for row in batch]
    for plan in plans:
        if plan.row.problem:
            plan.refuse(Refusal.UNREADABLE, plan.row.problem)
        else:
            plan.values = rules.apply(setting.mapping, setting.columns, plan.row.cells)
    kind.plan([plan for plan in plans if plan.outcome != "rejected"], setting, memory)
    return plans


def _take(this: Import, batch: list[reading.Row], kind: Kind, at: datetime) -> bool:
    """Import one chunk: rows, outcomes and cursor in one transaction. False: not ours to take any more."""
    setting = _setting(this, at)
    with transaction.atomic():
        mine = Import.objects.filter(id=this.id, state=State.RUNNING, rows_done=batch[0].number - 1)
        if not mine.update(rows_done=batch[-1].number, moved_at=at):
            return False
        plans = _plan(batch, kind, setting, Memory())
        kind.write(plans, setting)
        _record(this, plans)
        failpoints.reach("import.chunk")
    failpoints.reach("import.committed")
    return True


def _record(this: Import, plans: list[Plan]) -> None:
    outcomes = [plan.outcome for plan in plans]
    remarks = dict(Import.objects.values_list("remarks", flat=True).get(id=this.id))
    for plan in plans:
        if plan.remark:
            remarks[plan.remark] = remarks.get(plan.remark, 0) + 1
    ImportRow.objects.bulk_create(
        ImportRow(
            file=this,
            number=plan.row.number,
            line=plan.row.line,
            outcome=plan.outcome,
            refusal=plan.refusal,
            reason=plan.reason[:400],
            made=plan.made if plan.outcome != "rejected" else {},
            cells=plan.row.cells if plan.outcome == "rejected" else [],
        )
        for plan in plans
    )
    Import.objects.filter(id=this.id).update(
        created=F("created") + outcomes.count("created"),
        joined=F("joined") + outcomes.count("joined"),
        rejected=F("rejected") + outcomes.count("rejected"),
        remarks=remarks,
    )


def _finish(this: Import, at: datetime) -> None:
    with transaction.atomic():
        ended = Import.objects.filter(id=this.id, state=State.RUNNING).update(
            state=State.DONE, finished_at=at
        )
        this.refresh_from_db()
        if ended:
            outbox.publish(
                ImportFinished(
                    import_id=this.id,
                    kind=this.kind,
                    created=this.created,
                    joined=this.joined,
                    rejected=this.rejected,
                ),
                at=at,
            )


def _define_custom_fields(this: Import, at: datetime) -> None:
    """Custom fields that the mapping names exist from here on; their labels can be changed later."""
    for target in sorted(Mapping.from_dict(this.mapping).targets):
        entity, dot, key = target.partition(".")
        if dot:
            label = key.replace("_", " ").replace("-", " ").capitalize()
            FieldDefinition.objects.get_or_create(
                entity=entity, key=key, defaults={"label": label, "created_at": at}
            )
