"""API keys: shown once, checked by hash, ended at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.core.staff.actions import keys
from handraiser.core.staff.models import ApiKey, AuditEntry
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def test_a_key_opens_its_scope_and_no_other(db):
    now = clock.now()
    key, secret = keys.create(name="Website", scopes=["collect"], at=now)
    assert keys.verify(secret=secret, scope="collect", at=now) == key
    assert keys.verify(secret=secret, scope="leads:read", at=now) is None
    assert keys.verify(secret=secret + "x", scope="collect", at=now) is None
    assert secret not in str(ApiKey.objects.values().get())


def test_a_revoked_key_opens_nothing(db, mira):
    now = clock.now()
    key, secret = keys.create(name="Website", scopes=["*"], at=now, by=mira)
    assert keys.revoke(key=key, at=now, by=mira)
    assert keys.verify(secret=secret, scope="collect", at=now) is None
    assert not keys.revoke(key=key, at=now, by=mira)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["key.created", "key.revoked"]


def test_a_public_key_may_only_send_events(db):
    with pytest.raises(DomainError, match="may only send events"):
        keys.create(name="Page", scopes=["leads:read"], public=True, at=clock.now())


def test_last_use_is_kept_to_the_minute(db):
    now = clock.now()
    key, secret = keys.create(name="Website", scopes=["collect"], at=now)
    keys.verify(secret=secret, scope="collect", at=now)
    keys.verify(secret=secret, scope="collect", at=now + timedelta(seconds=30))
    key.refresh_from_db()
    assert key.used_at == now


def test_the_screen_shows_the_key_once(mira, login):
    page = login(mira).post(
        "/admin/settings/keys/new/", {"name": "CRM", "kind": "secret", "scopes": ["leads:read"]}
    )
    text = page.content.decode()
    start = text.index("data-secret>") + len("data-secret>")
    secret = text[start : text.index("<", start)]
    assert keys.verify(secret=secret, scope="leads:read", at=clock.now())
    assert secret not in login(mira).get("/admin/settings/keys/").content.decode()
    assert "no-store" in page["Cache-Control"]
