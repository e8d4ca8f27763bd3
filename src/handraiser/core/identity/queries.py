"""Reads of who is who."""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.identity.models import VisitorLink


def people_of(visitors: Iterable[str]) -> dict[str, str]:
    """The person id of each visitor that is known."""
    rows = VisitorLink.objects.filter(visitor__in=set(visitors))
    return dict(rows.values_list("visitor", "person_id"))
