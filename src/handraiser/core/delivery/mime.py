"""The bytes of a message."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.conf import settings

from handraiser.core.delivery.models import Message
from handraiser.core.staff.models import Organisation


def sender(message: Message, organisation: Organisation) -> Address:
    """Who it is from: always the organisation's own address, in the name of whoever writes."""
    address = organisation.sender_email or settings.DEFAULT_FROM_EMAIL
    name = message.sender_name or organisation.sender_name or organisation.name
    return Address(display_name=_line(name), addr_spec=address)


def build(message: Message, organisation: Organisation, *, at: datetime) -> EmailMessage:
    """Text and HTML of a message with all its headers. Raises ValueError for an address that is none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender(message, organisation)
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = _line(message.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message.message_id
    if message.reply_to:
        mail["Reply-To"] = Address(addr_spec=message.reply_to)
    for name, value in message.headers.items():
        mail[name] = _line(value)
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return mail


def _line(value: str) -> str:
    return " ".join(value.split())
