"""What the public templates need beside the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.models import Page, Site

from handraiser.website import stamp
from handraiser.website.models import HomePage, SearchAndShare, SitePicture, StandardPage
from handraiser.website.rules import fields
from handraiser.website.views import find_site, style_version

register = template.Library()


@dataclass(frozen=True)
class Button:
    """The button at the top of every page."""

    label: str
    href: str


@dataclass(frozen=True)
class Entry:
    """A page in the menu or at the foot. `url` as templates of other folders know it from a page."""

    pk: int
    title: str
    url: str


@dataclass(frozen=True)
class Frame:
    """What stands around every page."""

    menu: list[Entry]
    foot: list[Entry]
    privacy: Entry | None
    button: Button | None
    style_version: str


@dataclass(frozen=True)
class Head:
    """What the head of a page says to search engines and networks."""

    title: str
    address: str
    json_ld: SafeString


@register.simple_tag(takes_context=True)
def site_frame(context: template.Context) -> Frame:
    """Menu, foot and button of the site; empty before a site exists."""
    request = context.get("request")
    hue = context["organisation"].brand_hue
    site = find_site(request) if request is not None else None
    if request is None or site is None:
        return Frame([], [], None, None, style_version(hue))
    return stamp.kept(request, ("frame", site.pk), lambda: _frame(site, request, hue))


def _frame(site: Site, request: HttpRequest, hue: str) -> Frame:
    version = style_version(hue)
    home = HomePage.objects.filter(pk=site.root_page_id).first()
    if home is None:
        return Frame([], [], None, None, version)

    def entries(pages: Iterable[Page]) -> list[Entry]:
        return [Entry(page.pk, page.title, page.get_url(request) or "/") for page in pages]

    foot = StandardPage.objects.descendant_of(home).live().filter(in_foot=True).order_by("path")
    target = Page.objects.live().filter(pk=home.button_page_id).first() if home.button_page_id else None
    return Frame(
        menu=entries(home.get_children().live().in_menu()),
        foot=entries(foot),
        privacy=next(iter(entries(page for page in foot if "privacy" in page.slug)), None),
        button=Button(home.button_label, target.url or "/") if target and home.button_label else None,
        style_version=version,
    )


@register.simple_tag(takes_context=True)
def page_head(context: template.Context) -> Head | None:
    """Title, address and data of the page; None where no page of ours is shown."""
    page, request = context.get("page"), context.get("request")
    if not isinstance(page, SearchAndShare):
        return None

    def make() -> Head:
        organisation = context["organisation"]
        return Head(
            title=page.window_title(organisation),
            address=page.canonical(request),
            json_ld=page.json_ld(organisation, request),
        )

    # A draft in preview has the key of the page that is up.
    if request is None or getattr(request, "is_preview", False):
        return make()
    return stamp.kept(request, ("head", page.pk, request.get_host()), make)


@register.simple_tag(takes_context=True)
def share_picture(context: template.Context) -> Any:
    """The page's picture as networks want it."""
    return context["page"].share_picture.get_rendition("fill-1200x630|format-jpeg")


@register.simple_tag(takes_context=True)
def campaign_words(context: template.Context, text: str) -> str:
    """A heading with its campaign fields filled from the address; escaped as any text."""
    request = context.get("request")
    query = request.GET if request is not None else {}
    for name in fields.used(text):
        context["request"].campaign_words[name] = fields.given(name, query)
    return fields.filled(text, query)


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
