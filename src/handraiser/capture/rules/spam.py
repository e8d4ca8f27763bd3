"""What looks like spam. A suspicion never drops anything: it sends a submission to quarantine. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a submission waits for a human eye."""

    HONEYPOT = "honeypot"
    NO_TOKEN = "no_token"
    TOO_FAST = "too_fast"
    TOO_MANY = "too_many"
    LINKS = "links"
    MARKUP = "markup"
    DISPOSABLE = "disposable"


SENTENCES: dict[str, str] = {
    Reason.HONEYPOT: "A field that people cannot see was filled in.",
    Reason.NO_TOKEN: "It came without the mark that our form carries, or with a forged or very old one.",
    Reason.TOO_FAST: "It was sent within 3 seconds of opening the form.",
    Reason.TOO_MANY: "Many forms came from the same address within 10 minutes.",
    Reason.LINKS: "A name holds a link, or the text holds more than three.",
    Reason.MARKUP: "An answer holds HTML or forum code.",
    Reason.DISPOSABLE: "The address belongs to a throw-away mail service.",
}

MINIMUM_SECONDS = 3
MAXIMUM_SECONDS = 60 * 86_400  # pages are cached for a day, tabs stay open for weeks
MANY = 10  # accepted from one address in the window; the next ones are looked at first
WINDOW_SECONDS = 600
TOO_MANY_TO_KEEP = 100  # from here on the door stays shut until the window has passed

_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_MARKUP = re.compile(r"</?[a-z][a-z0-9]*[\s/>]|\[/?(?:url|link|img)\b|<!--", re.IGNORECASE)


@dataclass(frozen=True)
class Signs:
    """How a form was sent.

    `age`: seconds since it was rendered, None without a true mark; `recent`: other sends from the same
    address in the window.
    """

    honeypot: str
    age: float | None
    recent: int
    disposable: bool


def suspicion(signs: Signs, *, short: Mapping[str, str], long: Mapping[str, str]) -> Reason | None:
    """The first reason to look twice, or None. `short` are one-line answers, `long` free texts."""
    if signs.honeypot.strip():
        return Reason.HONEYPOT
    if signs.age is None or signs.age > MAXIMUM_SECONDS:
        return Reason.NO_TOKEN
    if signs.age < MINIMUM_SECONDS:
        return Reason.TOO_FAST
    if signs.recent >= MANY:
        return Reason.TOO_MANY
    if any(_MARKUP.search(text) for text in (*short.values(), *long.values())):
        return Reason.MARKUP
    if any(_LINK.search(text) for text in short.values()):
        return Reason.LINKS
    if any(len(_LINK.findall(text)) > 3 for text in long.values()):
        return Reason.LINKS
    return Reason.DISPOSABLE if signs.disposable else None
