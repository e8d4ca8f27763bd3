"""Ines Brandt, who raised a hand, and short words for what she does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from handraiser.core.identity.actions import identifiers, visitors
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.journal.events.capture import FormSubmitted, MagnetDownloaded
from handraiser.core.journal.events.delivery import EmailOpened
from handraiser.core.people.actions import leads

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


class Story:
    """What a person does, told in facts: `story.visits_pricing(NOON)`."""

    def __init__(self, person, lead, settle):
        self.person, self.lead, self._settle = person, lead, settle
        self.visitor = f"visitor-of-{person.id}"

    def _tell(self, fact, at, **about):
        with transaction.atomic():
            return outbox.publish(fact, at=at, person=self.person.id, **about)

    def visits_pricing(self, at, **more):
        page = PageViewed(url="https://northlight.example.com/pricing/", path="/pricing/", **more)
        return self._tell(page, at, visitor=self.visitor)

    def opens(self, message, at, **more):
        return self._tell(EmailOpened(message=message, **more), at)

    def downloads_ebook(self, at, magnet="magnet_1"):
        return self._tell(MagnetDownloaded(magnet=magnet, magnet_name="The playbook"), at)

    def asks_for_a_demo(self, at):
        form = FormSubmitted(
            form="form_demo", form_name="Book a demo", form_version=1, submission="sub_1", intent="demo"
        )
        return self._tell(form, at, lead=self.lead.id)

    def score(self, at=None):
        """Let the loop catch up, then the points as people read them."""
        self._settle(at=at or NOON)
        self.lead.refresh_from_db()
        return self.lead.score


@pytest.fixture
def story_of(settle, organisation):
    """Make somebody: `story_of("ines@halden.example.com", job_title="VP of Marketing")`."""

    def make(email, *, at=NOON - timedelta(days=40), **values):
        person = identifiers.resolve(at=at, how="form", email=email, values=values).person
        lead, _ = leads.open(person=person, at=at, how="form", raised_with="Book a demo")
        story = Story(person, lead, settle)
        visitors.link(visitor=story.visitor, person_id=person.id, how="form", at=at)
        return story

    return make


@pytest.fixture
def ines(story_of):
    return story_of(
        "ines@halden.example.com",
        first_name="Ines",
        last_name="Brandt",
        job_title="VP of Marketing",
        company_name="Halden Foods",
    )
