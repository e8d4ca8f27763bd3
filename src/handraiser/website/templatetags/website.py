"""What the public templates need beside the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.models import Page, Site

from handraiser.core.staff.models import Organisation
from handraiser.website.models import HomePage, SitePicture, StandardPage
from handraiser.website.rules import fields
from handraiser.website.views import style_version

register = template.Library()


@dataclass(frozen=True)
class Button:
    """The button at the top of every page."""

    label: str
    href: str


@dataclass(frozen=True)
class Frame:
    """What stands around every page."""

    menu: list[Page]
    foot: list[Page]
    privacy: Page | None
    button: Button | None
    style_version: str


@register.simple_tag(takes_context=True)
def site_frame(context: template.Context) -> Frame:
    """Menu, foot and button of the site; empty before a site exists."""
    version = style_version(Organisation.get().brand_hue)
    site = Site.find_for_request(context.get("request")) if context.get("request") else None
    home = HomePage.objects.filter(pk=site.root_page_id).first() if site else None
    if home is None:
        return Frame([], [], None, None, version)
    foot = list(StandardPage.objects.descendant_of(home).live().filter(in_foot=True).order_by("path"))
    target = Page.objects.live().filter(pk=home.button_page_id).first() if home.button_page_id else None
    return Frame(
        menu=list(home.get_children().live().in_menu()),
        foot=foot,
        privacy=next((page for page in foot if "privacy" in page.slug), None),
        button=Button(home.button_label, target.url or "/") if target and home.button_label else None,
        style_version=version,
    )


@register.simple_tag(takes_context=True)
def canonical(context: template.Context) -> str:
    """The one address of the page."""
    return str(context["page"].canonical(context.get("request")))


@register.simple_tag(takes_context=True)
def share_picture(context: template.Context) -> Any:
    """The page's picture as networks want it."""
    return context["page"].share_picture.get_rendition("fill-1200x630|format-jpeg")


@register.simple_tag(takes_context=True)
def campaign_words(context: template.Context, text: str) -> str:
    """A heading with its campaign fields filled from the address; escaped as any text."""
    request = context.get("request")
    return fields.filled(text, request.GET if request is not None else {})


@register.simple_tag
def site_picture(picture: SitePicture, spec: str, text: str, css_class: str) -> SafeString:
    """A picture as WebP, with its size, so that nothing moves when it comes."""
    rendition = picture.get_rendition(f"{spec}|format-webp")
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}" class="{}" decoding="async">',
        rendition.url,
        rendition.width,
        rendition.height,
        text,
        css_class,
    )


def _lines(title: str, width: int = 15) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines[:3]


@register.simple_tag
def art(name: str, title: str, line: str) -> SafeString:
    """A drawing in the brand's colours; "" for a name that is not known."""
    if name not in ("cover", "report", "stop", "checklist", "funnel"):
        return SafeString("")
    lines = [{"text": text, "y": 42 + 24 * number} for number, text in enumerate(_lines(title or ""))]
    values = {"title": title, "lines": lines, "small": line, "below": 40 + 24 * len(lines)}
    return SafeString(render_to_string(f"website/art/{name}.html", values).strip())


@register.filter
def initials(name: str) -> str:
    """Two letters for somebody."""
    words = [word for word in str(name).split() if word[:1].isalpha()] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
