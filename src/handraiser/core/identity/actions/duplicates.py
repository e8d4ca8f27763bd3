"""Looking for people who are probably one, and remembering of whom somebody said that they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from handraiser.core.identity import aliases
from handraiser.core.identity.models import LikelyPair, Search
from handraiser.core.identity.rules import duplicates
from handraiser.core.identity.rules.duplicates import Column
from handraiser.core.people.models import FieldDefinition, Person
from handraiser.kit import clock as clocks
from handraiser.kit import ids
from handraiser.kit.errors import DomainError

_PLAIN = {
    "first_name": "given_name",
    "last_name": "surname",
    "email": "email",
    "phone": "phone",
    "company__name": "company",
    "job_title": "job_title",
    "country": "country",
}
# Custom fields that say who somebody is, by their key.
_CUSTOM = {
    "postcode": "postcode",
    "zip": "postcode",
    "city": "city",
    "town": "city",
    "street": "street",
    "address": "street",
    "date_of_birth": "date",
    "birthday": "date",
    "birth_date": "date",
}
_BATCH = 2_000
_CHUNK = 200
_GIVEN_UP = timedelta(hours=2)


def ask(*, at: datetime, by: str = "") -> Search:
    """Note that everybody should be looked through. Raises DomainError("searching") while that is going on."""
    if Search.objects.filter(finished_at=None, asked_at__gt=at - _GIVEN_UP).exists():
        raise DomainError("searching", "A search is going on already.", kind="conflict")
    return Search.objects.create(id=ids.new("search", at_ms=clocks.ms(at)), asked_at=at, asked_by=by)


def run(*, search_id: str, clock: Callable[[], datetime]) -> Search:
    """Look through everybody; long work, for the process of tasks. Doing it twice changes nothing."""
    this = Search.objects.get(id=search_id)
    columns = _columns()
    who: list[str] = []
    records: list[dict[str, str]] = []
    for person_id, record in _people(columns):
        who.append(person_id)
        records.append(record)
    pairs = duplicates.find(records, columns)
    found = [
        LikelyPair(
            one_id=min(who[pair.one], who[pair.other]),
            other_id=max(who[pair.one], who[pair.other]),
            probability=round(pair.probability, 6),
            reasons=[[name, how, bits] for name, how, bits in pair.reasons],
            found_at=this.asked_at,
        )
        for pair in pairs
    ]
    _keep(found, this)
    this.people, this.found, this.finished_at = len(who), len(found), clock()
    this.save(update_fields=["people", "found", "finished_at"])
    return this


def _columns() -> list[Column]:
    custom = FieldDefinition.objects.filter(entity="person", key__in=_CUSTOM).values_list("key", flat=True)
    plain = [Column(name, role) for name, role in _PLAIN.items()]
    return plain + [Column(key, _CUSTOM[key]) for key in sorted(custom)]


def _people(columns: Sequence[Column]) -> Iterator[tuple[str, dict[str, str]]]:
    """Everybody by id, in batches, so that no reading holds long."""
    custom = [column.name for column in columns if column.name not in _PLAIN]
    rows = Person.objects.filter(erased_at=None).order_by("id").values("id", "attributes", *_PLAIN)
    last = ""
    while batch := list(rows.filter(id__gt=last)[:_BATCH]):
        last = batch[-1]["id"]
        for row in batch:
            record = {name: row[name] or "" for name in _PLAIN}
            record |= {name: str(row["attributes"].get(name) or "") for name in custom}
            yield row["id"], record


def _keep(found: Sequence[LikelyPair], this: Search) -> None:
    """Store what was found. What somebody decided stays; an open pair that is found no more goes."""
    for start in range(0, len(found), _CHUNK):
        chunk = found[start : start + _CHUNK]
        with transaction.atomic():
            # Who was merged or removed while we looked is passed over.
            alive = set(
                Person.objects.filter(id__in={one for pair in chunk for one in (pair.one_id, pair.other_id)})
                .select_for_update()
                .values_list("id", flat=True)
            )
            LikelyPair.objects.bulk_create(
                [pair for pair in chunk if {pair.one_id, pair.other_id} <= alive],
                update_conflicts=True,
                unique_fields=["one", "other"],
                update_fields=["probability", "reasons", "found_at"],
            )
    LikelyPair.objects.filter(state=LikelyPair.State.OPEN, found_at__lt=this.asked_at).delete()


def keep_apart(*, one: str, other: str, at: datetime, by: str = "") -> LikelyPair:
    """Remember that these two are not the same person; the finder proposes them no more.

    Raises DomainError: no_person, same_person.
    """
    first, second = sorted((aliases.current(one), aliases.current(other)))
    if first == second:
        raise DomainError("same_person", "These are one person.", kind="conflict")
    if Person.objects.filter(id__in=(first, second)).count() < 2:
        raise DomainError("no_person", "There is no person with this id.", kind="missing")
    return LikelyPair.objects.update_or_create(
        one_id=first,
        other_id=second,
        defaults={"state": LikelyPair.State.NOT_THE_SAME, "decided_at": at, "decided_by": by},
        create_defaults={
            "state": LikelyPair.State.NOT_THE_SAME,
            "decided_at": at,
            "decided_by": by,
            "found_at": at,
            "probability": 0.0,
        },
    )[0]


def reconsider(*, pair_id: str) -> LikelyPair:
    """Take "not the same" back. Raises DomainError("no_pair")."""
    pair = LikelyPair.objects.filter(id=pair_id).first()
    if pair is None:
        raise DomainError("no_pair", "There is no such pair.", kind="missing")
    pair.state, pair.decided_at, pair.decided_by = LikelyPair.State.OPEN, None, ""
    pair.save(update_fields=["state", "decided_at", "decided_by"])
    return pair
