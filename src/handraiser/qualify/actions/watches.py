"""Whether the leads that come, and what becomes of them, are still like those that the live model learned from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from django.urls import reverse

from handraiser.core.notices.actions import notices
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role
from handraiser.kit import clock
from handraiser.qualify import snapshots
from handraiser.qualify.actions import models as versions
from handraiser.qualify.models import FirstPrediction, ModelVersion
from handraiser.qualify.rules import features

LEAST = 50  # new leads before anything can be said of them
RIPE = 30  # predictions whose window is over, before they are compared with what happened
CERTAIN = 3.0  # standard errors
MOST = 20_000


def look(*, at: datetime) -> bool:
    """Look for drift, keep what was found with the live model, and tell the owners when it began.

    Returns whether there is an alarm. Long work, for the process of tasks.
    """
    version = versions.live()
    if version is None or version.learned_until is None:
        return False
    found = _found(version, at)
    began = bool(found["alarm"]) and not version.watch.get("alarm")
    ModelVersion.objects.filter(id=version.id).update(watch=found, watched_at=at)
    if began:
        notices.tell(
            users=User.objects.filter(role=Role.OWNER, is_active=True),
            kind="alert",
            title=f"{version} no longer fits the leads that come",
            body=found["sentence"],
            url=reverse("qualify:prediction"),
            at=at,
            key=f"drift:{version.id}:{at.date()}",
        )
    return bool(found["alarm"])


def _found(version: ModelVersion, at: datetime) -> dict[str, Any]:
    from handraiser.qualify import own_leads

    assert version.learned_until is not None
    model = versions.model_of(version).predictor
    everything = own_leads.gather(
        target=version.target, window_days=version.window_days, left_out=version.left_out, at=at
    )
    learned, since = everything.at_opening(upto=version.learned_until)
    fresh = own_leads.opened_since(version.learned_until, at, most=MOST)
    told: dict[str, Any] = {"fresh": len(fresh), "alarm": False, "columns": {}, **_kept(version, at)}
    moved = [told["promises"]] if told["broken"] else []
    if len(fresh) >= LEAST and len(learned.rows) >= LEAST:
        found = own_leads.moved(learned, since, fresh, model)
        seen = found.drift
        told["columns"] = dict(sorted(seen.columns.items(), key=lambda one: -one[1])[:12])
        moved += [
            f"{features.label(name)} (stability index {psi:.2f})" for name, psi in found.columns.items()
        ]
        if found.score is not None:
            moved.append(f"the score (stability index {found.score:.2f})")
        if seen.base_rate_moved:
            moved.append(f"the share of yes ({seen.base_rate[0]:.1%} then, {seen.base_rate[1]:.1%} now)")
        if seen.ranking_fell:
            moved.append(f"the ranking (AUC {seen.auc[0]:.2f} then, {seen.auc[1]:.2f} now)")
    told["alarm"] = bool(moved)
    told["sentence"] = f"Moved: {', '.join(moved)}." if moved else _calm(len(fresh))
    return told


def _calm(fresh: int) -> str:
    if fresh < LEAST:
        return f"{fresh} leads came since it learned. From {LEAST} on they are compared with those of before."
    return f"Nothing moved among the {fresh:,} leads that came since it learned."


def _kept(version: ModelVersion, at: datetime) -> dict[str, Any]:
    """The first predictions whose window is over: how many said yes, and how many were promised."""
    ripe = FirstPrediction.objects.filter(model=version, at__lte=at - timedelta(days=version.window_days))
    rows = _told(version, list(ripe.order_by("-at").values_list("lead", "at", "probability")[:MOST]), at)
    told: dict[str, Any] = {"ripe": len(rows), "broken": False, "promises": ""}
    if len(rows) < RIPE:
        return told
    yes = sum(hit for _, hit in rows)
    promised = sum(probability for probability, _ in rows)
    noise = sqrt(sum(probability * (1 - probability) for probability, _ in rows))
    return told | {
        "yes": yes,
        "promised": round(promised, 1),
        "broken": abs(yes - promised) > CERTAIN * max(noise, 1e-9),
        "promises": f"its promises (of {len(rows):,} leads {promised:.0f} were to say yes, {yes:,} did)",
    }


def _told(
    version: ModelVersion, rows: Sequence[tuple[str, datetime, float]], at: datetime
) -> list[tuple[float, bool]]:
    """(probability, whether it said yes) of these first predictions.

    Whom sales turned away for a reason that says nothing, nobody learned from: no promise is held against them.
    """
    leads = [lead for lead, _, _ in rows]
    reached, answers = snapshots.reached(leads, version.target), snapshots.said(leads, upto=at)
    found = []
    for lead, moment, probability in rows:
        begins = clock.ms(moment)
        ends = begins + version.window_days * snapshots.DAY_MS
        yes = (hit := reached.get(lead)) is not None and begins < hit <= ends
        last = snapshots.last_said(answers.get(lead, ()), ends)
        if yes or last is None or last.worth is not None:
            found.append((probability, yes))
    return found
