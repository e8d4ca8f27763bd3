"""From words to a mail: MJML layout, HTML with tracked links, plain text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

import mrml
from django.conf import settings
from django.template.loader import render_to_string

from handraiser.core.delivery.actions import tokens
from handraiser.core.delivery.rules import personalise
from handraiser.core.delivery.rules.personalise import Block
from handraiser.core.staff.models import Organisation
from handraiser.kit.errors import DomainError

_HREF = re.compile(r'(<a\b[^>]*?\bhref=")([^"]+)(")', re.IGNORECASE)
# No web fonts: a mail must not make its reader's machine ask a third host.
_OPTIONS = mrml.RenderOptions(fonts={}, disable_comments=False)


@dataclass(frozen=True)
class Composed:
    """What goes out."""

    html: str
    text: str
    links: list[str] = field(default_factory=list)


def to_html(mjml: str) -> str:
    """Render MJML. Raises DomainError("bad_mjml") with what the renderer said."""
    try:
        return str(mrml.to_html(mjml, render_options=_OPTIONS).content)
    except Exception as error:
        raise DomainError("bad_mjml", f"The mail's layout cannot be read: {error}", field="mjml") from error


def absolute(url: str) -> str:
    """Our own paths with our address in front."""
    return f"{settings.BASE_URL}{url}" if url.startswith("/") else url


def compose(
    *,
    message_id: str,
    subject: str,
    purpose: str,
    organisation: Organisation,
    blocks: list[Block],
    mjml: str = "",
    raw_html: str = "",
    tracked: bool,
) -> Composed:
    """Lay the words out. `mjml` (sections, or a whole document) or `raw_html` replaces the layout's body."""
    marketing = purpose == "marketing"
    unsubscribe = tokens.unsubscribe(message_id) if marketing else ""
    context = {
        "subject": subject,
        "organisation": organisation,
        "blocks": [
            Block(
                tuple(personalise.Span(s.text, absolute(s.url)) if s.url else s for s in block.spans),
                block.button,
            )
            for block in blocks
        ],
        "sections": mjml,
        "marketing": marketing,
        "unsubscribe": unsubscribe,
        "pixel": tokens.pixel(message_id) if tracked else "",
    }
    if raw_html:
        page = raw_html
    elif mjml.lstrip().startswith("<mjml"):
        page = to_html(mjml)
    else:
        page = to_html(render_to_string("delivery/mail/base.mjml", context))
    links: list[str] = []
    if tracked:
        page = _track(page, message_id=message_id, links=links, keep=unsubscribe)
    text = personalise.plain(
        blocks, {span.url: absolute(span.url) for block in blocks for span in block.spans if span.url}
    )
    foot = render_to_string("delivery/mail/foot.txt", context).strip()
    return Composed(html=page, text=f"{text}\n\n{foot}\n" if foot else f"{text}\n", links=links)


def _track(page: str, *, message_id: str, links: list[str], keep: str) -> str:
    """Lead each web link through us; its target is stored with the message: nobody can send it elsewhere."""

    def swap(match: re.Match[str]) -> str:
        url = html.unescape(match[2])
        if not url.startswith(("http://", "https://")) or url == keep:
            return match[0]
        if url not in links:
            links.append(url)
        return f"{match[1]}{html.escape(tokens.link(message_id, links.index(url)))}{match[3]}"

    return _HREF.sub(swap, page)
