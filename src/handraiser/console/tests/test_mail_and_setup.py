"""The mail server and the first run."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from django.conf import settings as live
from django.db import connection

from handraiser.core.staff.models import Organisation
from handraiser.kit import sealing

SECRET = "a-password-that-must-not-be-found"
MAIL = {
    "sender_name": "",
    "sender_email": "hello@northlight.example.com",
    "smtp_host": "127.0.0.1",
    "smtp_port": "2525",
    "smtp_security": "none",
    "smtp_user": "",
    "password": "",
}


@pytest.fixture
def mail_server():
    """A mail server of a few lines; yields (port, bodies)."""
    listener = socket.create_server(("127.0.0.1", 0))
    bodies: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                wire.write(b"220 ready\r\n")
                wire.flush()
                while line := wire.readline():
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        wire.write(b"354 go\r\n")
                        wire.flush()
                        body = b""
                        while (part := wire.readline()) != b".\r\n":
                            body += part
                        bodies.append(body)
                    wire.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                    wire.flush()
                    if verb == b"QUIT":
                        break

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], bodies
    listener.close()


def test_the_password_is_sealed_at_rest(mira, login):
    page = login(mira).post("/admin/settings/mail/", {**MAIL, "smtp_user": "northlight", "password": SECRET})
    assert page.status_code == 302
    row = Organisation.get()
    assert SECRET not in str(Organisation.objects.values().get())
    assert sealing.unseal(row.smtp_password_sealed) == SECRET
    assert SECRET not in login(mira).get("/admin/settings/mail/").content.decode()


def test_an_empty_password_keeps_the_stored_one(mira, login):
    login(mira).post("/admin/settings/mail/", {**MAIL, "smtp_user": "northlight", "password": SECRET})
    login(mira).post("/admin/settings/mail/", {**MAIL, "smtp_user": "northlight", "smtp_port": "465"})
    row = Organisation.get()
    assert row.smtp_port == 465 and sealing.unseal(row.smtp_password_sealed) == SECRET


@pytest.mark.django_db(transaction=True)
def test_the_sealed_password_is_not_in_the_file(mira, login):
    login(mira).post("/admin/settings/mail/", {**MAIL, "smtp_user": "northlight", "password": SECRET})
    if connection.vendor == "sqlite":
        name = Path(connection.settings_dict["NAME"])
        stored = b"".join(
            file.read_bytes() for file in (name, name.with_name(name.name + "-wal")) if file.exists()
        )
    else:
        with connection.cursor() as cursor:
            cursor.execute("select row::text from staff_organisation row")
            stored = cursor.fetchone()[0].encode()
    assert b"northlight" in stored and SECRET.encode() not in stored


def test_a_test_mail_goes_out(mira, login, mail_server, settings):
    port, bodies = mail_server
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    page = login(mira).post("/admin/settings/mail/", {**MAIL, "smtp_port": str(port), "test": "1"})
    assert page.status_code == 302
    assert Organisation.get().mail_tested_at is not None
    assert b"Test mail from Northlight" in bodies[0]


def test_a_private_server_needs_the_operators_leave(mira, login):
    page = login(mira).post("/admin/settings/mail/", {**MAIL, "test": "1"})
    assert page.status_code == 422
    assert "private network" in page.content.decode()
    assert Organisation.get().mail_tested_at is None


def test_the_first_owner_is_led_through_the_set_up(mira, login, settings, mail_server):
    port, _ = mail_server
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    assert live.DEMO is False
    Organisation.objects.update(set_up_at=None, name="Your organisation")
    browser = login(mira)
    assert browser.get("/admin/").headers["Location"] == "/admin/settings/setup/"
    you = browser.post(
        "/admin/settings/setup/you/", {"name": "Mira Voss", "email": "Mira.Voss@northlight.example.com"}
    )
    assert you.headers["Location"] == "/admin/settings/setup/organisation/"
    mira.refresh_from_db()
    assert mira.email == "mira.voss@northlight.example.com"
    first = browser.post(
        "/admin/settings/setup/organisation/",
        {"name": "Northlight", "postal_address": "1 Example Street", "brand_hue": "#0C6B58"},
    )
    assert first.headers["Location"] == "/admin/settings/setup/place/"
    second = browser.post(
        "/admin/settings/setup/place/", {"time_zone": "Europe/Berlin", "currency": "EUR", "country": "DE"}
    )
    assert second.headers["Location"] == "/admin/settings/setup/mail/"
    refused = browser.post("/admin/settings/setup/mail/", {**MAIL, "smtp_port": "1"})
    assert refused.status_code == 422
    said = refused.content.decode()
    assert "does not answer: nothing listens there. Check name and port" in said and "Errno" not in said
    done = browser.post("/admin/settings/setup/mail/", {**MAIL, "smtp_port": str(port)})
    assert done.headers["Location"] == "/admin/"
    row = Organisation.get()
    assert row.set_up_at and row.mail_tested_at and (row.name, row.currency) == ("Northlight", "EUR")


def test_mail_can_wait(mira, login):
    Organisation.objects.update(set_up_at=None)
    assert login(mira).post("/admin/settings/setup/finish/").headers["Location"] == "/admin/"
    assert Organisation.get().set_up_at is not None


def test_the_site_is_there_when_the_set_up_is_done(mira, login, client):
    Organisation.objects.update(set_up_at=None)
    login(mira).post("/admin/settings/setup/finish/")
    front = client.get("/")
    assert front.status_code == 200 and "Northlight" in front.content.decode()


def test_a_rep_is_not_led_through_the_set_up(mira, dana, login):
    Organisation.objects.update(set_up_at=None)
    assert "setup" not in login(dana).get("/admin/").headers.get("Location", "")


def test_a_made_up_owner_is_asked_for_a_name(mira, dana, login):
    mira.email = "owner@example.com"
    mira.save()
    browser = login(mira)
    assert 'value="owner@example.com"' not in browser.get("/admin/settings/setup/").content.decode()
    taken = browser.post("/admin/settings/setup/you/", {"name": "Mira", "email": dana.email})
    assert taken.status_code == 422 and "has this address" in taken.content.decode()
