"""Finding the person behind an address, a number or an id of another system; making them if new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from handraiser.core.identity import rules
from handraiser.core.journal import outbox
from handraiser.core.people.actions import people
from handraiser.core.people.models import Identifier, Person
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock, ids, rows

# kind -> value, as `Identifier` holds them
Wanted = dict[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of somebody: identifiers as they were written, and values for `people.change`."""

    email: str = ""
    phone: str = ""
    external: tuple[str, str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who it is, and whether they were new."""

    person: Person
    created: bool


def resolve(
    *,
    at: datetime,
    how: str,
    email: str = "",
    phone: str = "",
    external: tuple[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    by: str = "",
    proven: bool = False,
) -> Resolved:
    """Find or make one person; see `resolve_all`."""
    asked = Asked(email=email, phone=phone, external=external, values=values or {})
    return resolve_all([asked], at=at, how=how, by=by, proven=proven)[0]


def resolve_all(
    asked: Sequence[Asked], *, at: datetime, how: str, by: str = "", proven: bool = False
) -> list[Resolved]:
    """Find people by normalised email, then external id, then phone; make those whom nobody fits.

    A phone alone joins only when no email speaks against it: families and offices share numbers. `values` go
    through `people.change_all`, so an unproven form fills gaps and overwrites nothing. New identifiers are
    added to whoever was found, unless somebody else holds them. The same person asked for twice is one.
    """
    country = Organisation.get().country if any(one.phone for one in asked) else ""
    wanted = [_normal(one, country) for one in asked]
    # On SQLite the writer's lock keeps everybody else from making the same person meanwhile.
    retried = connection.vendor != "sqlite"
    try:
        with transaction.atomic(savepoint=retried), outbox.gathering():
            return _resolve(asked, wanted, at=at, how=how, by=by, proven=proven)
    except IntegrityError:
        # Somebody made one of them a moment ago: now they can be found.
        with transaction.atomic(), outbox.gathering():
            return _resolve(asked, wanted, at=at, how=how, by=by, proven=proven)


def _normal(one: Asked, country: str) -> Wanted:
    """The identifiers in the order in which they decide who it is."""
    normal = {"email": rules.normal_email(one.email) if one.email else ""}
    if one.external:
        normal[f"external:{one.external[0]}"] = one.external[1].strip()
    if one.phone:
        normal["phone"] = rules.normal_phone(one.phone, country=country)
    return {kind: value for kind, value in normal.items() if value}


def _resolve(
    asked: Sequence[Asked], wanted: Sequence[Wanted], *, at: datetime, how: str, by: str, proven: bool
) -> list[Resolved]:
    holders = _holders(wanted)
    mailed = _with_an_email(holders, wanted)
    before = set(holders.values())
    newcomers: dict[str, Mapping[str, Any]] = {}
    fresh: dict[tuple[str, str], str] = {}
    found: list[tuple[str, bool]] = []
    for one, theirs in zip(asked, wanted, strict=True):
        who = _who(theirs, holders, mailed)
        created = who is None
        if who is None:
            who = ids.new("person", at_ms=clock.ms(at))
            newcomers[who] = _with_identifiers(one, theirs)
        found.append((who, created))
        for key in theirs.items():
            if key not in holders:
                holders[key] = fresh[key] = who
        if "email" in theirs:
            mailed.add(who)
    known = {person.id: person for person in people.create_all(newcomers, at=at, how=how)}
    if again := before & {who for who, _ in found}:
        known |= people.locked(again)
    changes = [
        (known[who], _with_identifiers(one, theirs))
        for one, theirs, (who, created) in zip(asked, wanted, found, strict=True)
        if not created
    ]
    if changes:
        people.change_all(changes, at=at, by=by, proven=proven)
    rows.insert(
        [
            Identifier(kind=kind, value=value, person_id=who, created_at=at)
            for (kind, value), who in fresh.items()
        ]
    )
    return [Resolved(person=known[who], created=created) for who, created in found]


def _with_identifiers(one: Asked, theirs: Wanted) -> dict[str, Any]:
    told: dict[str, Any] = {kind: theirs[kind] for kind in ("email", "phone") if kind in theirs}
    return {**told, **one.values}


def _holders(wanted: Sequence[Wanted]) -> dict[tuple[str, str], str]:
    """Who holds these identifiers: (kind, value) -> person id."""
    values: dict[str, set[str]] = {}
    for theirs in wanted:
        for kind, value in theirs.items():
            values.setdefault(kind, set()).add(value)
    holders: dict[tuple[str, str], str] = {}
    for kind, theirs_all in values.items():
        held = rows.values(Identifier, ["value", "person_id"], {"kind": kind, "value": theirs_all})
        holders.update(((kind, value), who) for value, who in held)
    return holders


def _with_an_email(holders: Mapping[tuple[str, str], str], wanted: Sequence[Wanted]) -> set[str]:
    """Which of those that a phone alone would find have an email address already."""
    in_doubt = {
        holders[("phone", theirs["phone"])]
        for theirs in wanted
        if "email" in theirs and ("phone", theirs.get("phone", "")) in holders
    }
    if not in_doubt:
        return set()
    addressed = Identifier.objects.filter(kind="email", person_id__in=in_doubt)
    return set(addressed.values_list("person_id", flat=True))


def _who(theirs: Wanted, holders: Mapping[tuple[str, str], str], mailed: set[str]) -> str | None:
    for kind, value in theirs.items():
        who = holders.get((kind, value))
        if who is None or (kind == "phone" and "email" in theirs and who in mailed):
            continue
        return who
    return None
