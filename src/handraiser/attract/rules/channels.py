"""Where a visit came from: GA4's default channel rules, first match wins.

Source: Google, "Default channel group" (support.google.com/analytics/answer/9756891), with "AI assistant" as
added in May 2026. Not taken over: GA4's Unassigned; what names a source is a referral here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from handraiser.attract.rules.hosts import Known, known, named

# Goes up with every change that may answer otherwise; `actions.touches.rederive` then asks again.
RULE_VERSION = 2


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


_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING_CAMPAIGN = re.compile(r"(?:.*[^a-df-z])?shop.*|.*shopping.*")
_DISPLAY = {"display", "banner", "expandable", "interstitial", "cpm"}
_SOCIAL = {"social", "social-network", "social-media", "sm", "social network", "social media"}
_EMAIL = {"email", "e-mail", "e_mail", "e mail", "newsletter"}
# Whose advertisement, or message, was clicked. The first that is there decides.
_WHOSE_CLICK: dict[str, tuple[str, str, Channel]] = {
    "gclid": ("google", "cpc", Channel.PAID_SEARCH),
    "gbraid": ("google", "cpc", Channel.PAID_SEARCH),
    "wbraid": ("google", "cpc", Channel.PAID_SEARCH),
    "msclkid": ("bing", "cpc", Channel.PAID_SEARCH),
    "yclid": ("yandex", "cpc", Channel.PAID_SEARCH),
    "dclid": ("google", "display", Channel.DISPLAY),
    # Stays when a browser strips gclid.
    "gad_source": ("google", "cpc", Channel.PAID_SEARCH),
    "ttclid": ("tiktok", "paid_social", Channel.PAID_SOCIAL),
    "li_fat_id": ("linkedin", "paid_social", Channel.PAID_SOCIAL),
    "twclid": ("x", "paid_social", Channel.PAID_SOCIAL),
    "rdt_cid": ("reddit", "paid_social", Channel.PAID_SOCIAL),
    "epik": ("pinterest", "paid_social", Channel.PAID_SOCIAL),
    "scid": ("snapchat", "paid_social", Channel.PAID_SOCIAL),
    "qclid": ("quora", "paid_social", Channel.PAID_SOCIAL),
    "tblci": ("taboola", "native", Channel.DISPLAY),
    "irclickid": ("impact", "affiliate", Channel.AFFILIATE),
    "mc_cid": ("mailchimp", "email", Channel.EMAIL),
    "mc_eid": ("mailchimp", "email", Channel.EMAIL),
    "_kx": ("klaviyo", "email", Channel.EMAIL),
    # Facebook adds it to every link, paid or not.
    "fbclid": ("facebook", "social", Channel.ORGANIC_SOCIAL),
}
# Names one person in another firm's books: that it was there is kept, what it said is not.
_PERSONAL_CLICKS = {"mc_eid", "_kx"}
_SPELLINGS = {"sccid": "scid"}
UTM = (
    "source", "medium", "campaign", "term", "content", "id", "source_platform", "creative_format",
    "marketing_tactic",
)  # fmt: skip
_UTM_FIELDS = tuple((name, f"utm_{name}") for name in UTM)


class Marks(NamedTuple):
    """What an address says about its origin: `utm` fields without their prefix, click ids."""

    utm: dict[str, str]
    click_ids: dict[str, str]


def marks(query: str) -> Marks:
    """Read the query of an address, in whatever case its names are written. One too long to read says nothing."""
    if not query:
        return Marks({}, {})
    try:
        pairs = parse_qsl(query, max_num_fields=200)
    except ValueError:
        return Marks({}, {})
    fields: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        # Not every database can hold a null character.
        fields.setdefault(_SPELLINGS.get(key, key), value.replace("\0", ""))
    utm = {name: fields[field][:200] for name, field in _UTM_FIELDS if fields.get(field)}
    if not utm and (source := fields.get("ref") or fields.get("source")):
        utm = {"source": source[:200]}
    return Marks(
        utm,
        {
            name: "1" if name in _PERSONAL_CLICKS else fields[name][:300]
            for name in fields.keys() & _WHOSE_CLICK.keys()
            if fields[name]
        },
    )


class Address(NamedTuple):
    """A page and what led to it, seen through a frame if it stands in one."""

    url: str
    referrer: str


def unframed(url: str, referrer: str) -> Address:
    """The page around a frame, if the frame's address names it.

    A form embedded elsewhere is called with `hr_page`, the address of the page around it, and `hr_referrer`, what
    led there. Without this the page around it would count as the origin, and the campaign would be lost.
    """
    if "hr_page=" not in url:
        return Address(url, referrer)
    try:
        fields = dict(parse_qsl(urlsplit(url).query, max_num_fields=200))
    except ValueError:
        return Address(url, referrer)
    around = fields.get("hr_page", "")
    if not around.startswith(("https://", "http://")):
        return Address(url, referrer)
    return Address(around[:2000], fields.get("hr_referrer", "").replace("\0", "")[:2000])


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
    host, path = _origin(referrer)
    own = bool(host) and is_own_host(host)
    if own:
        host = ""
    source = utm.get("source", "").strip().lower()
    medium = utm.get("medium", "").strip().lower()
    campaign = utm.get("campaign", "").strip()
    click = next((whose for name, whose in _WHOSE_CLICK.items() if click_ids.get(name)), None)
    origin = named(source) if source else known(host, path)
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
    """The touch of a full address, as a form's hidden fields carry it; None if the address cannot be read.

    Browsers tell a page of ours the full address of the page of ours before it. If only that one names a
    campaign, it is the beginning of the visit.
    """
    page = unframed(url, referrer)
    try:
        parts = urlsplit(page.url)
    except ValueError:
        return None
    if not parts.path and not parts.netloc:
        return None
    said = marks(parts.query)
    if not (said.utm or said.click_ids) and is_own_host(_origin(page.referrer)[0]):
        before = urlsplit(page.referrer)
        earlier = marks(before.query)
        if earlier.utm or earlier.click_ids:
            parts, said = before, earlier
    return classify(
        utm=said.utm,
        click_ids=said.click_ids,
        referrer=page.referrer,
        is_own_host=is_own_host,
        landing_page=parts.path[:400] or "/",
    )


def host_of(url: str) -> str:
    """The host of an address, lower case; "" if there is none."""
    return _origin(url)[0]


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        return (parts.hostname or "").lower(), parts.path
    except ValueError:
        return "", ""
