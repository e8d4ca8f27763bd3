"""How identifiers are written so that two spellings of one value are equal. Pure."""

from __future__ import annotations

import unicodedata

import phonenumbers

EMAIL_MAX = 254


def normal_email(text: str) -> str:
    """Lower case, trimmed, Unicode-composed; "" when it is no address.

    Dots and plus signs stay: providers disagree on them, and joining two people is worse than keeping two rows.
    """
    address = unicodedata.normalize("NFKC", text).strip().lower()
    local, at, domain = address.rpartition("@")
    # Of all white space only the plain blank counts as printable.
    plausible = at and local and "." in domain and " " not in address and address.isprintable()
    return address if plausible and len(address) <= EMAIL_MAX and not domain.startswith(".") else ""


def normal_phone(text: str, *, country: str) -> str:
    """E.164, reading numbers without + as of `country` (two letters); "" when it cannot be a number."""
    if not any(c.isdigit() for c in text) or len(text) > 40:
        return ""
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
