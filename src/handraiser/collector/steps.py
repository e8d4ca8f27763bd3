"""What a hit must pass, one named step after the other, and every reason for a "no"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from is_bot import Bots

from handraiser.collector.records import Identification
from handraiser.collector.shapes import MOST_EVENT_BYTES, Hit
from handraiser.collector.visitors import Visitors
from handraiser.core.journal.events.attract import EventTracked, PageViewed
from handraiser.kit.envelope import Event
from handraiser.kit.visitors import is_browser_id

STAGES: tuple[str, ...] = (
    "attract.", "capture.", "qualify.", "nurture.", "convert.", "exchange.", "measure.", "consent.",
    "identity.", "people.", "delivery.", "handraiser.",
)  # fmt: skip
UTM = (
    "source", "medium", "campaign", "term", "content", "id", "source_platform", "creative_format",
    "marketing_tactic",
)  # fmt: skip
CLICK_IDS = (
    "gclid", "gbraid", "wbraid", "msclkid", "fbclid", "ttclid", "li_fat_id", "twclid", "dclid", "rdt_cid",
    "epik", "scid",
)  # fmt: skip
_KINDS = ("page", "track", "screen", "group", "alias", "identify")
_PERSONAL_NAMES = re.compile(
    r"(?:^|_)(?:e?_?mail|phone|mobile|tel|telephone|name|firstname|lastname|surname|fullname|address|street|"
    r"birthday|birthdate|dob|ip|password|token|iban|card|ssn|text|message|comment)(?:$|_)"
)
_HARMLESS_NAMES = re.compile(
    r"(?:^|_)(?:plan|product|feature|file|form|button|campaign|event|page|offer)_?name$"
)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|%40")
_NUMBER = re.compile(r"\+?(?:[ ()./-]*\d){9,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+")


class Reason(StrEnum):
    """Why an event was not taken."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    NO_NAME = "no_name"
    FOREIGN_PAGE = "foreign_page"
    RESERVED_NAME = "reserved_name"
    NO_SUBJECT = "no_subject"
    NOT_FOR_PUBLIC_KEYS = "not_for_public_keys"
    # of a whole request
    NO_KEY = "no_key"
    FOREIGN_ORIGIN = "foreign_origin"
    TOO_MANY = "too_many"
    BUSY = "busy"
    NOT_STORED = "not_stored"


SENTENCES: dict[Reason, str] = {
    Reason.MALFORMED: "The body could not be read.",
    Reason.TOO_LARGE: "An event may have 32 kB, a request 500 kB.",
    Reason.UNKNOWN_TYPE: "The type of this call is not known.",
    Reason.NO_NAME: "A tracked event needs a name.",
    Reason.FOREIGN_PAGE: "The page is not on a site of this organisation.",
    Reason.RESERVED_NAME: "Names of the product's own events cannot be claimed from a page.",
    Reason.NO_SUBJECT: "It says nothing about whom it is: neither anonymousId nor userId.",
    Reason.NOT_FOR_PUBLIC_KEYS: "A public key may send page views, tracks and identify claims only.",
    Reason.NO_KEY: "No live write key with the scope collect was given.",
    Reason.FOREIGN_ORIGIN: "The request comes from a site that is not configured here.",
    Reason.TOO_MANY: "Too many requests from this address.",
    Reason.BUSY: "More events wait than may wait. Send them again.",
    Reason.NOT_STORED: "The journal could not store them. Send them again.",
}


@dataclass(frozen=True)
class Drop:
    """A named "no" to one hit."""

    reason: Reason


Step = Callable[[Hit], "Hit | Drop"]


def bounded(hit: Hit) -> Hit | Drop:
    """Refuse what is larger than one event may be; cut what is merely long."""
    if not hit.kind:
        return Drop(Reason.MALFORMED)
    if hit.size > MOST_EVENT_BYTES:
        return Drop(Reason.TOO_LARGE)
    if hit.kind not in _KINDS:
        return Drop(Reason.UNKNOWN_TYPE)
    return replace(
        hit,
        name=hit.name.strip()[:120],
        url=hit.url[:2000],
        title=hit.title.strip()[:300],
        referrer=hit.referrer[:2000],
        anonymous_id=hit.anonymous_id[:400],
        user_id=hit.user_id[:400],
    )


def permitted(hit: Hit) -> Hit | Drop:
    """What pages may say is less than what servers may say."""
    if hit.kind == "track" and not hit.name:
        return Drop(Reason.NO_NAME)
    key = hit.sender.key
    if key is not None and not key.public:
        return hit
    if hit.name.lower().startswith(STAGES):
        return Drop(Reason.RESERVED_NAME)
    if key is None and hit.kind not in ("page", "track"):
        return Drop(Reason.UNKNOWN_TYPE)
    if hit.kind not in ("page", "track", "identify"):
        return Drop(Reason.NOT_FOR_PUBLIC_KEYS)
    return hit


def at_home(own_host: Callable[[str], bool]) -> Step:
    """Our tracker reports pages of the site it runs on, or of a configured one."""

    def step(hit: Hit) -> Hit | Drop:
        if hit.sender.key is not None:
            return hit
        host = host_of(hit.url)
        return hit if host and (host == hit.sender.host or own_host(host)) else Drop(Reason.FOREIGN_PAGE)

    return step


def judged(is_bot: Callable[[str], bool]) -> Step:
    """Mark machines. They are stored, so that the mark can be doubted, and count for nothing."""

    def step(hit: Hit) -> Hit | Drop:
        agent = hit.sender.user_agent
        if hit.sender.key is not None and not hit.sender.key.public:
            return hit  # a server speaks for somebody; its own name says nothing about them
        if not agent:
            return replace(hit, bot="no user agent")
        if "Headless" in agent:
            return replace(hit, bot="headless browser")
        return replace(hit, bot="user agent") if is_bot(agent) else hit

    return step


def campaign_kept(hit: Hit) -> Hit | Drop:
    """Take the campaign out of the address, then cut queries off: they hold tokens and addresses."""
    query = dict(parse_qsl(_query(hit.url), max_num_fields=200)) if len(hit.url) < 2001 else {}
    utm = {name: query[f"utm_{name}"] for name in UTM if query.get(f"utm_{name}")} or hit.utm
    if not utm and (ref := query.get("ref") or query.get("source")):
        utm = {"source": ref}
    click_ids = {name: query[name] for name in CLICK_IDS if query.get(name)}
    return replace(
        hit,
        url=_bare(hit.url),
        referrer=_bare(hit.referrer),
        utm={name[:40]: value[:200] for name, value in list(utm.items())[:12] if not _ADDRESS.search(value)},
        click_ids={} if hit.sender.private else {name: value[:300] for name, value in click_ids.items()},
    )


def impersonal(hit: Hit) -> Hit | Drop:
    """Leave out properties that are, or look, personal. The names of those left out stay."""
    kept: dict[str, Any] = {}
    left_out: list[str] = []
    for name, value in hit.properties.items():
        if _personal(name, value):
            left_out.append(name[:60])
        else:
            kept[name[:60]] = value
    if left_out:
        kept["left_out"] = left_out[:20]
    title = "" if _ADDRESS.search(hit.title) else hit.title
    name = "" if _ADDRESS.search(hit.name) else hit.name
    return replace(hit, properties=kept, title=title, name=name or ("unnamed" if hit.name else ""))


def attributed(visitors: Visitors) -> Step:
    """Say whom it is about: the browser's own id after consent, else a hash that ends with the day.

    Who asks not to be followed (GPC, DNT) is counted as a page view of nobody.
    """

    def step(hit: Hit) -> Hit | Drop:
        sender = hit.sender
        if sender.key is not None:
            return _attributed_by_sdk(hit, visitors)
        if sender.private:
            return replace(hit, visitor="", consent=False)
        if hit.consent and is_browser_id(hit.visitor):
            return hit
        cookieless = visitors.cookieless(
            address=sender.address, user_agent=sender.user_agent, host=sender.host, at_ms=hit.received_at
        )
        return replace(hit, visitor=cookieless, consent=False)

    return step


def _attributed_by_sdk(hit: Hit, visitors: Visitors) -> Hit | Drop:
    if hit.anonymous_id:
        return replace(hit, visitor=visitors.foreign(hit.anonymous_id))
    if hit.user_id and hit.sender.key is not None and not hit.sender.key.public:
        return replace(hit, visitor=visitors.user(hit.user_id))
    return Drop(Reason.NO_SUBJECT)


def all_steps(*, own_host: Callable[[str], bool], visitors: Visitors) -> tuple[Step, ...]:
    """The steps in their order."""
    # The verdict costs 0.3 ms, and the same browsers come again and again.
    is_bot = lru_cache(maxsize=8192)(Bots().is_bot)
    return (
        bounded,
        permitted,
        at_home(own_host),
        judged(is_bot),
        campaign_kept,
        impersonal,
        attributed(visitors),
    )


def take(hit: Hit, steps: tuple[Step, ...]) -> Hit | Drop:
    """Send a hit through the steps until one says no."""
    current = hit
    for step in steps:
        result = step(current)
        if isinstance(result, Drop):
            return result
        current = result
    return current


def event(hit: Hit) -> Event:
    """The journal's event of a hit that passed."""
    body: dict[str, Any]
    if hit.kind == "page":
        fact = PageViewed.name
        body = {
            "url": hit.url,
            "path": _path(hit.url),
            "title": hit.title or hit.name,
            "referrer": hit.referrer,
            "consent": hit.consent,
            "bot": hit.bot,
            "utm": dict(hit.utm),
            "click_ids": dict(hit.click_ids),
        }
    else:
        fact = EventTracked.name
        named = hit.name if hit.kind == "track" else f"{hit.kind} {hit.name}".strip()
        properties = dict(hit.properties)
        if hit.url:
            properties["path"] = _path(hit.url)
        if hit.kind == "identify":
            properties = {"traits": sorted(name[:60] for name in hit.traits)[:50]}
        body = {"event": named, "properties": properties, "consent": hit.consent, "bot": hit.bot}
    return Event(
        message_id=hit.message_id,
        name=fact,
        occurred_at=hit.occurred_at,
        received_at=hit.received_at,
        visitor=hit.visitor or None,
        body=body,
    )


def identification(hit: Hit) -> Identification | None:
    """The personal side of an `identify`, for the records; None for all else."""
    if hit.kind != "identify" or hit.sender.key is None:
        return None
    return Identification(
        message_id=hit.message_id,
        key=hit.sender.key,
        visitor=hit.visitor or None,
        user_id=hit.user_id,
        traits=dict(hit.traits),
        at_ms=hit.occurred_at,
    )


def host_of(url: str) -> str:
    """The host of an address, lower case, without the port; "" if there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""


def _bare(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if not host:
        return "" if parts.scheme or _ADDRESS.search(parts.path) else parts.path[:500]
    path = "/" if _ADDRESS.search(parts.path) else parts.path
    return f"{parts.scheme}://{host}{port}{path}"[:500]


def _path(url: str) -> str:
    try:
        return urlsplit(url).path[:400] or "/"
    except ValueError:
        return "/"


def _personal(name: str, value: Any) -> bool:
    snake = _CAMEL.sub("_", name).lower()
    if _PERSONAL_NAMES.search(snake) and not _HARMLESS_NAMES.search(snake):
        return True
    return _looks_personal(value)


def _looks_personal(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_ADDRESS.search(value)) or bool(_NUMBER.fullmatch(value.strip()))
    if isinstance(value, Mapping):
        return any(_personal(str(name), inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(_looks_personal(inner) for inner in value)
    return False
