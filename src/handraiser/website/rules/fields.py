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


def filled(text: str, query: Mapping[str, str]) -> str:
    """The text with its fields filled. The result is plain text: escape it."""

    def value(match: re.Match[str]) -> str:
        name, fallback = match[1], (match[2] or "").strip()
        if name not in ALLOWED:
            return fallback
        given = " ".join(_ODD.sub(" ", query.get(name, "").replace("_", " ")).split())
        return given if 0 < len(given) <= MOST_CHARACTERS else fallback

    return _FIELD.sub(value, text)
