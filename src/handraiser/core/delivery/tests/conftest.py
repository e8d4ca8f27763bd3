"""A mail server of one's own, people who said yes, and a firm that may send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller

from handraiser.core.consent.actions import grants
from handraiser.core.people.models import Person

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)


class Mailbox:
    """Takes mail; answers what `replies` says for an address, or what `at_data` says for the content."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []
        self.replies: dict[str, list[str]] = {}
        self.at_data: list[str] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.replies.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.at_data:
            answer = self.at_data.pop(0)
            if answer == "hang up":
                self.mails.append((envelope.rcpt_tos, envelope.content))
                session.peer = None
                server.transport.close()
                return "250 never heard"
            return answer
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 taken"


@pytest.fixture
def mailbox():
    """A real SMTP server on this machine; `mailbox.mails` is what it took."""
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def connected(organisation, mailbox, settings):
    """Northlight with that server set."""
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    settings.DEMO = False
    organisation.smtp_host, organisation.smtp_port, organisation.smtp_security = (
        "127.0.0.1",
        mailbox.port,
        "none",
    )
    organisation.save()
    return organisation


@pytest.fixture
def leila(db):
    """Somebody who said yes to news."""
    person = Person.objects.create(
        first_name="Leila", last_name="Haddad", email="leila@harbour.example.com", created_at=NOW
    )
    grants.grant(
        person=person,
        purpose_key="marketing",
        wording_text="Send me news by email.",
        at=NOW,
        proof={"page": "/playbook"},
    )
    return person
