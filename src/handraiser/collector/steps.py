"""What a hit must pass, one named step after the other, and every reason for a "no"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from handraiser.attract.rules import channels, hosts
from handraiser.collector.bots import Judge
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
_KINDS = ("page", "track", "screen", "group", "alias", "identify")
_PERSONAL_NAMES = re.compile(
    r"(?:^|_)(?:e?_?mail|phone|mobile|tel|telephone|name|firstname|lastname|surname|fullname|address|street|"
    r"birthday|birthdate|dob|ip|password|token|iban|card|ssn|text|message|comment)(?:$|_)"
)
_HARMLESS_NAMES = re.compile(
    r"(?:^|_)(?:plan|product|feature|file|form|button|campaign|event|page|offer)_?name$"
)
# Every "@" is looked at once, whatever surrounds it: the sender chooses the text.
_ADDRESS = re.compile(r"(?<=[^\s@])@[^\s@]+\.[^\s@]")
_NUMBER = re.compile(r"\+?(?:[ ()./-]*\d){9,}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+")


class Reason(StrEnum):
    """Why an event was not taken."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    NO_NAME = "no_name"
    FOREIGN_PAGE = "foreign_page"
    SPAM_REFERRER = "spam_referrer"
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
    Reason.TOO_LARGE: "An event may have 32 KB, a request 500 KB and 2,500 events.",
    Reason.UNKNOWN_TYPE: "The type of this call is not known.",
    Reason.NO_NAME: "A tracked event needs a name.",
    Reason.FOREIGN_PAGE: "The page is not on a site of this organisation.",
    Reason.SPAM_REFERRER: "It names a referrer that is on the public list of spam referrers.",
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
    hit.name = hit.name.strip()[:120]
    hit.url = hit.url[:2000]
    hit.title = hit.title.strip()[:300]
    hit.referrer = hit.referrer[:2000]
    hit.anonymous_id = hit.anonymous_id[:400]
    hit.user_id = hit.user_id[:400]
    return hit


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


def unsolicited(hit: Hit) -> Hit | Drop:
    """Refuse visits made up to show their referrer to whoever reads the figures."""
    if hit.referrer and _page_of(hit.referrer).spam:
        return Drop(Reason.SPAM_REFERRER)
    return hit


def campaign_kept(hit: Hit) -> Hit | Drop:
    """Take campaign and search term out of the addresses, then cut queries off: they hold tokens and addresses."""
    page = channels.unframed(hit.url, hit.referrer)
    said = channels.marks(_query(page.url))
    if hit.url:
        hit.url = _page_of(hit.url).bare
    if utm := said.utm or hit.utm:
        some = list(utm.items())[:12]
        hit.utm = {name[:40]: value[:200] for name, value in some if not _holds_address(value)}
    hit.referrer = ""
    if page.referrer:
        origin = _page_of(page.referrer)
        hit.referrer = origin.bare
        if origin.search and not hit.sender.private:
            term = hosts.search_term(page.referrer)
            hit.term = "" if _looks_personal(term) else term
    if not hit.sender.private:
        hit.click_ids = said.click_ids
    return hit


def impersonal(hit: Hit) -> Hit | Drop:
    """Leave out properties that are, or look, personal. The names of those left out stay."""
    if hit.properties:
        kept: dict[str, Any] = {}
        left_out: list[str] = []
        for name, value in hit.properties.items():
            if _personal(name, value):
                left_out.append(name[:60])
            else:
                kept[name[:60]] = value
        if left_out:
            kept["left_out"] = left_out[:20]
        hit.properties = kept
    if _holds_address(hit.title):
        hit.title = ""
    if _holds_address(hit.name):
        hit.name = "unnamed"
    return hit


def attributed(visitors: Visitors) -> Step:
    """Say whom it is about: the browser's own id after consent, else a hash that ends with the day.

    Who asks not to be followed (GPC, DNT) is counted as a page view of nobody.
    """

    def step(hit: Hit) -> Hit | Drop:
        sender = hit.sender
        if sender.key is not None:
            return _attributed_by_sdk(hit, visitors)
        if sender.private:
            hit.visitor, hit.consent = "", False
        elif not (hit.consent and is_browser_id(hit.visitor)):
            hit.consent = False
            hit.visitor = visitors.cookieless(
                address=sender.address, user_agent=sender.user_agent, host=sender.host, at_ms=hit.received_at
            )
        return hit

    return step


def _attributed_by_sdk(hit: Hit, visitors: Visitors) -> Hit | Drop:
    if hit.anonymous_id:
        hit.visitor = visitors.foreign(hit.anonymous_id)
    elif hit.user_id and hit.sender.key is not None and not hit.sender.key.public:
        hit.visitor = visitors.user(hit.user_id)
    else:
        return Drop(Reason.NO_SUBJECT)
    return hit


def all_steps(*, own_host: Callable[[str], bool], visitors: Visitors, judge: Judge) -> tuple[Step, ...]:
    """The steps in their order. Machines are marked and stored, so that the mark can be doubted."""
    return (
        bounded,
        permitted,
        at_home(own_host),
        unsolicited,
        judge.by_request,
        campaign_kept,
        impersonal,
        attributed(visitors),
        judge.by_conduct,
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


def fact_of(hit: Hit) -> str:
    """The name under which the journal knows a hit of this kind."""
    return PageViewed.name if hit.kind == "page" else EventTracked.name


def event(hit: Hit) -> Event:
    """The journal's event of a hit that passed."""
    body: dict[str, Any]
    if hit.kind == "page":
        body = {
            "url": hit.url,
            "path": _path(hit.url),
            "title": hit.title or hit.name,
            "referrer": hit.referrer,
            "consent": hit.consent,
            "bot": hit.bot,
            "utm": hit.utm,
            "click_ids": hit.click_ids,
        }
        if hit.term:
            body["term"] = hit.term
    else:
        named = hit.name if hit.kind == "track" else f"{hit.kind} {hit.name}".strip()
        properties = hit.properties
        if hit.url:
            properties["path"] = _path(hit.url)
        if hit.kind == "identify":
            properties = {"traits": sorted(name[:60] for name in hit.traits)[:50]}
        body = {"event": named, "properties": properties, "consent": hit.consent, "bot": hit.bot}
    return Event(
        message_id=hit.message_id,
        name=fact_of(hit),
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
        traits=hit.traits,
        at_ms=hit.occurred_at,
    )


class _Page(NamedTuple):
    """What an address without query and fragment says; `bare` is what of it may be kept."""

    host: str
    bare: str
    path: str
    spam: bool = False
    search: bool = False  # an engine's: its query may hold what was searched for


# Pages come again and again, only their queries differ.
@lru_cache(maxsize=8192)
def _page(page: str) -> _Page:
    try:
        parts = urlsplit(page)
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _Page("", "", "/")
    personal = _holds_address(parts.path)
    if not host:
        bare = "" if parts.scheme or personal else parts.path[:500]
    else:
        bare = f"{parts.scheme}://{host}{port}{'/' if personal else parts.path}"[:500]
    known = hosts.known(host, parts.path)
    return _Page(
        host,
        bare,
        parts.path[:400] or "/",
        spam=hosts.is_spam(host),
        search=known is not None and known.kind == "search",
    )


def _page_of(url: str) -> _Page:
    return _page(url.partition("#")[0].partition("?")[0])


def host_of(url: str) -> str:
    """The host of an address, lower case, without the port; "" if there is none."""
    return _page_of(url).host


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _path(url: str) -> str:
    return _page_of(url).path


@lru_cache(maxsize=8192)
def _name_is_personal(name: str) -> bool:
    snake = _CAMEL.sub("_", name).lower()
    return bool(_PERSONAL_NAMES.search(snake)) and not _HARMLESS_NAMES.search(snake)


def _personal(name: str, value: Any) -> bool:
    return _name_is_personal(name[:200]) or _looks_personal(value)


def _holds_address(text: str) -> bool:
    return "%40" in text or ("@" in text and bool(_ADDRESS.search(text)))


def _looks_personal(value: Any) -> bool:
    if isinstance(value, str):
        # No number of nine digits is shorter.
        return _holds_address(value) or (len(value) >= 9 and bool(_NUMBER.fullmatch(value.strip())))
    if isinstance(value, dict):
        return any(_personal(str(name), inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(_looks_personal(inner) for inner in value)
    return False
