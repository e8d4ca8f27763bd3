"""Who works here: invitations, roles, the last owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from handraiser.core.staff.actions import members
from handraiser.core.staff.models import AuditEntry, User
from handraiser.core.staff.roles import Role
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

PASSWORD = "quiet river stones"


def invite(by, role=Role.MARKETER):
    return members.invite(email="Noor@northlight.example.com", role=role, by=by, at=clock.now())


def path(member) -> str:
    return "/join/" + members.join_link(member).partition("/join/")[2]


def test_an_invited_person_chooses_a_password_and_is_in(mira, login):
    page = login(mira).post(
        "/admin/settings/staff/invite/", {"email": "noor@northlight.example.com", "role": "marketer"}
    )
    assert page.status_code == 302
    member = User.objects.get(email="noor@northlight.example.com")
    assert not member.is_active
    browser = Client()
    assert "Welcome to Northlight" in browser.get(path(member)).content.decode()
    link = path(member)
    assert browser.post(link, {"name": "Noor Haddad", "password": PASSWORD}).status_code == 302
    member.refresh_from_db()
    assert member.is_active and member.name == "Noor Haddad" and member.check_password(PASSWORD)
    assert browser.get("/admin/settings/you/").status_code == 200
    assert Client().get(link).status_code == 403  # a link works once


def test_the_invitation_is_mailed(mira, mailoutbox):
    member = invite(mira)
    assert mailoutbox[0].to == [member.email]
    assert members.join_link(member) in mailoutbox[0].body


def test_a_renewed_link_ends_the_old_one(mira):
    old = path(invite(mira))
    members.invite(
        email="noor@northlight.example.com", role="rep", by=mira, at=clock.now() + timedelta(seconds=1)
    )
    assert Client().get(old).status_code == 403


def test_an_old_link_is_over(mira, monkeypatch):
    link = path(invite(mira))
    monkeypatch.setattr(members, "LINK_LASTS", timedelta(seconds=-1))
    page = Client().get(link)
    assert page.status_code == 403
    assert "too old" in page.content.decode()


def test_a_weak_password_is_refused(mira):
    member = invite(mira)
    page = Client().post(path(member), {"name": "Noor", "password": "short"})
    assert page.status_code == 422
    assert not User.objects.get(pk=member.pk).is_active


def test_an_address_that_is_here_cannot_be_invited(mira, dana):
    with pytest.raises(DomainError, match="has an account here"):
        members.invite(email=dana.email, role="rep", by=mira, at=clock.now())


def test_the_last_owner_stays(mira, dana, login):
    browser = login(mira)
    page = browser.post(f"/admin/settings/staff/{mira.pk}/", {"role": "rep"})
    assert page.status_code == 422 and "only owner" in page.content.decode()
    assert browser.post(f"/admin/settings/staff/{mira.pk}/deactivate/").status_code == 409
    mira.refresh_from_db()
    assert mira.role == "owner" and mira.is_active
    members.change(member=dana, role="owner", takes_leads=True, by=mira, at=clock.now())
    members.deactivate(member=mira, by=dana, at=clock.now())
    assert not User.objects.get(pk=mira.pk).is_active


def test_a_closed_account_is_out_at_once(mira, dana, login):
    browser = login(dana)
    assert browser.get("/admin/settings/you/").status_code == 200
    members.deactivate(member=dana, by=mira, at=clock.now())
    assert browser.get("/admin/settings/you/").status_code == 302
    members.reactivate(member=dana, by=mira, at=clock.now())
    assert browser.get("/admin/settings/you/").status_code == 200


def test_a_change_is_written_down(mira, dana):
    members.change(member=dana, role="analyst", takes_leads=False, by=mira, at=clock.now())
    entry = AuditEntry.objects.get(action="staff.changed")
    assert entry.detail["from"]["role"] == "rep" and entry.detail["to"]["role"] == "analyst"


def test_rights_in_wagtail_follow_the_role(mira, dana, marketer):
    assert mira.is_superuser
    assert marketer.has_perm("wagtailadmin.access_admin")
    assert not dana.has_perm("wagtailadmin.access_admin")
    members.change(member=marketer, role="rep", takes_leads=True, by=mira, at=clock.now())
    assert not User.objects.get(pk=marketer.pk).has_perm("wagtailadmin.access_admin")
    members.change(member=marketer, role="owner", takes_leads=True, by=mira, at=clock.now())
    members.change(member=marketer, role="analyst", takes_leads=True, by=mira, at=clock.now())
    assert not User.objects.get(pk=marketer.pk).is_superuser
