"""Questions to others: queued in the records, asked one by one outside any transaction, and handed on in chunks.

Asking is no effect that must not happen twice, so a question whose process died is asked again. What an answer
changes in the records is changed with the mark that says so, in one transaction: exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q

from handraiser.core.journal import outbox
from handraiser.core.journal.events.qualify import PersonEnriched
from handraiser.core.people.actions import companies, people
from handraiser.core.people.models import Person
from handraiser.kit import clock, ids, rows
from handraiser.kit.envelope import Event
from handraiser.qualify.actions import sources
from handraiser.qualify.models import Check, LookUp, Source
from handraiser.qualify.providers import Found, Outcome, Refused, Unknown
from handraiser.qualify.rules import findings, verdicts
from handraiser.qualify.rules.verdicts import Answer, Verdict

CHUNK = 200
TRIES = 3
CLAIM = timedelta(minutes=10)  # after that a question belongs to a process that died
_AGAIN = timedelta(hours=1)
_A_DAY = timedelta(days=1)
_STATE = LookUp.State


class Mail(NamedTuple):
    """Whether a domain takes mail, why, and when it was asked."""

    takes: bool
    reason: str
    looked_at: datetime


def mail(domains: Iterable[str]) -> dict[str, Mail]:
    """What is known of these domains; those of which nothing is known are left out."""
    dns = rows.values(Source, ["id"], {"kind": sources.DNS})
    if not dns:
        return {}
    wanted = {"domain": {one for one in domains if one}, "source_id": dns[0][0], "state": _STATE.FOUND}
    found = rows.values(LookUp, ["domain", "found", "reason", "looked_at"], wanted)
    return {domain: Mail(told["takes_mail"], reason, at) for domain, told, reason, at in found}


def want(
    *,
    domains: Collection[str],
    firms: Collection[str],
    addressees: Collection[str],
    at: datetime,
    anew: bool = False,
) -> None:
    """Queue questions: whether domains take mail, whose `firms` (domains) and addresses (of people, by id) are.

    A question whose answer is still good is not asked again, unless it is wanted `anew`.
    """
    for source in sources.on(at=at):
        by_domain = source.about == Source.About.DOMAIN
        about = set((domains if source.kind == sources.DNS else firms) if by_domain else addressees)
        column = "domain" if by_domain else "person_id"
        where: dict[str, Any] = {"source_id": source.id, column: about}
        known = rows.values(LookUp, ["id", column, "expires_at", "is_open"], where)
        old = [
            key
            for key, _, expires, is_open in known
            if not is_open and (anew or expires is None or expires <= at)
        ]
        rows.change(
            LookUp, ["is_open", "due_at", "expires_at", "tries"], [(True, at, None, 0, key) for key in old]
        )
        fresh = sorted(about - {subject for _, subject, _, _ in known})
        rows.insert(
            [
                LookUp(
                    id=ids.new("look", at_ms=clock.ms(at)),
                    source=source,
                    domain=subject if by_domain else "",
                    person_id=None if by_domain else subject,
                    due_at=at,
                )
                for subject in fresh
            ],
            known=True,
        )


def step(now: Callable[[], datetime]) -> bool:
    """Ask the next question that is due, or hand on the next part of an answer; False: nothing left."""
    at = now()
    waiting = LookUp.objects.filter(is_open=True, due_at__lte=at).order_by("due_at")
    row = waiting.select_related("source", "person").first()
    if row is None:
        return False
    mine = LookUp.objects.filter(id=row.id, is_open=True, due_at=row.due_at)
    if not mine.update(due_at=at + CLAIM):
        return True  # another process has it
    if row.expires_at is None and not _ask(row, at, now):
        return True
    while _hand_on(row.id):
        pass
    return True


def _ask(row: LookUp, at: datetime, now: Callable[[], datetime]) -> bool:
    """Whether there is an answer to hand on."""
    source, this = row.source, LookUp.objects.filter(id=row.id)
    subject = row.person.email if row.person else row.domain
    if not source.is_on or not subject:
        this.update(is_open=False)
        return False
    if source.paused_until and source.paused_until > at:
        this.update(due_at=source.paused_until)
        return False
    if not sources.take(source=source, at=at):
        tomorrow = datetime.combine(at.date() + _A_DAY, time.min, UTC)
        this.update(due_at=tomorrow, reason="Today's questions are used up.")
        return False
    outcome = sources.ask(source=source, subject=subject, at=at)
    return _store(row, outcome, now())


def _store(row: LookUp, outcome: Outcome, at: datetime) -> bool:
    changes: dict[str, Any] = {"tries": 0}
    knew = row.state == _STATE.FOUND
    if isinstance(outcome, Found):
        changes |= {"state": _STATE.FOUND, "found": dict(outcome.values), "told_upto": ""}
    elif isinstance(outcome, Refused):
        # The pause is the source's: this question is asked first when it is over.
        changes |= {"due_at": at + timedelta(seconds=outcome.wait_seconds)}
        changes |= {} if knew else {"state": _STATE.REFUSED, "reason": outcome.reason[:300]}
        LookUp.objects.filter(id=row.id).update(**changes)
        return False
    elif not outcome.trouble:
        changes |= {"state": _STATE.UNKNOWN, "found": {}, "is_open": False}
    elif row.tries + 1 < TRIES:
        changes |= {"tries": row.tries + 1, "due_at": at + _AGAIN * 2**row.tries}
    else:
        changes |= {"is_open": False, "expires_at": at + _A_DAY}
    if isinstance(outcome, Unknown) and outcome.trouble:
        # Nobody answered: what was known before still is.
        changes |= {} if knew else {"state": _STATE.UNKNOWN, "reason": outcome.reason[:300]}
    else:
        kept = timedelta(days=row.source.keep_days)
        changes |= {"looked_at": at, "expires_at": at + kept, "reason": outcome.reason[:300]}
    LookUp.objects.filter(id=row.id).update(**changes)
    return isinstance(outcome, Found)


@transaction.atomic
def _hand_on(row_id: str) -> bool:
    """Tell the next of those whom an answer is about; True while there are more."""
    row = LookUp.objects.select_for_update().select_related("source").filter(id=row_id, is_open=True).first()
    if row is None or row.looked_at is None:
        return False
    if row.person_id:
        _tell_person(row)
        more = False
    else:
        more = _tell_domain(row)
    LookUp.objects.filter(id=row.id).update(is_open=more, told_upto=row.told_upto)
    return more


def _tell_domain(row: LookUp) -> bool:
    mail_known = row.source.kind == sources.DNS
    assert row.looked_at is not None
    if not mail_known and not row.told_upto:
        of_company = {key.removeprefix("company_"): value for key, value in row.found.items()}
        if not companies.learn(domain=row.domain, values=of_company, at=row.looked_at):
            return False
    checks = list(
        Check.objects.filter(email_domain=row.domain, person_id__gt=row.told_upto).order_by("person_id")[
            :CHUNK
        ]
    )
    told = checks
    if mail_known:
        told = [check for check in checks if _learn_mail(check, row)]
        rows.update(checks, ["email_deliverable", "mail_looked_at", "reasons"])
    fields = () if mail_known else tuple(sorted(row.found))
    outbox.publish_all(
        [enriched(check, by=row.source.kind, at=row.looked_at, fields=fields) for check in told]
    )
    if checks:
        row.told_upto = checks[-1].person_id
    return len(checks) == CHUNK


def _learn_mail(check: Check, row: LookUp) -> bool:
    syntax = Verdict(Answer(check.email_syntax), check.reasons.get("email_syntax", ""))
    verdict = verdicts.deliverable(syntax, row.found["takes_mail"], row.reason)
    changed = check.email_deliverable != verdict.answer
    check.email_deliverable, check.mail_looked_at = verdict.answer.value, row.looked_at
    check.reasons = {**check.reasons, "email_deliverable": verdict.reason}
    return changed


def _tell_person(row: LookUp) -> None:
    """Fill what is empty of a person; what they or the staff said is never touched, nor put beside it."""
    assert row.looked_at is not None and row.person_id is not None
    person = people.locked([row.person_id]).get(row.person_id)
    check = Check.objects.filter(person_id=row.person_id).first()
    if person is None or person.erased_at or check is None:
        return
    values = {
        key: value
        for key, value in row.found.items()
        if key in findings.OF_PERSON and not getattr(person, key)
    }
    if not values:
        return
    people.change_all([(person, values)], at=row.looked_at, by=f"source:{row.source_id}")
    outbox.publish_all([enriched(check, by=row.source.kind, at=row.looked_at, fields=tuple(sorted(values)))])


def enriched(
    check: Check, *, by: str, at: datetime, fields: tuple[str, ...] = (), cause: Event | None = None
) -> Event:
    """The fact that something was found out, ready to be announced."""
    fact = PersonEnriched(
        by=by,
        email_disposable=check.email_disposable,
        email_role=check.email_role,
        email_deliverable=check.email_deliverable,
        phone_type=check.phone_type,
        phone_region=check.phone_region,
        fields=fields,
    )
    return outbox.prepare(fact, at=at, person=check.person_id, cause=cause)


def of(person: Person) -> list[LookUp]:
    """What was asked about somebody's domain and address, by the name of the source."""
    domain = verdicts.email(person.email).domain
    about = Q(person=person.id) | Q(domain=domain, person=None) if domain else Q(person=person.id)
    return list(LookUp.objects.filter(about).select_related("source").order_by("source__name"))


def counts() -> dict[str, int]:
    """How many questions wait, and how many have each answer."""
    found = dict(LookUp.objects.order_by().values_list("state").annotate(n=Count("id")))
    waiting = LookUp.objects.filter(is_open=True).count()
    return {"open": waiting, **{state: found.get(state, 0) for state in _STATE.values}}
