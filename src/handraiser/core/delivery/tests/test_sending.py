from __future__ import annotations

import email
import os
import subprocess
import sys
from datetime import timedelta
from email.policy import default

import pytest

from handraiser.core.consent.actions import grants
from handraiser.core.delivery.actions import messages, sending, smtp, suppressions
from handraiser.core.delivery.models import Attempt, Message, State, Suppression, Switch
from handraiser.core.delivery.tests.conftest import NOW
from handraiser.core.journal.models import OutboxEvent
from handraiser.kit import outgoing, sealing
from handraiser.kit.errors import DomainError, Misconfigured


def queue(key="k1", **changes):
    given = {"purpose": "marketing", "subject": "Grüße, Leila", "text": "Read [this](/guide).", "at": NOW}
    return messages.queue(key=key, **(given | changes))


def send(at=NOW):
    while sending.send_due(at):
        pass


def test_a_marketing_mail_arrives_with_every_header_it_needs(connected, mailbox, leila):
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    assert message.state == State.SENT and message.sent_at == NOW
    [(recipients, content)] = mailbox.mails
    mail = email.message_from_bytes(content, policy=default)
    assert recipients == ["leila@harbour.example.com"]
    assert mail["Subject"] == "Grüße, Leila"
    assert mail["From"] == "Northlight <hello@northlight.example.com>"
    assert mail["Message-ID"] == f"<{message.id}@northlight.example.com>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"/u/{message.id}" in mail["List-Unsubscribe"]
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "1 Example Street" in text and "1 Example Street" in html
    [attempt] = Attempt.objects.all()
    assert attempt.outcome == "sent" and attempt.reply.startswith("250")


def test_one_message_is_sent_once_however_often_the_sweep_runs(connected, mailbox, leila):
    queue(person=leila)
    for _ in range(3):
        sending.send_due(NOW)
    assert len(mailbox.mails) == 1


def test_what_is_not_due_waits(connected, mailbox, leila):
    queue(person=leila, due_at=NOW + timedelta(hours=1))
    send()
    assert mailbox.mails == []
    send(NOW + timedelta(hours=1))
    assert len(mailbox.mails) == 1


def refused(message):
    message.refresh_from_db()
    return (message.state, message.reason)


def test_without_permission_no_marketing(connected, mailbox, leila):
    message = queue(person=leila)
    grants.withdraw(person=leila, purpose_key="marketing", at=NOW, how="test")
    send()
    assert refused(message) == (State.SUPPRESSED, "no_consent")
    assert mailbox.mails == []
    queue(key="asked for", person=leila, purpose="transactional")
    send()
    assert len(mailbox.mails) == 1


def test_without_a_postal_address_no_marketing(connected, mailbox, leila):
    connected.postal_address = ""
    connected.save()
    message = queue(person=leila)
    send()
    assert refused(message) == (State.SUPPRESSED, "no_postal_address")
    assert mailbox.mails == []


def test_without_a_sender_no_marketing(connected, mailbox, leila):
    message = queue(person=leila)
    connected.sender_email = ""
    connected.save()
    send()
    assert refused(message) == (State.SUPPRESSED, "no_sender")


@pytest.mark.parametrize(
    ("scope", "purpose", "sent"),
    [
        ("marketing", "marketing", 0),
        ("marketing", "transactional", 1),
        ("all", "transactional", 0),
        ("all", "system", 1),
    ],
)
def test_the_suppression_list_is_kept(connected, mailbox, leila, scope, purpose, sent):
    suppressions.add(email="LEILA@harbour.example.com ", reason="complained", scope=scope, at=NOW)
    message = queue(person=leila, purpose=purpose)
    send()
    assert len(mailbox.mails) == sent
    if not sent:
        assert refused(message) == (State.SUPPRESSED, "complained")


def test_a_person_without_an_address_is_named_as_such(connected, mailbox, leila):
    message = queue(person=None, purpose="transactional")
    send()
    assert refused(message) == (State.SUPPRESSED, "no_address")


def test_put_off_is_tried_again_later(connected, mailbox, leila):
    mailbox.replies[leila.email] = ["451 4.7.1 greylisted"]
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    assert message.state == State.WAITING and message.due_at == NOW + timedelta(minutes=5)
    send(NOW + timedelta(minutes=4))
    assert mailbox.mails == []
    send(NOW + timedelta(minutes=5))
    assert len(mailbox.mails) == 1


def test_nobody_at_that_address_is_final_and_is_remembered(connected, mailbox, leila):
    mailbox.replies[leila.email] = ["550 5.1.1 no such user"]
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    assert message.state == State.FAILED and "5.1.1" in message.error
    assert Suppression.objects.get().reason == "bounced"


def test_a_policy_refusal_does_not_blame_the_person(connected, mailbox, leila):
    mailbox.replies[leila.email] = ["550 5.7.1 blocked by reputation"]
    queue(person=leila)
    send()
    assert not Suppression.objects.exists()


def test_cut_off_after_the_content_is_unknown_and_not_repeated(connected, mailbox, leila):
    mailbox.at_data = ["hang up"]
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    assert message.state == State.UNKNOWN
    send(NOW + timedelta(days=2))
    assert len(mailbox.mails) == 1
    messages.send_again(message, at=NOW)
    send()
    message.refresh_from_db()
    assert message.state == State.SENT and len(mailbox.mails) == 2


def test_a_server_that_does_not_answer_keeps_the_queue_and_says_so(connected, mailbox, leila):
    connected.smtp_port = 1
    connected.save()
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    switch = Switch.get()
    assert message.state == State.WAITING and "does not answer" in switch.trouble
    assert switch.retry_at == NOW + timedelta(seconds=30)
    connected.smtp_port = mailbox.port
    connected.save()
    send(NOW + timedelta(seconds=30))
    assert len(mailbox.mails) == 1 and Switch.get().trouble == ""


def test_no_server_set_is_said(organisation, settings, leila):
    settings.DEMO = False
    queue(person=leila)
    send()
    assert "No mail server" in Switch.get().trouble


def test_the_guard_refuses_this_machine(connected, mailbox, leila, settings):
    settings.OUTGOING_ALLOW = []
    queue(person=leila)
    send()
    assert "private network" in Switch.get().trouble and mailbox.mails == []
    for host in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "localhost"):
        with pytest.raises(DomainError, match="private"):
            outgoing.resolve(host, 25)
    settings.OUTGOING_ALLOW = ["10.0.0.0/8", "localhost"]
    assert outgoing.resolve("10.1.2.3", 25) == "10.1.2.3"
    assert outgoing.resolve("localhost", 25) in ("127.0.0.1", "::1")


def test_paused_means_nothing_leaves(connected, mailbox, leila):
    queue(person=leila)
    sending.pause(at=NOW, by="Mira Voss")
    send()
    assert mailbox.mails == []
    sending.resume()
    send()
    assert len(mailbox.mails) == 1


def test_what_is_held_stays(connected, mailbox, leila):
    message = queue(person=leila)
    messages.hold(message, at=NOW)
    send(NOW + timedelta(days=1))
    assert mailbox.mails == []
    messages.release(message, at=NOW)
    send()
    assert len(mailbox.mails) == 1


def test_what_people_wait_for_overtakes_marketing(connected, mailbox, leila):
    for number in range(60):
        queue(key=f"m{number}", person=leila)
    queue(key="notice", to="dana@example.com", purpose="notice", at=NOW)
    sending.send_due(NOW)
    assert mailbox.mails[0][0] == ["dana@example.com"]


def test_demo_keeps_everything_here(connected, mailbox, leila, settings):
    settings.DEMO = True
    message = queue(person=leila)
    send()
    message.refresh_from_db()
    assert message.state == State.SENT and mailbox.mails == []
    assert "demo" in Attempt.objects.get().server


def test_the_test_mail(connected, mailbox, settings):
    assert smtp.test(to="mira@example.com", at=NOW).startswith("250")
    assert b"It works" in mailbox.mails[0][1]
    connected.smtp_port = 1
    with pytest.raises(DomainError, match="does not answer"):
        smtp.test(to="mira@example.com", at=NOW, organisation=connected)
    settings.DEMO = True
    with pytest.raises(DomainError, match="Demo"):
        smtp.test(to="mira@example.com", at=NOW)


def test_a_malformed_address_fails_alone(connected, mailbox, leila):
    bad = queue(key="bad", to="no address at all", purpose="transactional")
    queue(key="good", person=leila)
    send()
    bad.refresh_from_db()
    assert bad.state == State.FAILED and len(mailbox.mails) == 1


def test_passwords_are_sealed(settings):
    sealed = sealing.seal("hunter2")
    assert "hunter2" not in sealed and sealing.unseal(sealed) == "hunter2"
    assert sealing.unseal("") == ""
    settings.SECRET_KEY = "another"
    with pytest.raises(Misconfigured):
        sealing.unseal(sealed)


def test_django_mail_goes_through_the_ledger(connected, mailbox):
    from django.core.mail import get_connection, send_mail

    backend = get_connection("handraiser.core.delivery.django_mail.LedgerBackend")
    send_mail("Reset", "Link: /reset", None, ["mira@example.com"], connection=backend)
    message = Message.objects.get()
    assert (message.purpose, message.to) == ("system", "mira@example.com")
    send(message.due_at)
    assert len(mailbox.mails) == 1


_CHILD = """
import django; django.setup()
from django.conf import settings
from django.db import connections
from handraiser.core.delivery.actions import sending
from handraiser.kit import clock
settings.OUTGOING_ALLOW = ["127.0.0.1"]
sending.send_due(clock.now())
"""


def run_child(home, failpoint=""):
    environment = {
        **os.environ,
        "HANDRAISER_HOME": str(home),
        "HANDRAISER_FAILPOINT": failpoint,
        "HANDRAISER_OUTGOING_ALLOW": "127.0.0.1",
        "HANDRAISER_DEMO": "",
        "DJANGO_SETTINGS_MODULE": "handraiser.config.settings",
    }
    return subprocess.run([sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(("failpoint", "left_the_machine"), [("smtp.before", 0), ("smtp.after", 1)])
def test_a_process_killed_while_sending_leaves_unknown_and_nothing_is_sent_twice(
    failpoint, left_the_machine, transactional_db, connected, mailbox, leila, tmp_path, monkeypatch
):
    from django.db import connection

    first = queue(person=leila)
    second = queue(key="k2", person=leila, due_at=NOW + timedelta(seconds=1))
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    connection.close()
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        monkeypatch.setenv("DATABASE_URL", os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}")
    else:
        (home / "records.sqlite3").symlink_to(name)
    died = run_child(home, failpoint)
    assert died.returncode == -9, died.stderr
    assert len(mailbox.mails) == left_the_machine
    again = run_child(home)
    assert again.returncode == 0, again.stderr
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == State.UNKNOWN
    assert second.state == State.SENT
    assert len(mailbox.mails) == left_the_machine + 1
    assert OutboxEvent.objects.filter(payload__contains='"outcome":"unknown"').count() == 1
