"""Asking for a mail to be sent, and changing one's mind while it waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from handraiser.core.delivery import composing
from handraiser.core.delivery.actions import tokens
from handraiser.core.delivery.models import Message, Purpose, State
from handraiser.core.delivery.rules import personalise
from handraiser.core.delivery.rules.suppress import Reason
from handraiser.core.journal import outbox, wake
from handraiser.core.journal.events.delivery import MessageQueued, MessageSuppressed
from handraiser.core.people.models import Lead, Person
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock, ids, rows
from handraiser.kit.errors import DomainError


def queue(
    *,
    key: str,
    purpose: str,
    subject: str,
    text: str,
    at: datetime,
    person: Person | None = None,
    lead: Lead | None = None,
    to: str = "",
    template: str = "",
    mjml: str = "",
    html: str = "",
    values: Mapping[str, str] | None = None,
    due_at: datetime | None = None,
    sender_name: str = "",
    reply_to: str = "",
) -> Message:
    """Put a mail into the outbox; the same `key` gives the message that is already there.

    `text` is the whole mail in our small language (`rules.personalise`): paragraphs, `[label](address)`,
    and, when `values` is given, `{{ field|fallback }}`; the HTML is made from it unless `mjml` (sections for
    the layout, or a whole document) or `html` is given. `to` defaults to the person's address. Links and
    opens are tracked in mail to persons, never in notices and system mail. Whether it may go out is decided
    when it does.
    Raises DomainError("bad_purpose") or ("bad_mjml").
    """
    if purpose not in Purpose.values:
        raise DomainError("bad_purpose", f"{purpose} is not a purpose of a message.", field="purpose")
    if existing := rows.find(Message, {"key": key}):
        return existing[0]
    organisation = Organisation.get()
    message_id = ids.new("msg", at_ms=clock.ms(at))
    tracked = person is not None and purpose in (Purpose.MARKETING, Purpose.TRANSACTIONAL)
    final_subject = (
        personalise.fill(subject, values or {}) if values is not None else " ".join(subject.split())
    )
    composed = composing.compose(
        message_id=message_id,
        subject=final_subject,
        purpose=purpose,
        organisation=organisation,
        blocks=personalise.compose(text, values),
        mjml=mjml,
        raw_html=html,
        tracked=tracked,
    )
    message = Message(
        id=message_id,
        key=key,
        person=person,
        lead=lead,
        to=to or (person.email if person else ""),
        purpose=purpose,
        template=template,
        subject=final_subject[:400],
        html=composed.html,
        text=composed.text,
        links=composed.links,
        headers=_headers(message_id, purpose),
        sender_name=sender_name,
        reply_to=reply_to,
        message_id=f"<{message_id}@{_domain(organisation)}>",
        queued_at=at,
        due_at=due_at or at,
    )
    try:
        with transaction.atomic():
            rows.insert([message])
            if person is not None:
                fact = MessageQueued(
                    message=message.id,
                    purpose=purpose,
                    subject_hash=outbox.personal_hash(final_subject),
                    template=template,
                )
                outbox.publish(fact, at=at, person=person.id, lead=message.lead_id)
            transaction.on_commit(wake.loop)
    except IntegrityError:
        # Somebody asked for the same mail a moment ago.
        return Message.objects.get(key=key)
    return message


def _domain(organisation: Organisation) -> str:
    sender = organisation.sender_email or settings.DEFAULT_FROM_EMAIL
    return sender.rpartition("@")[2] or urlsplit(settings.BASE_URL).hostname or "localhost"


def _headers(message_id: str, purpose: str) -> dict[str, str]:
    if purpose == Purpose.MARKETING:
        return {
            # RFC 8058: the mail program posts there itself, without opening a page.
            "List-Unsubscribe": f"<{tokens.unsubscribe(message_id)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    if purpose in (Purpose.NOTICE, Purpose.SYSTEM):
        return {"Auto-Submitted": "auto-generated"}
    return {}


def hold(message: Message, *, at: datetime) -> None:
    """Keep a waiting message back. Raises DomainError("not_waiting") if it is no longer there."""
    _from(message, (State.WAITING,), {"state": State.HELD}, "It is no longer waiting.")


def release(message: Message, *, at: datetime) -> None:
    """Send a held or waiting message now. Raises DomainError("not_waiting") if it is neither."""
    _from(
        message,
        (State.HELD, State.WAITING),
        {"state": State.WAITING, "due_at": at},
        "It is no longer waiting.",
    )


def cancel(message: Message, *, at: datetime) -> None:
    """Take a waiting or held message back for good. Raises DomainError("not_waiting")."""
    with transaction.atomic():
        _from(
            message,
            (State.WAITING, State.HELD),
            {"state": State.SUPPRESSED, "reason": Reason.CANCELLED, "settled_at": at},
            "It is no longer waiting.",
        )
        if message.person_id:
            outbox.publish(
                MessageSuppressed(message=message.id, reason=Reason.CANCELLED),
                at=at,
                person=message.person_id,
                lead=message.lead_id,
            )


def send_again(message: Message, *, at: datetime) -> None:
    """Try once more what failed or was cut off. A person decides this; nothing does it by itself.

    Raises DomainError("not_failed") for a message in any other state.
    """
    changes = {"state": State.WAITING, "due_at": at, "settled_at": None, "attempts_made": 0, "error": ""}
    _from(message, (State.FAILED, State.UNKNOWN), changes, "Only a failed message can be sent again.")


def _from(message: Message, states: tuple[State, ...], changes: dict, refusal: str) -> None:
    with transaction.atomic():
        if not Message.objects.filter(id=message.id, state__in=states).update(**changes):
            code = "not_failed" if State.FAILED in states else "not_waiting"
            raise DomainError(code, refusal, kind="conflict")
        transaction.on_commit(wake.loop)
    message.refresh_from_db()
