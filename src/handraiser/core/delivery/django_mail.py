"""Mail that Django's own parts send (password reset): it goes through the ledger like all other mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from handraiser.core.delivery.actions import messages
from handraiser.kit import clock, ids


class LedgerBackend(BaseEmailBackend):
    """Queues each mail once per recipient, as system mail."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue them; returns how many mails were taken."""
        now = clock.now()
        for mail in email_messages:
            html = ""
            if isinstance(mail, EmailMultiAlternatives):
                html = next((str(body) for body, kind in mail.alternatives if kind == "text/html"), "")
            for to in mail.recipients():
                messages.queue(
                    key=f"django:{ids.new('mail')}",
                    to=to,
                    purpose="system",
                    template="account",
                    subject=str(mail.subject),
                    text=str(mail.body),
                    html=html,
                    at=now,
                )
        return len(email_messages)
