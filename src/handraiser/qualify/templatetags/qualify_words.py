"""Words of rules and points in templates."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from handraiser.qualify.rules import wording

register = template.Library()
register.filter("points", wording.points)
register.filter("plain_points", wording.plain)


@register.filter
def bold(text: str) -> SafeString:
    """`Visited **Pricing**` with its object in bold; everything else is escaped."""
    pieces = escape(text).split("**")
    return mark_safe("".join(f"<b>{piece}</b>" if odd % 2 else piece for odd, piece in enumerate(pieces)))
