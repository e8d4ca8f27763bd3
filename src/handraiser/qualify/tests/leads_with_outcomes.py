"""A few hundred leads whose outcomes follow from what they did, laid into the tables at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from handraiser.core.identity.models import TimelineItem, VisitorLink
from handraiser.core.people.models import Lead, OfferLine, Person
from handraiser.qualify.models import Profile, StageChange

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TITLES = ("VP of Marketing", "Head of Growth", "Student", "Consultant")


def make(count: int, *, seed: int = 1, until: datetime = NOW - 100 * DAY, signal: bool = True) -> list[Lead]:
    """Leads opened one after another, the last one at `until`, an hour apart; about a quarter become customers."""
    chance = random.Random(seed)
    line = OfferLine.default()
    people, leads, profiles, links, items, changes = [], [], [], [], [], []
    for n in range(count):
        at = until - (count - 1 - n) * timedelta(hours=6)
        key = f"{seed}-{n}"
        person = Person(id=f"person_{key}", first_name="P", last_name=str(n), created_at=at)
        title = chance.choice(TITLES)
        keen = chance.random() < 0.5
        lead = Lead(
            id=f"lead_{key}",
            person=person,
            offer_line=line,
            how="form",
            channel=chance.choice(["Organic search", "Paid search", "Email"]),
            opened_at=at,
            stage_at=at,
        )
        odds = (0.05, 0.25, 0.25, 0.75)[(title in TITLES[:2]) + 2 * keen] if signal else 0.3
        if chance.random() < odds:
            won = at + timedelta(days=chance.uniform(2, 60))
            lead.stage, lead.stage_at, lead.closed_at = "customer", won, won
            changes.append(StageChange(lead=lead, number=1, previous="lead", stage="customer", at=won))
        people.append(person)
        leads.append(lead)
        profiles.append(Profile(person=person, at=at, attributes={"job_title": title, "country": "GB"}))
        links.append(VisitorLink(visitor=f"v_{key}", person=person, how="form", linked_at=at))
        for page in range(chance.randint(4, 8) if keen else chance.randint(0, 3)):
            items.append(
                TimelineItem(
                    person=person,
                    visitor=f"v_{key}",
                    message_id=f"m_{key}_{page}",
                    name="attract.page_viewed",
                    occurred_at=at - timedelta(hours=page + 1),
                    body={"path": "/pricing/", "url": "https://northlight.example.com/pricing/"},
                )
            )
    Person.objects.bulk_create(people)
    Lead.objects.bulk_create(leads)
    for rows in (profiles, links, items, changes):
        if rows:
            type(rows[0]).objects.bulk_create(rows)
    return leads
