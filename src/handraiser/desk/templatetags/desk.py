"""Words and marks that the templates of the desk need."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from handraiser.console.templatetags.console import percent
from handraiser.desk import words
from handraiser.kit.statistics import Rate

register = template.Library()
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@register.filter
def spoken(value: str) -> str:
    """A stored word as people write it."""
    return words.spoken(value)


@register.filter
def thousands(number: int) -> str:
    """A count as people read it: 48,000."""
    return f"{number:,}"


@register.filter
def likely(rate: Rate) -> str:
    """The range of a share whose count stands beside it: "88 %, likely 66–97 %"."""
    if rate.value is None or rate.low is None or rate.high is None:
        return ""
    if rate.hits == 0:
        return f"likely under {percent(rate.high)} %"
    return f"{percent(rate.value)} %, likely {percent(rate.low)}–{percent(rate.high)} %"


@register.filter
def marked(text: str) -> SafeString:
    """A sentence of a timeline: what stands between ** marks is bold, all else is text."""
    return mark_safe(_BOLD.sub(r"<b>\1</b>", str(escape(text))))


@register.filter
def minute(at: datetime) -> SafeString:
    """When something happened, in the zone of the moment: the minute, and the rest for who points at it.

    A page of a timeline has hundreds; Django's own `date` costs ten times as much.
    """
    exact = f"{at:%A} {at.day} {at:%B %Y, %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, f"{at:%H:%M}")
