"""Where a visit came from: GA4's default channel rules, first match wins.

Source: Google, "Default channel group" (support.google.com/analytics/answer/9756891), with "AI assistant" as
added in May 2026. Not taken over: GA4's Unassigned; what names a source is a referral here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from handraiser.attract.rules import known_hosts

RULE_VERSION = 1


class Channel(StrEnum):
    """The channels, in the order in which their rules are asked."""

    CROSS_NETWORK = "cross_network"
    PAID_SHOPPING = "paid_shopping"
    PAID_SEARCH = "paid_search"
    PAID_SOCIAL = "paid_social"
    PAID_VIDEO = "paid_video"
    DISPLAY = "display"
    PAID_OTHER = "paid_other"
    ORGANIC_SHOPPING = "organic_shopping"
    ORGANIC_SOCIAL = "organic_social"
    ORGANIC_VIDEO = "organic_video"
    AI_ASSISTANT = "ai_assistant"
    ORGANIC_SEARCH = "organic_search"
    EMAIL = "email"
    AFFILIATE = "affiliate"
    AUDIO = "audio"
    SMS = "sms"
    PUSH = "push"
    REFERRAL = "referral"
    DIRECT = "direct"


LABELS: dict[str, str] = {
    **{channel: channel.replace("_", " ").capitalize() for channel in Channel},
    Channel.CROSS_NETWORK: "Cross-network",
    Channel.AI_ASSISTANT: "AI assistant",
    Channel.SMS: "SMS",
}


def label(channel: str) -> str:
    """A channel as people read it; an unknown one as it is written, none as "Unknown"."""
    return LABELS.get(channel, channel.replace("_", " ").capitalize()) if channel else "Unknown"


@dataclass(frozen=True)
class Touch:
    """Where a visit, or a form's sender, came from. An empty channel: not known."""

    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    landing_page: str = ""
    referrer_host: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `core.people.actions.leads.open(touch=…)`."""
        return {
            "channel": self.channel,
            "source": self.source,
            "medium": self.medium,
            "campaign": self.campaign,
            "landing_page": self.landing_page,
            "referrer_host": self.referrer_host,
        }


@dataclass(frozen=True)
class Known:
    """What a host is known as: its name, and its kind: search, social, assistant, email, video, shop, ads."""

    name: str
    kind: str


_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING_CAMPAIGN = re.compile(r"(?:.*[^a-df-z])?shop.*|.*shopping.*")
_DISPLAY = {"display", "banner", "expandable", "interstitial", "cpm"}
_SOCIAL = {"social", "social-network", "social-media", "sm", "social network", "social media"}
_EMAIL = {"email", "e-mail", "e_mail", "e mail", "newsletter"}
_VIDEO = {
    "youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "twitch.tv", "wistia.com", "disneyplus.com",
    "netflix.com", "iq.com", "youku.com",
}  # fmt: skip
_SHOPS = {
    "amazon.{}", "ebay.{}", "etsy.com", "walmart.com", "aliexpress.com", "alibaba.com", "shopping.google.com",
    "idealo.{}", "shop.app",
}  # fmt: skip
_ADS = {
    "doubleclick.net", "googlesyndication.com", "googleadservices.com", "adsensecustomsearchads.com",
    "syndicatedsearch.goog", "taboola.com", "outbrain.com", "criteo.com",
}  # fmt: skip
_MAIL = {
    "outlook.live.com",
    "outlook.office.com",
    "outlook.office365.com",
    "outlook.com",
    "mail.com",
    "3c.web.de",
}
# Names that people write into utm_source, beside the hosts themselves.
_ALIASES = {
    "fb": "Facebook", "ig": "Instagram", "insta": "Instagram", "x": "X", "twitter": "X", "li": "LinkedIn",
    "yt": "YouTube", "ddg": "DuckDuckGo", "openai": "ChatGPT",
}  # fmt: skip
_WHOSE_CLICK: dict[str, tuple[str, str, Channel]] = {
    "gclid": ("google", "cpc", Channel.PAID_SEARCH),
    "gbraid": ("google", "cpc", Channel.PAID_SEARCH),
    "wbraid": ("google", "cpc", Channel.PAID_SEARCH),
    "msclkid": ("bing", "cpc", Channel.PAID_SEARCH),
    "dclid": ("google", "display", Channel.DISPLAY),
    "ttclid": ("tiktok", "paid_social", Channel.PAID_SOCIAL),
    "li_fat_id": ("linkedin", "paid_social", Channel.PAID_SOCIAL),
    "twclid": ("x", "paid_social", Channel.PAID_SOCIAL),
    "rdt_cid": ("reddit", "paid_social", Channel.PAID_SOCIAL),
    "epik": ("pinterest", "paid_social", Channel.PAID_SOCIAL),
    "scid": ("snapchat", "paid_social", Channel.PAID_SOCIAL),
    # Facebook adds it to every link, paid or not.
    "fbclid": ("facebook", "social", Channel.ORGANIC_SOCIAL),
}


def _parse(text: str) -> dict[str, str]:
    hosts: dict[str, str] = {}
    name = ""
    for line in text.strip().splitlines():
        if " = " in line:
            name, _, line = line.partition(" = ")
        for host in line.split():
            hosts.setdefault(host, name)
    return hosts


_ASSISTANTS = {**_parse(known_hosts.ASSISTANTS), "poe.com": "Poe", "character.ai": "Character.AI"}
_SOCIAL_HOSTS = {
    **_parse(known_hosts.SOCIAL), "t.co": "X", "lnk.bio": "Lnk.Bio", "workplace.com": "Workplace",
    "bsky.app": "Bluesky", "threads.com": "Threads", "threads.net": "Threads",
}  # fmt: skip
_ENGINES = {**_parse(known_hosts.SEARCH), "search.brave.com": "Brave", "duckduckgo.com": "DuckDuckGo"}
_NAMES = {
    name.lower(): Known(name, kind)
    for kind, hosts in (("search", _ENGINES), ("social", _SOCIAL_HOSTS), ("assistant", _ASSISTANTS))
    for name in hosts.values()
}
_NAMES |= {"youtube": Known("YouTube", "video"), "vimeo": Known("Vimeo", "video")}
_NAMES |= {alias: _NAMES[name.lower()] for alias, name in _ALIASES.items() if name.lower() in _NAMES}


def _forms(host: str) -> list[str]:
    """A host as it may stand in a list: itself, with a country in front, with a country at the end."""
    labels = host.split(".")
    forms = [host]
    if len(labels) > 2:
        forms.append(".".join(["{}", *labels[1:]]))
    if len(labels) > 1 and len(labels[-1]) <= 3:
        forms.append(".".join([*labels[:-1], "{}"]))
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in ("co", "com", "net", "org"):
        forms.append(".".join([*labels[:-2], "{}"]))
    return forms


def _tails(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)] or [host]


@lru_cache(maxsize=4096)
def known(host: str) -> Known | None:
    """What a host is known as; None for an ordinary site."""
    host = host.lower().removeprefix("www.")
    if not host:
        return None
    for tail in _tails(host):
        if name := _ASSISTANTS.get(tail):
            return Known(name, "assistant")
    if host in _MAIL or any(tail in _MAIL for tail in _tails(host)):
        return Known(host, "email")
    for form in _forms(host):
        if name := _ENGINES.get(form):
            return Known(name, "search")
    for tail in _tails(host):
        if tail in _VIDEO:
            return Known(_NAMES["youtube"].name if tail.startswith("you") else tail, "video")
        if name := _SOCIAL_HOSTS.get(tail):
            return Known(name, "social")
        if tail in _ADS:
            return Known(tail, "ads")
        if any(form in _SHOPS for form in _forms(tail)):
            return Known(tail, "shop")
    labels = host.split(".")
    inner = labels[:-2] or labels[:1]
    if labels[0].startswith(("deref-", "rich-v")) or any(
        "mail" in part or part.startswith(("messagerie", "3c-")) for part in inner if len(labels) > 2
    ):
        return Known(host, "email")
    if any(part in ("search", "suche", "isearch", "searchassist") for part in inner):
        return Known(host, "search")
    return None


def _named(source: str) -> Known | None:
    """What a utm_source is known as: a name or a host."""
    text = source.lower().strip()
    return _NAMES.get(text) or (known(text) if "." in text else None)


def classify(
    *,
    utm: Mapping[str, str],
    click_ids: Mapping[str, str],
    referrer: str,
    is_own_host: Callable[[str], bool] = lambda host: False,
    landing_page: str = "",
) -> Touch:
    """Derive a touch from what the address and the referrer say.

    `utm` without the prefix "utm_". A referrer of one's own site says nothing: with no campaign either, the
    channel stays unknown, as the visit began on a page that was not seen.
    """
    host = _host(referrer)
    own = bool(host) and is_own_host(host)
    if own:
        host = ""
    source = utm.get("source", "").strip().lower()
    medium = utm.get("medium", "").strip().lower()
    campaign = utm.get("campaign", "").strip()
    click = next((_WHOSE_CLICK[name] for name in _WHOSE_CLICK if click_ids.get(name)), None)
    origin = _named(source) if source else known(host)
    if not source and not medium and click:
        source, medium, by_click = click[0], click[1], click[2]
        return Touch(by_click, source, medium, campaign, landing_page, host)
    channel = _channel(
        source=source, medium=medium, campaign=campaign.lower(), origin=origin, host=host, click=click
    )
    if channel == Channel.DIRECT and own:
        return Touch("", landing_page=landing_page)
    if not source and origin is not None:
        source = origin.name.lower()
    return Touch(
        channel=channel,
        source=source or host.removeprefix("www."),
        medium=medium or _medium(channel, bool(host or source)),
        campaign=campaign,
        landing_page=landing_page,
        referrer_host=host,
    )


def _channel(
    *,
    source: str,
    medium: str,
    campaign: str,
    origin: Known | None,
    host: str,
    click: tuple[str, str, Channel] | None,
) -> Channel:
    kind = origin.kind if origin else ""
    paid = bool(_PAID.fullmatch(medium))
    shopping = kind == "shop" or bool(_SHOPPING_CAMPAIGN.fullmatch(campaign))
    clicked = click is not None and click[2] == Channel.PAID_SEARCH and source == click[0]
    answers: list[tuple[bool, Channel]] = [
        ("cross-network" in campaign, Channel.CROSS_NETWORK),
        (shopping and paid, Channel.PAID_SHOPPING),
        ((kind == "search" and paid) or clicked or source in ("adwords", "google ads"), Channel.PAID_SEARCH),
        (kind == "social" and paid, Channel.PAID_SOCIAL),
        (kind == "video" and paid, Channel.PAID_VIDEO),
        (medium in _DISPLAY or kind == "ads", Channel.DISPLAY),
        (paid, Channel.PAID_OTHER),
        (shopping, Channel.ORGANIC_SHOPPING),
        (kind == "social" or medium in _SOCIAL, Channel.ORGANIC_SOCIAL),
        (kind == "video" or "video" in medium, Channel.ORGANIC_VIDEO),
        (kind == "assistant" or medium in ("ai-assistant", "ai_assistant"), Channel.AI_ASSISTANT),
        (kind == "search" or medium == "organic", Channel.ORGANIC_SEARCH),
        (source in _EMAIL or medium in _EMAIL or kind == "email", Channel.EMAIL),
        (medium in ("affiliate", "affiliates"), Channel.AFFILIATE),
        (medium == "audio", Channel.AUDIO),
        (source == "sms" or medium == "sms", Channel.SMS),
        (
            medium.endswith("push") or "mobile" in medium or "notification" in medium or source == "firebase",
            Channel.PUSH,
        ),
        (
            medium in ("referral", "app", "link") or bool(source or medium or campaign or host),
            Channel.REFERRAL,
        ),
    ]
    return next((channel for holds, channel in answers if holds), Channel.DIRECT)


def _medium(channel: Channel, from_somewhere: bool) -> str:
    words = {
        Channel.ORGANIC_SEARCH: "organic",
        Channel.ORGANIC_SOCIAL: "social",
        Channel.ORGANIC_VIDEO: "video",
        Channel.ORGANIC_SHOPPING: "shopping",
        Channel.AI_ASSISTANT: "ai-assistant",
        Channel.EMAIL: "email",
        Channel.DISPLAY: "display",
    }
    return words.get(channel, "referral" if from_somewhere else "")


def from_address(
    url: str, referrer: str, *, is_own_host: Callable[[str], bool] = lambda host: False
) -> Touch | None:
    """The touch of a full address, as a form's hidden fields carry it; None if the address cannot be read."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, max_num_fields=200))
    except ValueError:
        return None
    if not parts.path and not parts.netloc:
        return None
    utm = {name[4:]: value[:200] for name, value in query.items() if name.startswith("utm_")}
    return classify(
        utm=utm,
        click_ids={name: value for name, value in query.items() if name in _WHOSE_CLICK},
        referrer=referrer,
        is_own_host=is_own_host,
        landing_page=parts.path[:400] or "/",
    )


def _host(url: str) -> str:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        return (parts.hostname or "").lower()
    except ValueError:
        return ""
