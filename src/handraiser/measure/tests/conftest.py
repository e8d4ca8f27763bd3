"""Leads with a history, opened around a fixed moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.core.people.models import Lead, OfferLine, Person
from handraiser.measure.queries import STEPS
from handraiser.measure.rules.periods import Period
from handraiser.qualify.models import StageChange

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1), "Europe/London")


@pytest.fixture
def lead(organisation):
    """`lead("customer", channel="email")`: a lead that went step by step, a day each."""

    def make(reached="lead", *, at=NOW - timedelta(days=10), amount=0, path=None, **fields):
        person = Person.objects.create(created_at=at, first_name="Kim")
        line = OfferLine.default()
        row = Lead.objects.create(
            person=person, offer_line=line, how="form", opened_at=at, stage_at=at, stage=reached, **fields
        )
        steps = path if path is not None else STEPS[1 : STEPS.index(reached) + 1]
        for number, step in enumerate(steps, 1):
            StageChange.objects.create(
                lead=row, number=number, previous="lead", stage=step, at=at + timedelta(days=number)
            )
        if reached == "customer":
            pipeline = Pipeline.default()
            Deal.objects.create(
                lead=row,
                person=person,
                pipeline=pipeline,
                stage=pipeline.stages.get(kind=DealStage.Kind.WON),
                title="Team plan",
                amount=amount,
                currency="GBP",
                opened_at=at,
                stage_at=at,
                won_at=at + timedelta(days=9),
                changed_at=at,
            )
        return row

    return make
