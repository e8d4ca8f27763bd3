"""Trying the mail server that somebody is about to set."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from handraiser.core.delivery import mime, server
from handraiser.core.delivery.models import Message
from handraiser.core.staff.models import Organisation
from handraiser.kit import ids
from handraiser.kit.errors import DomainError


def test(*, to: str, at: datetime, organisation: Organisation | None = None) -> str:
    """Send one test mail at once, outside the queue, and return what the server answered.

    `organisation` may carry settings that are not saved yet. Raises DomainError("demo"), ("no_server") or
    ("smtp_failed") with a sentence that says what to mend.
    """
    organisation = organisation or Organisation.get()
    if settings.DEMO:
        raise DomainError("demo", "Demo: nothing leaves this machine, so there is no server to test.")
    if not organisation.smtp_host:
        raise DomainError("no_server", "Enter the name of the mail server first.", field="smtp_host")
    message_id = ids.new("test")
    domain = organisation.sender_email.rpartition("@")[2] or "localhost"
    message = Message(
        id=message_id,
        to=to,
        purpose="system",
        subject=f"Test mail from {organisation.name}",
        text="This mail was sent by Handraiser to test the mail server. It works.\n",
        headers={"Auto-Submitted": "auto-generated"},
        message_id=f"<{message_id}@{domain}>",
    )
    try:
        content = mime.build(message, organisation, at=at).as_bytes()
    except (ValueError, IndexError):
        raise DomainError(
            "bad_address", f"{to} is not an email address. Example: ana@company.example.com", field="to"
        ) from None
    try:
        with server.Session(server.of(organisation)) as session:
            answer = session.send(sender=mime.sender(message, organisation).addr_spec, to=to, content=content)
    except (server.Unreachable, server.CutOff) as error:
        raise DomainError("smtp_failed", str(error), field="smtp_host") from error
    if answer.outcome != "sent":
        raise DomainError("smtp_failed", f"The server refused the mail: {answer.reply}", field="smtp_host")
    return answer.reply
