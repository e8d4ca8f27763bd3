"""What the live model says of open leads: worked out in chunks, when something of a lead changed and each day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from handraiser.core.people.models import Lead
from handraiser.qualify import snapshots
from handraiser.qualify.actions import models as versions
from handraiser.qualify.models import FirstPrediction, ModelVersion, Prediction

CHUNK = 500  # leads of a transaction
FRESH = timedelta(days=1)  # days since something grow by themselves
_REASONS = 8


def waiting(version: ModelVersion, at: datetime) -> QuerySet[Lead]:
    """The open leads of which the live model must be asked (again)."""
    return Lead.objects.filter(closed_at=None).filter(
        Q(prediction=None)
        | ~Q(prediction__model=version)
        | Q(prediction__at__lt=at - FRESH)
        | Q(last_activity_at__gt=F("prediction__at"), last_activity_at__lte=at)
    )


def step(*, clock: Callable[[], datetime]) -> int:
    """Ask the live model about the next leads; returns how many. Raises DomainError `no_ml` or `not_a_model`."""
    at = clock()
    Prediction.objects.filter(lead__closed_at__isnull=False).delete()
    version = versions.live()
    if version is None:
        return 0
    leads = list(waiting(version, at).values_list("id", flat=True)[:CHUNK])
    if not leads:
        return 0
    versions.libraries.require()
    from handraiser.qualify import own_leads

    predictor = versions.model_of(version).predictor
    moments = snapshots.of_leads(leads, at)
    told = [row for some in snapshots.features(moments) for row in some]
    columns = own_leads.columns(predictor.model.features, told)
    probabilities = [float(one) for one in predictor.probability(columns)]
    ranges = own_leads.spread(version.report, probabilities)
    reasons = predictor.reasons(columns, _REASONS)
    rows = [
        Prediction(
            lead_id=moment.lead,
            model=version,
            at=at,
            probability=probability,
            low=low,
            high=high,
            reasons=[[one.column, one.value, one.adds] for one in why],
        )
        for moment, probability, (low, high), why in zip(moments, probabilities, ranges, reasons, strict=True)
    ]
    with transaction.atomic():
        Prediction.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["lead"],
            update_fields=["model", "at", "probability", "low", "high", "reasons"],
        )
        FirstPrediction.objects.bulk_create(
            [
                FirstPrediction(lead_id=r.lead_id, model=version, at=at, probability=r.probability)
                for r in rows
            ],
            ignore_conflicts=True,
        )
    return len(rows)
