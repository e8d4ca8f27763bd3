"""The emails of a sequence: whom they are from, what their fields hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from handraiser.core.delivery.actions import messages
from handraiser.core.delivery.models import Message
from handraiser.core.delivery.rules import personalise
from handraiser.core.people.models import FieldDefinition, Lead, Person
from handraiser.core.staff.models import Organisation
from handraiser.nurture.models import Enrolment

FIELDS: dict[str, str] = {
    "first_name": "First name",
    "last_name": "Last name",
    "name": "Full name",
    "company": "Company",
    "job_title": "Job title",
    "email": "Email address",
    "owner_name": "Name of the lead's owner",
    "owner_first_name": "First name of the lead's owner",
    "organisation": "Our own name",
    "signature": "First name of the lead's owner, or our own name",
}


def known_fields() -> set[str]:
    """All field names that a text may use: ours, and the custom fields of people."""
    custom = FieldDefinition.objects.filter(entity="person").values_list("key", flat=True)
    return set(FIELDS) | {key.replace("-", "_") for key in custom}


def values(person: Person, lead: Lead | None, organisation: Organisation) -> dict[str, str]:
    """What the fields hold for one person."""
    owner = lead.owner if lead else None
    company = person.company
    own = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "name": f"{person.first_name} {person.last_name}".strip(),
        # Nobody calls their company by its domain.
        "company": company.name if company and company.name != company.domain else "",
        "job_title": person.job_title,
        "email": person.email,
        "owner_name": owner.name if owner else "",
        "owner_first_name": owner.first_name if owner else "",
        "organisation": organisation.name,
        "signature": owner.first_name if owner else organisation.name,
    }
    custom = {str(key).replace("-", "_"): str(value) for key, value in (person.attributes or {}).items()}
    return {**custom, **own}


def check(text: str) -> list[str]:
    """What is wrong with the text of an email, one sentence each."""
    return personalise.problems(text, known_fields())


def template(sequence_id: str, step: str) -> str:
    """The name under which the messages of a step are counted."""
    return f"{sequence_id}:{step}"


def key(enrolment_id: str, step: str) -> str:
    """The key that makes the message of a step unique for a person."""
    return f"seq:{enrolment_id}:{step}"


def send(enrolment: Enrolment, step: Mapping[str, Any], *, at: datetime) -> Message:
    """Put the email of a step into the outbox, once however often it is asked."""
    organisation = Organisation.get()
    owner = enrolment.lead.owner if enrolment.lead else None
    from_owner = owner is not None and step.get("sender") == "owner"
    return messages.queue(
        key=key(enrolment.id, step["key"]),
        person=enrolment.person,
        lead=enrolment.lead,
        purpose="marketing",
        template=template(enrolment.sequence_id, step["key"]),
        subject=step["subject"],
        text=step["body"],
        values=values(enrolment.person, enrolment.lead, organisation),
        at=at,
        sender_name=owner.name if from_owner and owner else "",
        reply_to=owner.email if from_owner and owner else "",
    )
