"""Reads of who is who."""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.identity import aliases
from handraiser.core.identity.models import VisitorLink
from handraiser.core.people.models import Lead, Person
from handraiser.kit import rows


def people_of(visitors: Iterable[str]) -> dict[str, str]:
    """The person id of each visitor that is known."""
    return dict(rows.values(VisitorLink, ["visitor", "person_id"], {"visitor": set(visitors)}))


def person_named(some_id: str) -> str | None:
    """The person whom any id means: theirs, that of one of their leads or browsers, or one that went in a merge."""
    known = aliases.current(some_id)
    if Person.objects.filter(id=known).exists():
        return known
    lead = Lead.objects.filter(id=known).values_list("person_id", flat=True).first()
    return lead or people_of([some_id]).get(some_id)
