"""Somebody who said yes, and a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from handraiser.core.consent.actions import grants
from handraiser.core.journal import outbox
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.people.models import Lead, OfferLine, Person

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)


def known_person(first_name="Leila", last_name="Haddad", email="leila@harbour.example.com"):
    """A person with a lead, who said yes to news."""
    person = Person.objects.create(first_name=first_name, last_name=last_name, email=email, created_at=NOW)
    grants.grant(
        person=person,
        purpose_key="marketing",
        wording_text="Send me news.",
        at=NOW,
        proof={"page": "/playbook"},
    )
    lead = Lead.objects.create(
        person=person, offer_line=OfferLine.default(), how="form", opened_at=NOW, stage_at=NOW
    )
    return person, lead


@pytest.fixture
def leila(db):
    return known_person()[0]


@pytest.fixture
def tell():
    """Announce a fact about somebody."""

    def publish(fact, person, at=NOW):
        lead = Lead.objects.filter(person=person).first()
        with transaction.atomic():
            outbox.publish(fact, at=at, person=person.id, lead=lead.id if lead else None)

    return publish


@pytest.fixture
def download(tell):
    """Somebody asks for the playbook."""

    def run(person, at=NOW, intent="magnet", form="form_playbook"):
        fact = FormSubmitted(
            form=form, form_name="Playbook", form_version=1, submission="sub_1", intent=intent
        )
        tell(fact, person, at)

    return run
