"""Changing the steps that deals go through."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.kit.errors import DomainError


def rename(*, stage: DealStage, name: str, expected_days: int | None) -> None:
    """Name a stage, and say after how many days a deal there is stuck. Raises DomainError("empty_name")."""
    if not name.strip():
        raise DomainError("empty_name", "A stage needs a name. Example: Proposal", field="name")
    DealStage.objects.filter(id=stage.id).update(name=name.strip()[:80], expected_days=expected_days)


@transaction.atomic
def add_stage(*, pipeline: Pipeline, name: str) -> DealStage:
    """Add an open stage before Won and Lost. Raises DomainError("empty_name")."""
    if not name.strip():
        raise DomainError("empty_name", "A stage needs a name. Example: Proposal", field="name")
    last = pipeline.stages.filter(kind="open").aggregate(last=Max("position"))["last"] or 0
    stage = DealStage.objects.create(pipeline=pipeline, name=name.strip()[:80], position=last + 1)
    _number(pipeline)
    return stage


@transaction.atomic
def reorder(*, pipeline: Pipeline, stage_ids: Sequence[str]) -> None:
    """Set the order of the open stages. Raises DomainError("other_stages") unless it names each once."""
    stages = {stage.id: stage for stage in pipeline.stages.filter(kind="open")}
    if sorted(stage_ids) != sorted(stages):
        raise DomainError(
            "other_stages", "The pipeline has other stages by now. Look again.", kind="conflict"
        )
    for position, stage_id in enumerate(stage_ids, 1):
        stages[stage_id].position = position
    DealStage.objects.bulk_update(stages.values(), ["position"])
    _number(pipeline)


@transaction.atomic
def remove_stage(*, stage: DealStage) -> None:
    """Take an empty open stage away.

    Raises DomainError("last_stage"), ("stage_in_use") while deals stand in it or have it in their history.
    """
    if stage.kind != DealStage.Kind.OPEN:
        raise DomainError("last_stage", "Won and Lost stay: every deal ends in one of them.")
    if stage.pipeline.stages.filter(kind="open").count() == 1:
        raise DomainError("last_stage", "A pipeline needs one open stage.")
    if Deal.objects.filter(stage=stage).exists() or Deal.objects.filter(furthest=stage).exists():
        raise DomainError(
            "stage_in_use", f"Deals are or were in {stage.name}. Rename it instead.", kind="conflict"
        )
    stage.delete()
    _number(stage.pipeline)


def set_goal(*, pipeline: Pipeline, month_goal: int | None) -> None:
    """Set the amount to win a month, in minor units; None: no goal."""
    if month_goal is not None and month_goal <= 0:
        raise DomainError("goal", "A goal is more than nothing. Leave it empty for none.", field="goal")
    Pipeline.objects.filter(id=pipeline.id).update(month_goal=month_goal)


def _number(pipeline: Pipeline) -> None:
    """Positions 1, 2, 3 …: the open stages in their order, then won, then lost."""
    order = {"open": 0, "won": 1, "lost": 2}
    stages = sorted(pipeline.stages.all(), key=lambda stage: (order[stage.kind], stage.position, stage.id))
    for position, stage in enumerate(stages, 1):
        stage.position = position
    DealStage.objects.bulk_update(stages, ["position"])
