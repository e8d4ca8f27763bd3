"""The mark that a rendered form carries: when it was rendered, signed. It survives a cached page."""

from __future__ import annotations

from datetime import datetime

from django.core.signing import BadSignature, Signer

_signer = Signer(salt="handraiser.capture.mark", sep="~")


def made(at: datetime) -> str:
    """The mark of a form that is rendered now."""
    return _signer.sign(str(int(at.timestamp())))


def age(mark: str, *, at: datetime) -> float | None:
    """Seconds since the form was rendered; None if the mark is missing, forged or from the future."""
    try:
        rendered = int(_signer.unsign(mark))
    except (BadSignature, ValueError):
        return None
    # Clocks of two machines differ by a little.
    seconds = at.timestamp() - rendered
    return max(seconds, 0.0) if seconds > -60 else None
