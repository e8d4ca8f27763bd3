"""May we?"""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.consent.models import Grant


def may(person_ids: Iterable[str], purpose_key: str) -> set[str]:
    """Those of these people who allow the purpose now."""
    rows = Grant.objects.filter(person_id__in=set(person_ids), purpose_id=purpose_key, withdrawn_at=None)
    return set(rows.values_list("person_id", flat=True))
