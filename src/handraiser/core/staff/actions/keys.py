"""Keys for programs: made, checked, revoked. Only a hash is kept, so a key is shown once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import ApiKey, User
from handraiser.kit import clock, ids, rows
from handraiser.kit.errors import DomainError

_USED_EVERY = timedelta(minutes=1)  # how exact "last used" is; each request must not write


def hash_of(secret: str) -> str:
    """What is kept of a key. It holds 256 bits of chance, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create(
    *, name: str, scopes: list[str], at: datetime, public: bool = False, by: User | None = None
) -> tuple[ApiKey, str]:
    """Make a key; returns the row and the secret, which cannot be shown again.

    Raises DomainError("no_name"), ("no_scope") or, as a public key stands in pages, ("public_scope").
    """
    if not name.strip():
        raise DomainError("no_name", "A key needs a name, so that it can be found again.", field="name")
    if not scopes:
        raise DomainError("no_scope", "A key needs at least one scope.", field="scopes")
    if public and scopes != ["collect"]:
        raise DomainError("public_scope", "A public key may only send events.", field="scopes")
    secret = f"{'hrp' if public else 'hrs'}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        id=ids.new("key", at_ms=clock.ms(at)),
        name=name.strip()[:120],
        prefix=secret[:10],
        hash=hash_of(secret),
        scopes=scopes,
        public=public,
        made_by=by,
        created_at=at,
    )
    audit.record(
        actor=by or "the command line",
        action="key.created",
        object=key.name,
        at=at,
        detail={"scopes": scopes, "public": public},
    )
    return key, secret


def verify(*, secret: str, scope: str | None, at: datetime) -> ApiKey | None:
    """The key behind a secret if it is in force (and holds the scope, when one is asked for)."""
    # Looking up a hash leaks no timing of the secret itself.
    found = rows.find(ApiKey, {"hash": hash_of(secret), "revoked_at": None})
    key = found[0] if found else None
    if key is None or (scope is not None and scope not in key.scopes and "*" not in key.scopes):
        return None
    if key.used_at is None or at - key.used_at > _USED_EVERY:
        ApiKey.objects.filter(id=key.id).update(used_at=at)
    return key


@transaction.atomic
def revoke(*, key: ApiKey, at: datetime, by: User | None = None) -> bool:
    """End a key at once; False if it was ended already."""
    ended = bool(ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=at))
    if ended:
        audit.record(actor=by or "the command line", action="key.revoked", object=key.name, at=at)
    return ended
