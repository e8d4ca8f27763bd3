"""What no fact tells: whoever changes it says so here, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable

from handraiser.core.audience.actions import memberships
from handraiser.core.audience.models import Touched
from handraiser.core.people.models import Person
from handraiser.kit import rows


def points(person_ids: Iterable[str]) -> None:
    """The points of these people's leads are others now, which is no news. Noted if a segment asks for points."""
    if any(one.reads_points for one in memberships.live(deciding=False)):
        _note(person_ids)


def addresses(emails: Iterable[str]) -> None:
    """These addresses stand on a list now, or no more. Noted, with who has them, if a segment asks for lists."""
    if any(one.reads_lists for one in memberships.live(deciding=False)):
        theirs = {"email": sorted({email.strip().lower() for email in emails} - {""})}
        _note(person for (person,) in rows.values(Person, ["id"], theirs))


def _note(person_ids: Iterable[str]) -> None:
    rows.add(Touched, ["person_id"], [(person,) for person in sorted(set(person_ids))])
