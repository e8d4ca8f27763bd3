"""Reads of who is who."""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.identity.models import VisitorLink
from handraiser.kit import rows


def people_of(visitors: Iterable[str]) -> dict[str, str]:
    """The person id of each visitor that is known."""
    return dict(rows.values(VisitorLink, ["visitor", "person_id"], {"visitor": set(visitors)}))
