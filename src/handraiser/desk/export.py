"""Leads, and the timeline of one, as CSV files. Rows and rights are the screen's; formulas are made harmless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import defusedcsv.csv as csv

from handraiser.core.people.models import FieldDefinition, Lead, LeadQuerySet
from handraiser.desk import timeline, words
from handraiser.desk.timeline import Asked
from handraiser.qualify import ideal

_AT_ONCE = 500

COLUMNS = (
    "id", "first name", "last name", "email", "phone", "job title", "company", "country", "stage", "score",
    "grade", "temperature", "pql signal", "pql since", "ideal customer", "owner",
    "raised a hand with", "channel", "source", "medium", "campaign",
    "landing page", "opened at", "last activity", "last activity at", "external id",
)  # fmt: skip


TIMELINE_COLUMNS = (
    "occurred at", "local time", "group", "event", "what happened", "detail", "in their words", "points", "id",
)  # fmt: skip


class _Line:
    """A file that hands back what is written to it, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _with_fit(leads: LeadQuerySet, at: datetime) -> Iterator[tuple[Lead, str]]:
    """Each lead with the verdict on it as the ideal customer; some hundred are judged at once."""
    rows = leads.with_people().select_related("product_lead").iterator(chunk_size=_AT_ONCE)
    while some := list(islice(rows, _AT_ONCE)):
        fits = ideal.fits([lead.person_id for lead in some], at=at)
        for lead in some:
            yield lead, fits[lead.person_id].word if fits else ""


def lines(leads: LeadQuerySet, *, at: datetime) -> Iterator[str]:
    """The header, then a line a lead. Times are ISO 8601 in UTC. Custom fields follow at the end."""
    writer = csv.writer(_Line())
    fields = list(FieldDefinition.objects.filter(entity__in=("person", "lead")).order_by("entity", "key"))
    yield "\ufeff"  # spreadsheets read UTF-8 only with this mark
    yield writer.writerow([*COLUMNS, *(f"{field.entity}: {field.label}" for field in fields)])
    for lead, fit in _with_fit(leads, at):
        person, product = lead.person, getattr(lead, "product_lead", None)
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
                product.signal if product else "",
                _time(product.at) if product else "",
                fit,
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


def timeline_lines(lead: Lead, asked: Asked, *, points: Mapping[str, str], zone: ZoneInfo) -> Iterator[str]:
    """The header, then a line an event, newest first. Times are ISO 8601: in UTC, and in the reader's zone."""
    writer = csv.writer(_Line())
    yield "\ufeff"
    yield writer.writerow(TIMELINE_COLUMNS)
    for item, entry in timeline.told(lead, asked, points=points, zone=zone):
        if entry is None:
            continue
        answers = [f"{label}: {text}" for label, text in entry.answers]
        yield writer.writerow(
            [
                _time(item.occurred_at),
                _time(entry.at),
                entry.group,
                entry.name,
                entry.text.replace("**", ""),
                entry.detail,
                "\n".join(filter(None, [entry.quote, *answers])),
                entry.points,
                item.message_id,
            ]
        )
