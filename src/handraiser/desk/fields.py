"""Custom fields as form inputs: shown with their values, read back with their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from handraiser.core.people.models import FieldDefinition, Lead
from handraiser.kit.errors import DomainError


@dataclass(frozen=True)
class Shown:
    """A field with its value; `name` is that of its input."""

    name: str
    definition: FieldDefinition
    value: Any

    @property
    def text(self) -> str:
        if isinstance(self.value, bool):
            return "Yes" if self.value else "No"
        return "" if self.value is None else str(self.value)


def of(lead: Lead) -> list[Shown]:
    """The custom fields of the person and of the lead."""
    rows = FieldDefinition.objects.filter(entity__in=("person", "lead")).order_by("-entity", "label")
    return [
        Shown(
            name=f"{row.entity}.{row.key}",
            definition=row,
            value=(lead.person if row.entity == "person" else lead).attributes.get(row.key),
        )
        for row in rows
    ]


def read(definition: FieldDefinition, text: str) -> Any:
    """The typed value of what was written; "" for nothing. Raises DomainError("field_value")."""
    text = text.strip()[:2000]
    if not text:
        return ""
    if definition.kind == "number":
        try:
            number = float(text.replace(",", ""))
        except ValueError:
            raise _wrong(definition, "a number, such as 12 or 12.5") from None
        if number != number or number in (float("inf"), float("-inf")):
            raise _wrong(definition, "a number, such as 12 or 12.5")
        return int(number) if number.is_integer() else number
    if definition.kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _wrong(definition, "a day, such as 2026-11-19") from None
    if definition.kind == "boolean":
        return text == "true"
    if definition.kind == "choice" and text not in [str(choice) for choice in definition.choices]:
        raise _wrong(definition, f"one of {', '.join(map(str, definition.choices))}")
    return text


def _wrong(definition: FieldDefinition, expected: str) -> DomainError:
    return DomainError(
        "field_value",
        f"{definition.label} takes {expected}.",
        field=f"{definition.entity}.{definition.key}",
    )


def changed(shown: list[Shown], sent: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs from what is stored: (of the person, of the lead), by key."""
    person: dict[str, Any] = {}
    lead: dict[str, Any] = {}
    for one in shown:
        if one.name not in sent:
            continue
        value = read(one.definition, sent[one.name])
        if value != ("" if one.value is None else one.value):
            (person if one.definition.entity == "person" else lead)[one.definition.key] = value
    return person, lead
