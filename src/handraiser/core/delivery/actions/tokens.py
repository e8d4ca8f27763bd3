"""The signed words in our links: what they name cannot be changed, and names nothing personal."""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, Signer

from handraiser.kit.errors import DomainError


def _signer(use: str) -> Signer:
    return Signer(salt=f"handraiser.delivery.{use}", sep="~")


def link(message_id: str, number: int) -> str:
    """The address that stands in the mail for its tracked link of this number."""
    return f"{settings.BASE_URL}/c/{_signer('click').sign(f'{message_id}.{number}')}"


def pixel(message_id: str) -> str:
    """The address of the picture that tells us of an open."""
    return f"{settings.BASE_URL}/o/{_signer('open').sign(message_id)}.gif"


def unsubscribe(message_id: str) -> str:
    """The address where the reader of this message can say no."""
    return f"{settings.BASE_URL}/u/{_signer('unsubscribe').sign(message_id)}"


def read(token: str, *, use: str) -> str:
    """What a token names. Raises DomainError("bad_link") if it is not ours."""
    try:
        return _signer(use).unsign(token)
    except BadSignature:
        raise DomainError(
            "bad_link", "This link is not complete. Open it again from the mail.", kind="missing"
        ) from None
