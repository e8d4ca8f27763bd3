"""Custom fields: what a firm wants to know beyond the columns that everybody has."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from handraiser.core.people.models import FieldDefinition
from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import User
from handraiser.kit.errors import DomainError

ENTITIES = {"person": "Person", "company": "Company", "lead": "Lead", "deal": "Deal"}
KINDS = {
    "text": "Text",
    "number": "Number",
    "date": "Date",
    "choice": "One of a list",
    "boolean": "Yes or no",
}


def _checked(label: str, kind: str, choices: list[str]) -> tuple[str, list[str]]:
    label = " ".join(label.split())
    if not label:
        raise DomainError("no_label", "A field needs a name.", field="label")
    # dict keeps the order in which they were written, each once
    kept = (
        list(dict.fromkeys(filter(None, (choice.strip() for choice in choices)))) if kind == "choice" else []
    )
    if kind == "choice" and len(kept) < 2:
        raise DomainError("no_choices", "A list needs two answers or more, one a line.", field="choices")
    return label, kept


def add(
    *, entity: str, label: str, kind: str, at: datetime, choices: list[str], personal: bool, by: User
) -> FieldDefinition:
    """Define a field. Its key follows from its first name and stays, as rules and forms know it by the key.

    Raises DomainError("no_label"), ("no_choices") or ("field_exists").
    """
    label, choices = _checked(label, kind, choices)
    key = slugify(label).replace("-", "_")[:60]
    if not key:
        raise DomainError("no_label", "The name needs at least one letter.", field="label")
    try:
        with transaction.atomic():
            row = FieldDefinition.objects.create(
                entity=entity,
                key=key,
                label=label,
                kind=kind,
                choices=choices,
                personal=personal,
                created_at=at,
            )
            audit.record(actor=by, action="field.added", object=label, at=at, detail={"of": entity})
    except IntegrityError:
        raise DomainError(
            "field_exists", f"{ENTITIES[entity]} has a field named {label}.", kind="conflict", field="label"
        ) from None
    return row


@transaction.atomic
def change(
    *, row: FieldDefinition, label: str, choices: list[str], personal: bool, at: datetime, by: User
) -> None:
    """Another name or other answers. The kind stays: stored values are of it. Raises as `add` does."""
    row.label, row.choices = _checked(label, row.kind, choices)
    row.personal = personal
    row.save(update_fields=["label", "choices", "personal"])
    audit.record(actor=by, action="field.changed", object=row.label, at=at)


@transaction.atomic
def remove(*, row: FieldDefinition, at: datetime, by: User) -> None:
    """Take the field from screens and forms; stored values stay and show again if it is added again."""
    audit.record(actor=by, action="field.removed", object=row.label, at=at, detail={"of": row.entity})
    row.delete()
