"""Campaign fields in a heading: `{{utm_term|reports}}` shows the visitor's own search word, or the fallback.

Only campaign fields may be named, what they hold is cut and cleaned, and it is escaped where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

ALLOWED = ("utm_term", "utm_campaign", "utm_content", "utm_source")
MOST_CHARACTERS = 40
_FIELD = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}")
_ODD = re.compile(r"[^\w\s'’&,.+-]", re.UNICODE)


def used(text: str) -> set[str]:
    """The campaign fields that a text names."""
    return {match[1] for match in _FIELD.finditer(text)} & set(ALLOWED)


def given(name: str, query: Mapping[str, str]) -> str:
    """What the address gives for a field, cut and cleaned; "" if it will not do."""
    value = " ".join(_ODD.sub(" ", query.get(name, "").replace("_", " ")).split())
    return value if len(value) <= MOST_CHARACTERS else ""


def filled(text: str, query: Mapping[str, str]) -> str:
    """The text with its fields filled. The result is plain text: escape it."""

    def value(match: re.Match[str]) -> str:
        name, fallback = match[1], (match[2] or "").strip()
        return (given(name, query) if name in ALLOWED else "") or fallback

    return _FIELD.sub(value, text)
