"""Signing in: the page, the lockout, the second step, a new password."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

LOGIN = "/accounts/login/"


def try_in(browser, user, password="correct horse battery"):
    return browser.post(LOGIN, {"login": user.email, "password": password})


def test_the_right_password_opens(dana):
    browser = Client()
    assert "Sign in" in browser.get(LOGIN).content.decode()
    assert try_in(browser, dana).status_code == 302
    assert browser.get("/admin/settings/you/").status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302
    assert browser.get("/admin/settings/you/").status_code == 302


def test_five_wrong_passwords_lock(dana, ben):
    browser = Client()
    for _ in range(4):
        assert try_in(browser, dana, "wrong").status_code == 200
    assert try_in(browser, dana, "wrong").status_code == 429
    locked = try_in(browser, dana)
    assert locked.status_code == 429
    assert "Too many tries" in locked.content.decode()
    assert try_in(Client(), ben).status_code == 302  # others are not locked out


def test_a_closed_account_cannot_sign_in(dana):
    dana.is_active = False
    dana.save()
    browser = Client()
    try_in(browser, dana)
    assert browser.get("/admin/settings/you/").status_code == 302


def test_the_second_step_is_asked(dana):
    secret = generate_totp_secret()
    TOTP.activate(dana, secret)
    browser = Client()
    assert try_in(browser, dana).headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert browser.get("/admin/settings/you/").status_code == 302
    assert "6 digits" in browser.get("/accounts/2fa/authenticate/").content.decode()
    assert browser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    assert browser.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert browser.get("/admin/settings/you/").status_code == 200
    assert get_adapter().is_mfa_enabled(dana)


@pytest.mark.parametrize("address", ["dana@northlight.example.com", "nobody@northlight.example.com"])
def test_asking_for_a_new_password_does_not_say_who_is_here(dana, address):
    page = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
    assert "If this address" in page.content.decode()


def test_a_new_password_through_the_link_ends_a_lockout(dana, mailoutbox):
    browser = Client()
    for _ in range(5):
        try_in(browser, dana, "wrong")
    assert try_in(browser, dana).status_code == 429
    browser.post("/accounts/password/reset/", {"email": dana.email})
    link = re.search(r"/accounts/password/reset/key/[^\s)]+", mailoutbox[0].body)[0]
    form = browser.get(link, follow=True)
    assert "Choose a new password" in form.content.decode()
    browser.post(
        form.redirect_chain[-1][0], {"password1": "quiet river stones", "password2": "quiet river stones"}
    )
    assert try_in(Client(), dana, "quiet river stones").status_code == 302


def test_nobody_signs_up_alone(db):
    assert Client().get("/accounts/signup/").status_code == 302
