"""Words of rules and points in templates."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from handraiser.qualify.rules import wording

register = template.Library()
_MARKED = re.compile(r"\*\*(.+?)\*\*(?!\*)")
register.filter("points", wording.points)
register.filter("plain_points", wording.plain)


@register.filter
def bold(text: str) -> SafeString:
    """`Visited **Pricing**` with its object in bold; everything else is escaped."""
    # A value may end in a star of its own: "/careers/*".
    return mark_safe(_MARKED.sub(r"<b>\1</b>", escape(text)))


@register.filter
def per_cent(share: float) -> str:
    """A share of 1 as per cent, with a decimal where a whole number would say too little."""
    return f"{share * 100:.0f}" if share >= 0.095 else f"{share * 100:.1f}"
