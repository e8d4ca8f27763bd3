"""Looking at somebody's address and number: what they tell by themselves, and what follows for country and company.

Nothing here asks anybody. Set-based: a batch of people costs the same few statements, one or five hundred.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.db import transaction

from handraiser.core.journal import outbox
from handraiser.core.people.actions import people
from handraiser.core.people.models import Person
from handraiser.kit import clock, rows
from handraiser.kit.envelope import Event
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import look_ups
from handraiser.qualify.actions.look_ups import Mail
from handraiser.qualify.models import Check
from handraiser.qualify.rules import verdicts
from handraiser.qualify.rules.verdicts import Answer, Email

BY = "qualify.checks"
# What rules look at; the rest is for the eye.
_TOLD = ("email_disposable", "email_role", "email_deliverable", "phone_type", "phone_region")
_KEPT = (
    "email_domain",
    "email_syntax",
    "email_free",
    "phone_real",
    "country_by",
    "reasons",
    "mail_looked_at",
    *_TOLD,
)
_COLUMNS = ("person_id", "looked_at", *_KEPT)
_WAIT_SECONDS = 60  # between two looks that somebody asks for
_encode = msgspec.json.Encoder().encode


@rows.joined
def look_at(newest: Mapping[str, Event]) -> int:
    """Judge these people as they are now; returns how many changed. With each the event that made it worth a look.

    Guesses fill what is empty and replace nothing.
    """
    moments = {person: clock.from_ms(event.occurred_at) for person, event in newest.items()}
    return _look(moments, newest, anew=False)


@transaction.atomic
def look_again(*, person: Person, at: datetime) -> None:
    """Judge somebody anew and ask again whoever can be asked. Raises DomainError("too_soon")."""
    before = Check.objects.filter(person=person).first()
    if before is not None and (at - before.looked_at).total_seconds() < _WAIT_SECONDS:
        raise DomainError("too_soon", "This was looked at within the last minute.", kind="refused")
    _look({person.id: at}, {}, anew=True)


def _look(moments: Mapping[str, datetime], causes: Mapping[str, Event], *, anew: bool) -> int:
    persons = [one for one in rows.find(Person, {"id": set(moments)}) if one.erased_at is None]
    if not persons:
        return 0
    known = {one.person_id: one for one in rows.find(Check, {"person_id": set(moments)})}
    addresses = {one.id: verdicts.email(one.email) for one in persons}
    mail = look_ups.mail(address.domain for address in addresses.values())
    guesses: dict[str, dict[str, str]] = {}
    said: dict[str, str] = {}
    written, facts = [], []
    for person in persons:
        address = addresses[person.id]
        check, guess = _judged(person, address, mail.get(address.domain), moments[person.id])
        before = known.get(person.id)
        if guess:
            guesses[person.id] = guess
        if before and before.country_by and (own := person.proposed.get("country")):
            said[person.id] = own
        if before and not check.country_by and before.country_by == _country_by(person, address):
            check.country_by = before.country_by
        moved = before is None or any(getattr(before, name) != getattr(check, name) for name in _TOLD)
        if anew or moved or any(getattr(before, name) != getattr(check, name) for name in _KEPT):
            written.append(check)
        if moved:
            cause = causes.get(person.id)
            facts.append(look_ups.enriched(check, by="checks", at=moments[person.id], cause=cause))
    rows.put(
        Check,
        _COLUMNS,
        [_row(check) for check in written],
        key=("person_id",),
        changes=[name for name in _COLUMNS if name != "person_id"],
    )
    _fill(guesses, max(moments.values()))
    _give_way(said, max(moments.values()))
    outbox.publish_all(facts)
    _ask(written, max(moments.values()), anew=anew)
    return len(written)


def _row(check: Check) -> list[object]:
    return [
        _encode(check.reasons).decode() if name == "reasons" else getattr(check, name) for name in _COLUMNS
    ]


def _judged(person: Person, address: Email, mail: Mail | None, at: datetime) -> tuple[Check, dict[str, str]]:
    number = verdicts.phone(person.phone, country=person.country)
    reaches = verdicts.deliverable(address.syntax, mail.takes if mail else None, mail.reason if mail else "")
    country = None if person.country else verdicts.country(number, address)
    reasons = {
        "email_syntax": address.syntax.reason,
        "email_disposable": address.disposable.reason,
        "email_free": address.free.reason,
        "email_role": address.role.reason,
        "email_deliverable": reaches.reason,
        "phone_real": number.real.reason,
    }
    check = Check(
        person_id=person.id,
        email_domain=address.domain,
        email_syntax=address.syntax.answer.value,
        email_disposable=address.disposable.answer.value,
        email_free=address.free.answer.value,
        email_role=address.role.answer.value,
        email_deliverable=reaches.answer.value,
        phone_real=number.real.answer.value,
        phone_type=number.kind,
        phone_region=number.region,
        country_by=country.by if country else "",
        reasons=reasons,
        looked_at=at,
        mail_looked_at=mail.looked_at if mail else None,
    )
    guess = {"country": country.country} if country else {}
    if person.company_id is None and (domain := verdicts.company_domain(address)):
        guess["company_domain"] = domain
    return check, guess


def _country_by(person: Person, address: Email) -> str:
    """What the country that stands there could have been guessed from; "" if it is another one."""
    guess = verdicts.country(verdicts.phone(person.phone), address)
    return guess.by if guess and guess.country == person.country else ""


def _fill(guesses: Mapping[str, Mapping[str, str]], at: datetime) -> None:
    changes = []
    for person in people.locked(guesses).values():
        # Somebody may have said it in the meantime; a guess is not even proposed then.
        empty = {
            key: value
            for key, value in guesses[person.id].items()
            if not (person.country if key == "country" else person.company_id)
        }
        if empty:
            changes.append((person, empty))
    people.change_all(changes, at=at, by=BY)


def _give_way(said: Mapping[str, str], at: datetime) -> None:
    """Put what people said of themselves in the place of what was guessed for them."""
    changes = []
    for person in people.locked(said).values():
        person.proposed = {key: value for key, value in person.proposed.items() if key != "country"}
        changes.append((person, {"country": said[person.id]}))
    people.change_all(changes, at=at, by=BY, proven=True)


def _ask(checks: list[Check], at: datetime, *, anew: bool) -> None:
    """Queue the questions that are worth one: not of broken and not of throw-away addresses."""
    fine = [
        check
        for check in checks
        if check.email_syntax == Answer.YES and check.email_disposable == Answer.NO and check.email_domain
    ]
    if not fine:
        return
    look_ups.want(
        domains={check.email_domain for check in fine},
        firms={check.email_domain for check in fine if check.email_free == Answer.NO},
        addressees={check.person_id for check in fine if check.email_role == Answer.NO},
        at=at,
        anew=anew,
    )
