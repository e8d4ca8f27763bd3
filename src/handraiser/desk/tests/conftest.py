"""A lead in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from handraiser.core.identity.actions import identifiers
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead
from handraiser.kit import clock

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


@pytest.fixture
def make_lead(organisation):
    """`make_lead("Ines Brandt", company="Halden Foods", owner=dana, points=92)`; cache columns as given."""

    def make(name, *, company="Halden Foods", email=None, owner=None, ago=timedelta(hours=1), **columns):
        first, _, last = name.partition(" ")
        at = clock.now() - ago
        address = f"{first}.{last}@halden.example.com".lower() if email is None else email
        raised = columns.pop("raised_with", "Demo request")
        touch = {"channel": columns.pop("channel", ""), "source": columns.pop("source", "")}
        values = {"first_name": first, "last_name": last, "company_name": company}
        values |= columns.pop("person", {})
        with transaction.atomic():
            person = identifiers.resolve(at=at, how="form", email=address, values=values, proven=True).person
            lead, _ = leads.open(person=person, at=at, how="form", raised_with=raised, touch=touch)
        if "points" in columns:
            columns["points"] *= 1_000_000
        columns.setdefault("last_activity", "Asked for a demo")
        Lead.objects.filter(id=lead.id).update(owner=owner, **columns)
        lead.refresh_from_db()
        return lead

    return make
