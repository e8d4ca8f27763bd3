"""Leads as a CSV file. Rows and rights are those of the list; formulas are made harmless."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import defusedcsv.csv as csv

from handraiser.core.people.models import FieldDefinition, LeadQuerySet
from handraiser.desk import words

COLUMNS = (
    "id", "first name", "last name", "email", "phone", "job title", "company", "country", "stage", "score",
    "grade", "temperature", "owner", "raised a hand with", "channel", "source", "medium", "campaign",
    "landing page", "opened at", "last activity", "last activity at", "external id",
)  # fmt: skip


class _Line:
    """A file that hands back what is written to it, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def lines(leads: LeadQuerySet) -> Iterator[str]:
    """The header, then a line a lead. Times are ISO 8601 in UTC. Custom fields follow at the end."""
    writer = csv.writer(_Line())
    fields = list(FieldDefinition.objects.filter(entity__in=("person", "lead")).order_by("entity", "key"))
    yield "\ufeff"  # spreadsheets read UTF-8 only with this mark
    yield writer.writerow([*COLUMNS, *(f"{field.entity}: {field.label}" for field in fields)])
    for lead in leads.with_people().iterator(chunk_size=500):
        person = lead.person
        yield writer.writerow(
            [
                lead.id,
                person.first_name,
                person.last_name,
                person.email,
                person.phone,
                person.job_title,
                person.company.name if person.company else "",
                person.country,
                words.STAGES.get(lead.stage, lead.stage),
                lead.score,
                lead.grade,
                lead.temperature,
                lead.owner.name if lead.owner else "",
                lead.raised_with,
                lead.channel,
                lead.source,
                lead.medium,
                lead.campaign,
                lead.landing_page,
                _time(lead.opened_at),
                lead.last_activity,
                _time(lead.last_activity_at),
                lead.external_id,
                *((person if f.entity == "person" else lead).attributes.get(f.key, "") for f in fields),
            ]
        )
