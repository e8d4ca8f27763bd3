"""How messages read on a timeline. The journal holds no subject: `subject` in the body is what the caller looked up
for many at once, else it is looked up here."""

from __future__ import annotations

from typing import Any

from handraiser.core.delivery.models import Message
from handraiser.core.delivery.rules import suppress
from handraiser.core.people.sentences import Sentence


def _subject(body: dict[str, Any]) -> str:
    subject = body.get("subject")
    if subject is None:
        found = Message.objects.filter(id=body.get("message", ""))
        subject = found.values_list("subject", flat=True).first()
    # Bold is marked by asterisks; a subject's own would end it early.
    return f"**{subject.replace('*', '')}**" if subject else "**an email**"


def _failed(body: dict[str, Any]) -> Sentence:
    if body["outcome"] == "unknown":
        return Sentence("mail", f"Sending {_subject(body)} was cut off; nobody knows if it arrived", "email")
    return Sentence("mail", f"{_subject(body)} could not be delivered", "email")


def _by_machine(verb: str, body: dict[str, Any]) -> Sentence:
    machine = body.get("machine")
    if machine:
        return Sentence("mail", f"A machine {verb} {_subject(body)} ({machine})", "system")
    return Sentence("mail", f"{verb.capitalize()} {_subject(body)}", "email")


def _suppressed(body: dict[str, Any]) -> Sentence:
    why = suppress.SHORT.get(body["reason"], body["reason"])
    return Sentence("x", f"{_subject(body)} was not sent: {why}", "system")


SENTENCES = {
    "delivery.message_queued": lambda body: Sentence("mail", f"{_subject(body)} was queued", "system"),
    "delivery.message_sent": lambda body: Sentence("mail", f"Was sent {_subject(body)}", "email"),
    "delivery.message_failed": _failed,
    "delivery.message_suppressed": _suppressed,
    "delivery.email_opened": lambda body: _by_machine("opened", body),
    "delivery.email_clicked": lambda body: _by_machine("followed a link in", body),
    "delivery.unsubscribed": lambda body: Sentence("x", "**Unsubscribed** from news by email", "email"),
}
