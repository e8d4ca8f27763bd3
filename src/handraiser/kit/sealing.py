"""Secrets at rest: sealed with a key that lies outside the database."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from handraiser.kit.errors import Misconfigured


def _box() -> Fernet:
    digest = hashlib.sha256(b"handraiser.sealing:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(plain: str) -> str:
    """Encrypt a secret for storing; "" stays ""."""
    return _box().encrypt(plain.encode()).decode() if plain else ""


def unseal(sealed: str) -> str:
    """The secret again. Raises Misconfigured if it was sealed with another key."""
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Misconfigured(
            "A stored secret cannot be read: secret.key is not the one it was sealed with. Enter it again."
        ) from None
