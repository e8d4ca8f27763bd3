"""The small language of our mails: `{{ first_name|there }}`, paragraphs, `[label](address)`.

Text is parsed first and filled afterwards, so a value can neither make a link nor break a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_.]*)\s*(?:\|([^{}]*))?\}\}")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(((?:\{\{[^{}\n]*\}\}|[^()\s])+)\)")
_BROKEN = re.compile(r"\{\{|\}\}")
_SPACE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
SCHEMES = ("http", "https", "mailto", "tel")


@dataclass(frozen=True)
class Span:
    """A piece of a paragraph: plain text, or a link when `url` is set."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph; `button` when it is one link alone."""

    spans: tuple[Span, ...]
    button: bool = False


def fields(template: str) -> set[str]:
    """The names of the fields that a text uses."""
    return {match[1] for match in _FIELD.finditer(template)}


def without_fallback(template: str) -> set[str]:
    """The fields that would leave a hole when unknown."""
    return {match[1] for match in _FIELD.finditer(template) if not (match[2] or "").strip()}


def problems(template: str, known: Iterable[str]) -> list[str]:
    """What is wrong with a text, one sentence each; empty if nothing."""
    known = set(known)
    found = [
        f"{{{{ {name} }}}} is not a field we know." for name in sorted(fields(template)) if name not in known
    ]
    if _BROKEN.search(_FIELD.sub("", template)):
        found.append("A {{ field }} is not closed. Example: {{ first_name|there }}")
    for match in _LINK.finditer(template):
        if not _safe(match[2]):
            found.append(f"The link {match[2]} must begin with https://, mailto:, tel: or /.")
    return found


def _safe(url: str) -> bool:
    if url.startswith("/") and not url.startswith("//"):
        return True
    try:
        return urlsplit(url).scheme.lower() in SCHEMES
    except ValueError:
        return False


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put the values in; a missing or blank one gives its fallback. Values are flattened to one line."""

    def value(match: re.Match[str]) -> str:
        given = _SPACE.sub(" ", str(values.get(match[1]) or "")).strip()
        return given or (match[2] or "").strip()

    return _FIELD.sub(value, template)


def _fill_url(url: str, values: Mapping[str, str]) -> str:
    return fill(url, {name: quote(str(value), safe="") for name, value in values.items()})


def parse(body: str) -> list[Block]:
    """Split a body into paragraphs and links. A link of a kind that we do not allow stays plain text."""
    blocks = []
    for paragraph in re.split(r"\n\s*\n", body.replace("\r\n", "\n").strip()):
        spans, end = [], 0
        for match in _LINK.finditer(paragraph):
            if not _safe(match[2]):
                continue
            if match.start() > end:
                spans.append(Span(paragraph[end : match.start()]))
            spans.append(Span(match[1], match[2]))
            end = match.end()
        if end < len(paragraph):
            spans.append(Span(paragraph[end:]))
        if spans:
            blocks.append(Block(tuple(spans), button=len(spans) == 1 and bool(spans[0].url)))
    return blocks


def compose(body: str, values: Mapping[str, str] | None) -> list[Block]:
    """The paragraphs of a body with the values filled in; `None` leaves the text as it is."""
    blocks = parse(body)
    if values is None:
        return blocks
    return [
        Block(
            tuple(Span(fill(span.text, values), _fill_url(span.url, values)) for span in block.spans),
            block.button,
        )
        for block in blocks
    ]


def plain(blocks: Iterable[Block], absolute: Mapping[str, str] | None = None) -> str:
    """The text part: links as "label: address"."""
    absolute = absolute or {}
    return "\n\n".join(
        "".join(
            f"{span.text}: {absolute.get(span.url, span.url)}" if span.url else span.text
            for span in block.spans
        ).strip()
        for block in blocks
    )
