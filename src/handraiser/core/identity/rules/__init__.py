"""Who is who, without Django: how identifiers are written, and which records are probably one person."""

from handraiser.core.identity.rules.identifiers import EMAIL_MAX, normal_email, normal_phone

__all__ = ["EMAIL_MAX", "normal_email", "normal_phone"]
