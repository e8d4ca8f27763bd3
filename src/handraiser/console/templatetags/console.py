"""Components of the back office as template tags, each with a partial in `templates/console/components/`.

The tags are built in: a template needs no `{% load %}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zlib import crc32

from django import template
from django.forms import BoundField, CheckboxInput, ClearableFileInput, RadioSelect, Select, Textarea
from django.template.base import NodeList, Parser, Token
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from handraiser.console.navigation import SETTINGS
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role
from handraiser.kit import clock
from handraiser.kit.statistics import Rate

register = template.Library()

PARTIALS = "console/components"


# --- pictures ----------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A 16 px stroke icon of the sprite. It is decoration: the words beside it carry the meaning."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        extra,
        static("console/icons.svg"),
        name,
    )


@register.inclusion_tag(f"{PARTIALS}/avatar.html")
def avatar(name: object, key: object = "", size: str = "") -> dict[str, str]:
    """Initials on a tint that follows from `key` (a public id; default: the name). Sizes: "", md, lg; sq."""
    words = [word for word in str(name).split() if word[:1].isalnum()] or ["?"]
    initials = (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
    tint = ("", "a", "b", "c", "d")[crc32(str(key or name).encode()) % 5]
    return {"initials": initials, "tint": tint, "size": size}


# --- what a lead is ----------------------------------------------------------------------------------

WARMTH = {"cold": "Cold", "warm": "Warm", "hot": "Hot"}


@register.inclusion_tag(f"{PARTIALS}/score.html")
def score(points: object, grade: str = "", temperature: str = "cold") -> dict[str, object]:
    """The score chip: strokes, points as people read them (`lead.score`), grid letter."""
    return {
        "points": points,
        "grade": grade,
        "temperature": temperature,
        "warmth": WARMTH.get(temperature, "Not scored"),
    }


STAGES = {
    "lead": "Lead",
    "mql": "MQL",
    "pql": "PQL",
    "accepted": "Accepted",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "recycled": "Recycled",
    "disqualified": "Disqualified",
}


@register.inclusion_tag(f"{PARTIALS}/stage.html")
def stage(key: str, reason: str = "", pill: bool = False) -> dict[str, object]:
    """The stage badge: a ring that fills. Recycled and disqualified are dashed, with the reason on hover."""
    return {
        "key": key,
        "label": STAGES.get(key, key),
        "off": key in ("recycled", "disqualified"),
        "reason": reason,
        "pill": pill,
    }


# --- numbers and times -------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share as people read it: one decimal under ten per cent, none above."""
    value = share * 100
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def in_words(rate: Rate) -> str:
    """The range of a rate in words: "likely 10–15 %, n 612"; nothing counted is unknown, not zero."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "nothing counted yet"
    if rate.hits == 0:
        return f"0 of {rate.n:,}, likely under {percent(rate.high)} %"
    # One precision for both ends: "6–51", but "1.8–2.4".
    digits = 0 if rate.high >= 0.0995 else 1
    low, high = f"{rate.low * 100:.{digits}f}", f"{rate.high * 100:.{digits}f}"
    return f"likely {low}–{high} %, n {rate.n:,}"


@register.inclusion_tag(f"{PARTIALS}/rate.html")
def rate(value: Rate, bar: bool = False) -> dict[str, object]:
    """A `kit.statistics.Rate` with its honest range, in one line; `bar=True` draws the range as well."""
    known = value.value is not None
    return {
        "share": percent(value.value) if value.value is not None else "",
        "known": known,
        "words": in_words(value),
        "bar": bar and known,
        "low": 100 * (value.low or 0),
        "width": 100 * ((value.high or 0) - (value.low or 0)),
        "point": 100 * (value.value or 0),
    }


def _span(seconds: float) -> str:
    minutes = seconds / 60
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h"


@register.inclusion_tag(f"{PARTIALS}/ago.html")
def ago(moment: datetime | None, unknown: str = "never") -> dict[str, object]:
    """Relative under a day, else the date; the exact time is in the title. The reader's zone is active."""
    if moment is None:
        return {"moment": None, "text": unknown}
    local = timezone.localtime(moment)
    today = timezone.localtime(clock.now())
    seconds = (clock.now() - moment).total_seconds()
    if 0 <= seconds < 86400:
        text = "just now" if seconds < 60 else f"{_span(seconds)} ago"
    elif -86400 < seconds < 0:
        text = "now" if seconds > -60 else f"in {_span(-seconds)}"
    elif (today.date() - local.date()).days == 1:
        text = "yesterday"
    else:
        year = "" if local.year == today.year else f" {local.year}"
        text = f"{local.day} {local:%b}{year}"
    return {
        "moment": moment,
        "text": text,
        "exact": f"{local:%A} {local.day} {local:%B %Y, %H:%M} {local.tzname()}",
    }


SYMBOLS = {
    "GBP": "£",
    "EUR": "€",
    "USD": "$",
    "JPY": "¥",
    "INR": "₹",
    "BRL": "R$",
    "CHF": "CHF ",
    "CAD": "CA$",
}
WITHOUT_MINOR = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})


@register.simple_tag
def money(minor: int | None, currency: str = "GBP", unknown: str = "Unknown") -> str:
    """An amount in minor units, with its sign and grouping; whole amounts without decimals."""
    if minor is None:
        return unknown
    sign = "−" if minor < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    if currency in WITHOUT_MINOR:
        return f"{sign}{symbol}{abs(minor):,}"
    whole, rest = divmod(abs(minor), 100)
    return f"{sign}{symbol}{whole:,}" + (f".{rest:02}" if rest else "")


@register.filter
def short(number: int) -> str:
    """A count for the side: over 999 as 1.2k."""
    return str(number) if number < 1000 else f"{number / 1000:.1f}k".replace(".0k", "k")


# --- pieces of a screen ------------------------------------------------------------------------------


@register.inclusion_tag(f"{PARTIALS}/empty_state.html")
def empty_state(
    title: str, text: str = "", url: str = "", action: str = "", icon_name: str = "lead", small: bool = False
) -> dict[str, object]:
    """What will be here, why it is empty, one action that names the next click."""
    return {
        "title": title,
        "text": text,
        "url": url,
        "action": action,
        "icon_name": icon_name,
        "small": small,
    }


@register.inclusion_tag(f"{PARTIALS}/tabs.html")
def tabs(items: Iterable[tuple[Any, ...]], label: str = "Sections") -> dict[str, object]:
    """The second level: items are (label, url, is_current, count or None)."""
    return {"items": [(*item, None)[:4] for item in items], "label": label}


@register.inclusion_tag(f"{PARTIALS}/tabs.html", takes_context=True)
def settings_tabs(context: template.Context) -> dict[str, object]:
    """The tabs of Settings that this person may open."""
    request = context["request"]
    mine = [entry for entry in SETTINGS if request.user.role in entry.roles]
    items = [(entry.label, entry.url, request.path.startswith(entry.url), None) for entry in mine]
    return {"items": items, "label": "Settings"}


@register.inclusion_tag(f"{PARTIALS}/field.html")
def field(bound: BoundField, help: str = "", width: str = "") -> dict[str, object]:
    """A form row: label above, field, help below; an error replaces the help. Optional is marked."""
    widget = bound.field.widget
    check = isinstance(widget, CheckboxInput)
    group = isinstance(widget, RadioSelect) or getattr(widget, "allow_multiple_selected", False)
    group = group and not (isinstance(widget, Select) and not isinstance(widget, RadioSelect))
    attributes: dict[str, str | bool] = {}
    if not check and not group and not isinstance(widget, ClearableFileInput):
        attributes["class"] = f"inp {widget.attrs.get('class', '')} {width}".strip()
    label, hint = str(bound.label).lower(), str(widget.attrs.get("placeholder", "")).lower()
    if hint and (hint.startswith(label) or label.endswith(hint)):
        attributes["placeholder"] = False  # the label says it already
    if isinstance(widget, Textarea) and widget.attrs.get("rows") == "10":
        attributes["rows"] = "4"
    described = f"{bound.auto_id}_said"
    if bound.errors or help or bound.help_text:
        attributes["aria-describedby"] = described
    if bound.errors:
        attributes["aria-invalid"] = "true"
    return {
        "bound": bound,
        "rendered": bound.as_widget(attrs=attributes),
        "check": check,
        "group": group,
        "help": help or bound.help_text,
        "described": described,
        "optional": not bound.field.required and not check,
    }


@register.inclusion_tag(f"{PARTIALS}/fields.html")
def fields(form: Any) -> dict[str, object]:
    """All rows of a form, with the errors that belong to no single field above them."""
    return {"form": form}


@register.inclusion_tag(f"{PARTIALS}/pages.html", takes_context=True)
def pages(context: template.Context, page: Any) -> dict[str, object]:
    """Earlier and later pages of a Django `Page`, keeping the other parts of the address."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    return {"page": page, "query": query.urlencode()}


@register.inclusion_tag(f"{PARTIALS}/toast.html", takes_context=True)
def toast(context: template.Context, message: Any) -> dict[str, object]:
    """One of Django's messages as a toast; see `console.toasts`."""
    tags = message.extra_tags or ""
    return {
        "text": str(message),
        "failed": message.level_tag == "error",
        "undo": tags.removeprefix("undo:") if tags.startswith("undo:") else "",
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag(f"{PARTIALS}/only_for.html")
def only_for(roles: Iterable[str]) -> dict[str, str]:
    """Who may do what this person may not, and whom to ask."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True).exclude(name="")[:2]
    names = [PLURALS[Role(role)] for role in roles] or ["nobody"]
    return {"who": _list(names), "ask": _list([owner.name for owner in owners], last="or")}


PLURALS = {Role.OWNER: "owners", Role.MARKETER: "marketers", Role.REP: "sales reps", Role.ANALYST: "analysts"}


def _list(words: list[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


class Captured(template.Node):
    """Renders its content once into a variable, so that a block can stand in two places or in none."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: template.Context) -> str:
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return ""


@register.tag
def captured(parser: Parser, token: Token) -> Captured:
    """`{% captured name %}…{% endcaptured %}`: what stands between, without its outer white space."""
    name = token.split_contents()[1]
    nodelist = parser.parse(("endcaptured",))
    parser.delete_first_token()
    return Captured(name, nodelist)
