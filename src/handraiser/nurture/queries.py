"""Reading sequences: who is where, what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from handraiser.core.delivery import queries as delivery
from handraiser.kit.statistics import Rate, rate
from handraiser.nurture.actions import letters
from handraiser.nurture.models import Enrolment, Sequence, SequenceVersion, StepRun
from handraiser.nurture.rules import flow

GOALS = ("customer", "mql", "demo")


@dataclass(frozen=True)
class Standing:
    """How many people a sequence has and had. `goal`: left because they reached what it is for."""

    inside: int = 0
    paused: int = 0
    failed: int = 0
    entered: int = 0
    finished: int = 0
    goal: int = 0
    unsubscribed: int = 0


def standings(sequence_ids: Iterable[str]) -> dict[str, Standing]:
    """For each sequence how many people are where; one query."""
    rows = (
        Enrolment.objects.filter(sequence__in=list(sequence_ids))
        .order_by()
        .values("sequence_id")
        .annotate(
            inside=Count("id", filter=Q(state="active")),
            paused=Count("id", filter=Q(state="paused")),
            failed=Count("id", filter=Q(state="paused", reason="failed")),
            entered=Count("id"),
            finished=Count("id", filter=Q(state="finished")),
            goal=Count("id", filter=Q(reason__in=GOALS)),
            unsubscribed=Count("id", filter=Q(reason="unsubscribed")),
        )
    )
    counts = {field.name for field in dataclasses.fields(Standing)}
    return {
        str(row["sequence_id"]): Standing(**{name: int(row[name]) for name in counts})  # type: ignore[literal-required]
        for row in rows
    }


def listing() -> list[dict[str, Any]]:
    """Every sequence with its live version, people and results, for the list."""
    sequences = list(Sequence.objects.filter(archived_at=None).order_by("name"))
    versions: dict[str, dict[str, SequenceVersion]] = {}
    for version in SequenceVersion.objects.filter(sequence__in=sequences).exclude(state="retired"):
        versions.setdefault(version.sequence_id, {})[version.state] = version
    people = standings(sequence.id for sequence in sequences)
    rows = []
    for sequence in sequences:
        own = versions.get(sequence.id, {})
        shown = own.get("live") or own.get("draft")
        steps = list(flow.walk(shown.flow["steps"])) if shown else []
        emails = [letters.template(sequence.id, step["key"]) for step in steps if step["kind"] == "email"]
        results = delivery.results(emails).values()
        standing = people.get(sequence.id, Standing())
        rows.append(
            {
                "sequence": sequence,
                "live": own.get("live"),
                "draft": own.get("draft"),
                "trigger": shown.flow["trigger"] if shown else {},
                "emails": len(emails),
                "sent": sum(result.sent for result in results),
                "clicked": sum(result.clicked for result in results),
                "standing": standing,
                "goal": rate(standing.goal, standing.entered),
            }
        )
    return rows


@dataclass(frozen=True)
class StepResult:
    """What a step did so far, over all versions that hold it. `waiting`: people who stand before it."""

    passed: int = 0
    yes: int = 0
    no: int = 0
    waiting: int = 0
    failed: int = 0
    mail: delivery.Result | None = None
    clicked: Rate | None = None


def step_results(sequence: Sequence, steps: Iterable[flow.Step]) -> dict[str, StepResult]:
    """For each step of a flow what came of it; four queries."""
    steps = list(flow.walk(list(steps)))
    runs = {
        row["step"]: row
        for row in StepRun.objects.filter(enrolment__sequence=sequence)
        .order_by()
        .values("step")
        .annotate(
            passed=Count("id"),
            yes=Count("id", filter=Q(outcome="yes")),
            no=Count("id", filter=Q(outcome="no")),
        )
    }
    standing = {
        row["step"]: row
        for row in Enrolment.objects.filter(sequence=sequence, state__in=("active", "paused"))
        .order_by()
        .values("step")
        .annotate(waiting=Count("id"), failed=Count("id", filter=Q(reason="failed")))
    }
    templates = {step["key"]: letters.template(sequence.id, step["key"]) for step in steps}
    mails = delivery.results(templates[step["key"]] for step in steps if step["kind"] == "email")
    found = {}
    for step in steps:
        run: Mapping[str, Any] = runs.get(step["key"], {})
        stand: Mapping[str, Any] = standing.get(step["key"], {})
        mail = mails.get(templates[step["key"]])
        found[step["key"]] = StepResult(
            passed=run.get("passed", 0),
            yes=run.get("yes", 0),
            no=run.get("no", 0),
            waiting=stand.get("waiting", 0),
            failed=stand.get("failed", 0),
            mail=mail,
            clicked=rate(mail.clicked, mail.sent) if mail else None,
        )
    return found


def people(sequence: Sequence, *, state: str = "") -> QuerySet[Enrolment]:
    """Who is or was in a sequence, the latest to enter first."""
    rows = sequence.enrolments.select_related("person", "person__company", "version")
    if state:
        rows = rows.filter(state=state)
    return rows.annotate(last_step_at=Max("runs__at")).order_by("-entered_at", "-id")


def inside_by_version(sequence: Sequence) -> dict[int, int]:
    """How many people stand in each version, by its number."""
    inside = sequence.enrolments.filter(state__in=("active", "paused")).order_by()
    return dict(inside.values_list("version__number").annotate(n=Count("id")))


def of_person(person_id: str) -> list[Enrolment]:
    """The sequences that a person is inside of now."""
    return list(
        Enrolment.objects.filter(person_id=person_id, state__in=("active", "paused")).select_related(
            "sequence", "version"
        )
    )
