"""Old ids for ever: whom an id means since a merge, on every door and for every reader."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from handraiser.core.identity.models import Alias
from handraiser.core.journal.readers import Reader
from handraiser.kit import rows
from handraiser.kit.envelope import Event

_FEW = 20  # of more it is asked first whether anybody ever went


def of(old_ids: Iterable[str]) -> dict[str, str]:
    """For each of these ids that went in a merge, the id that it means now. One query, of persons and leads."""
    asked = {old for old in old_ids if old}
    if len(asked) > _FEW and not rows.ask(Alias, "select 1 from identity_alias limit 1", []):
        return {}
    found = rows.values(Alias, ["old_id", "person_id", "lead_id"], {"old_id": asked})
    return {old: person or lead for old, person, lead in found}


def current(some_id: str) -> str:
    """The id that this one means now; itself if it never went."""
    return of([some_id]).get(some_id, some_id)


def as_known_now(reader: Reader) -> Reader:
    """The same reader, told of people and leads by the ids that they have now.

    An event keeps for ever the ids under which it happened. Whoever went since, as a merge between the event and
    its reading or in a replay years later, is met under the id that was kept.
    """
    return dataclasses.replace(reader, apply=_with_aliases(reader.apply))


def _with_aliases(apply: Callable[..., None]) -> Callable[..., None]:
    def run(events: Sequence[Event], **fetched: Any) -> None:
        named = {event.person for event in events} | {event.lead for event in events}
        now = of(one for one in named if one)
        apply([_renamed(event, now) for event in events] if now else events, **fetched)

    return run


def _renamed(event: Event, now: dict[str, str]) -> Event:
    if event.person in now or event.lead in now:
        return msgspec.structs.replace(
            event,
            person=now.get(event.person or "", event.person),
            lead=now.get(event.lead or "", event.lead),
        )
    return event
