"""Leads as sales meets them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handraiser.core.consent.actions import grants
from handraiser.core.people.actions import leads, people
from handraiser.core.people.models import Lead
from handraiser.qualify.actions import stages


@pytest.fixture
def noon() -> datetime:
    """Just now, to the second: the journal takes events as news within a day."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def lead(organisation, noon):
    """Makes leads: `lead("Ines Brandt", company="Halden Foods")`."""

    def make(name: str = "Ines Brandt", company: str = "Halden Foods", at: datetime | None = None) -> Lead:
        first, _, last = name.partition(" ")
        person = people.create(
            at=at or noon,
            how="hand",
            first_name=first,
            last_name=last,
            email=f"{first.lower()}@{company.split()[0].lower()}.example.com",
            phone="+442079460142",
            job_title="VP of Marketing",
            company_name=company,
        )
        grants.grant(
            person=person,
            purpose_key="sales",
            wording_text="You may call me about this.",
            at=at or noon,
            proof={"how": "test"},
        )
        return leads.open(person=person, at=at or noon, how="hand", raised_with="Book a demo")[0]

    return make


@pytest.fixture
def qualified(lead, settle, noon):
    """Makes a lead that has just become MQL and went through the loop."""

    def make(name: str = "Ines Brandt", company: str = "Halden Foods", owner=None) -> Lead:
        made = lead(name, company)
        if owner is not None:
            leads.assign(lead=made, owner=owner, at=noon)
        stages.move(made, "mql", at=noon, reason="80 of 75 points")
        settle()
        return Lead.objects.get(id=made.id)

    return make
